"""Columns of the price model with kind, unit and meaning: what it reads, what a caller sends, what it answers."""

from __future__ import annotations

from mandi.features.pricing.level_bank import BankParams
from mandi.models.base import Field, Kind, Spec

HORIZONS = (0, 1, 7, 30, 60)
KINDS = ("market", "lot")
_LOG = "log INR/quintal"

ASKED = (
    Field("commodity", "category", "", "what is traded"),
    Field("market", "category", "", "where: the mandi"),
    Field("kind", "category", "", "the market's modal price, or a particular lot", choices=KINDS),
    Field("target_day", "time", "day", "India trading day the price is for"),
)
LOT = (
    Field("variety", "category", "", "variety of the lot", required=False),
    Field("grade", "category", "", "grade of the lot", required=False),
    Field("quantity", "number", "quintal", "size of the lot", low=0.0, required=False),
    Field("supplier_id", "category", "", "who offers the lot", required=False),
    Field("staple_length_mm", "number", "mm", "staple length of cotton", 10.0, 60.0, required=False),
    Field("micronaire", "number", "micronaire", "fineness of cotton", 1.0, 10.0, required=False),
    Field("fiber_strength", "number", "g/tex", "strength of cotton", 5.0, 60.0, required=False),
    Field("color_grade", "category", "", "colour of cotton as the inspector wrote it", required=False),
    Field("moisture_pct", "number", "% of mass", "moisture", 0.0, 60.0, required=False),
    Field("foreign_matter_pct", "number", "% of mass", "foreign matter", 0.0, 60.0, required=False),
    Field("oil_pct", "number", "% of mass", "oil", 0.0, 80.0, required=False),
    Field("protein_pct", "number", "% of mass", "protein", 0.0, 80.0, required=False),
    Field("iron_pct", "number", "% Fe", "iron", 0.0, 80.0, required=False),
    Field("silica_pct", "number", "% SiO2", "silica", 0.0, 80.0, required=False),
)
_LEVEL: tuple[tuple[str, str, str], ...] = (
    ("step", "day", "days ahead that the level is for, from the market's last known day"),
    ("level", _LOG, "price expected by the filter"),
    ("scale", "log", "size of the filter's usual error"),
    ("half90", "log", "half width that covered 90 % of the filter's past errors"),
    ("half95", "log", "half width that covered 95 % of the filter's past errors"),
    ("last_log", _LOG, "last own report"),
    ("last_age", "day", "age of the last own report on the last known day"),
    ("national_log", _LOG, "national level"),
    ("state_log", _LOG, "level of the state"),
    ("national_move", "log", "national move of the day, estimated without the market itself"),
    ("state_move", "log", "the state's own move of the day, without the market itself"),
    ("neighbour_move", "log", "move of the markets that usually move with it"),
)
_MARKET_STATE: tuple[tuple[str, str, str], ...] = (
    ("noise_sd", "log", "reporting noise of the market"),
    ("national_vol_30", "log", "volatility of the national level over 30 days"),
    ("market_lead", "log", "level of the market over the national"),
    ("innovation_1", "log", "last own report minus what was expected of it"),
)
_LOT_STATE: tuple[tuple[str, str, str], ...] = (
    ("price_ma_7", "INR/quintal", "mean national price of 7 days"),
    ("price_ma_30", "INR/quintal", "mean national price of 30 days"),
    ("price_ma_60", "INR/quintal", "mean national price of 60 days"),
    ("price_ma_90", "INR/quintal", "mean national price of 90 days"),
    ("price_volatility", "INR/quintal", "standard deviation of the national price over 30 days"),
    ("color_code", "rank", "colour from the best, 0; one not listed comes after the last"),
    ("distance_from_port_km", "km", "from the market to the nearest large port"),
    ("state_demand_index", "ratio", "arrivals of the state in 30 days over those of its year"),
    ("is_major_cotton_region", "0 or 1", "the state is one of the major cotton regions"),
    ("month", "1-12", "of the trading day"),
    ("quarter", "1-4", "of the trading day"),
    ("day_of_week", "0-6", "Monday is 0"),
    ("day_of_year", "1-366", "of the trading day"),
    ("is_harvest_season", "0 or 1", "the trading day is in the commodity's harvest"),
    ("days_since_harvest_start", "day", "since the last harvest began"),
    ("cotton_index_global", "index", "world cotton price as published"),
    ("usd_inr_rate", "INR/USD", "exchange rate as published"),
    ("crude_oil_price", "USD/barrel", "Brent as published"),
    ("cotton_index_global_change", "log", "change in 30 days"),
    ("usd_inr_rate_change", "log", "change in 30 days"),
    ("crude_oil_price_change", "log", "change in 30 days"),
    ("msp", "INR/quintal", "minimum support price as announced"),
    ("supplier_credit_score", "0-100", "last known"),
    ("supplier_avg_quality", "0-1", "shrunken mean of past assays"),
    ("supplier_trade_count", "trades", "settled so far"),
    ("supplier_delivery", "0-1", "share of agreed quintals delivered so far, shrunken"),
    ("supplier_premium", "log", "what the supplier's past lots fetched over their like, shrunken"),
    ("commodity_premium", "log", "what lots of the commodity fetched over the market in 60 days"),
    ("market_premium", "log", "what lots fetched in this market over their like, shrunken"),
    ("quantity_log", "log quintal", "log of 1 + quantity"),
    ("color_missing", "0 or 1", "no colour is given"),
    *((f"{field.name}_missing", "0 or 1", "not measured") for field in LOT if field.kind == "number" and field.name != "quantity"),
)  # fmt: skip


def boosted_names(filters: int) -> tuple[str, ...]:
    """Names of the filter's own details that trees read, for a bank of so many filters.

    Examples
    --------
    >>> boosted_names(2)[:3]
    ('b_bank_0', 'b_bank_1', 'b_bias')
    """
    both = ["earlier_innovation", "bias", "middle", "spread"]
    both += [f"bank_{member}" for member in range(filters)]
    shared = ["innovation", "national_3", "national_7", "national_30", "reports_30", "volatility"]
    return tuple(sorted(f"b_{name}" for name in [*shared, *both, *(f"own_{name}" for name in both)]))


def _numbers(rows: tuple[tuple[str, str, str], ...], required: bool) -> tuple[Field, ...]:
    kind: Kind = "number"
    return tuple(Field(name, kind, unit, meaning, required=required) for name, unit, meaning in rows)


def inputs(boosted: tuple[str, ...]) -> tuple[Field, ...]:
    """Return every column ``predict`` reads; those of lots are missing where there are none."""
    filtered = tuple((name, "log", "a detail of the filter") for name in boosted)
    return (
        *ASKED, *LOT, Field("state", "category", "", "state of the market", required=False),
        *_numbers(_LEVEL, required=True), *_numbers(_MARKET_STATE, required=False),
        *_numbers(filtered, required=False), *_numbers(_LOT_STATE, required=False),
    )  # fmt: skip


WATCHED = (
    "national_move", "state_move", "neighbour_move", "innovation_1", "last_age", "national_vol_30", "b_innovation",
    "b_national_3", "b_national_7", "b_national_30", "b_reports_30", "b_volatility", "b_spread", "b_bias",
    "quantity_log", "moisture_pct", "foreign_matter_pct", "oil_pct", "protein_pct", "staple_length_mm", "micronaire",
    "fiber_strength", "iron_pct", "silica_pct", "color_code", "state_demand_index", "commodity_premium",
    "supplier_premium", "supplier_avg_quality", "supplier_delivery", "supplier_credit_score", "usd_inr_rate_change",
    "crude_oil_price_change", "cotton_index_global_change", "commodity", "grade",
)  # fmt: skip
"""Inputs watched for drift: no ids, no dates, no level that wanders, no count that only grows."""

SPEC = Spec(
    name="price",
    question="What is a fair price for this lot today, and what will this market's price be in 1, 7, 30 and 60 days?",
    inputs=inputs(boosted_names(len(BankParams().market_drifts))),
    outputs=(
        Field("predicted_price", "number", "INR/quintal", "fair or expected price", 0.0),
        Field("lower_bound_90", "number", "INR/quintal", "90 % of prices lie between the bounds", 0.0),
        Field("upper_bound_90", "number", "INR/quintal", "90 % of prices lie between the bounds", 0.0),
        Field("lower_bound_95", "number", "INR/quintal", "95 % of prices lie between the bounds", 0.0),
        Field("upper_bound_95", "number", "INR/quintal", "95 % of prices lie between the bounds", 0.0),
    ),
    label="label",
    unit="INR/quintal",
    horizons=HORIZONS,
    main_metric="lot.mae",
    lower_is_better=True,
    request=(
        *ASKED[:2],
        Field("horizon_days", "number", "day", "days ahead; lots 0", 0.0, 60.0, required=False),
        *LOT,
    ),
    example={
        "commodity": "cotton", "market": "Rajkot", "horizon_days": 0, "quantity": 50.0, "variety": "Shankar-6",
        "grade": "A", "supplier_id": "S001", "staple_length_mm": 28.5, "micronaire": 4.1, "color_grade": "white",
    },
    watched=WATCHED,
)  # fmt: skip
