"""Lots of the generated market: who offers what, where, when, and what the laboratory and the inspector say of it.

Quantity in quintals; one lot is offered in the morning, assayed before the trade, and traded by the afternoon or not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.market_crops import COLORS, GRADES, crop
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import Partners
from mandi.tables.market_premia import graded, grading_index
from mandi.tables.market_reports import harvest_curve

ASSAY_COLUMNS = (
    "staple_length_mm", "micronaire", "fiber_strength", "color_grade", "moisture_pct", "foreign_matter_pct",
    "oil_pct", "protein_pct", "iron_pct", "silica_pct",
)  # fmt: skip
UNREADABLE = 0.004
"""Share of assay values missing from the certificate, assumed."""
INSPECTOR_NOISE = 0.025
MAIN_VARIETY_SHARE = 0.72
HOME_SHARE = 0.85
"""Share of a market's lots brought by its own suppliers, assumed."""


def lots(
    params: MarketParams, cells: pd.DataFrame, towns: pd.DataFrame, calendar: pd.DataFrame, who: Partners
) -> pd.DataFrame:
    """Draw the lots with the latent columns the trade depends on.

    Parameters
    ----------
    params : MarketParams
    cells, towns : DataFrame
        From `market_places`.
    calendar : DataFrame
        From `market_calendar.calendar`.
    who : Partners

    Returns
    -------
    DataFrame
        The columns of the lots table, and latent ones: ``day_number``, ``cell`` (row of ``cells``), ``supplier``
        (number), ``variety_premium``, ``distance_from_port_km``. Ordered by time, with a fresh index.
    """
    rng = params.rng("lots")
    day_number, cell = _when_and_where(params, rng, cells, calendar)
    frame = pd.DataFrame({"day_number": day_number, "cell": cell})
    for column in ("commodity", "market", "distance_from_port_km"):
        frame[column] = cells[column].to_numpy()[cell]
    town_of_cell = towns.set_index("market").index.get_indexer(pd.Index(cells["market"]))
    frame["supplier"] = _suppliers(rng, town_of_cell, cell, who, len(towns))
    frame["supplier_id"] = who.supplier_ids[frame["supplier"]]
    variety = np.empty(len(frame), dtype=object)
    premium = np.zeros(len(frame))
    median = np.empty(len(frame))
    for name, rows in frame.groupby("commodity").indices.items():
        kind = crop(str(name))
        others = len(kind.varieties) - 1
        share = [MAIN_VARIETY_SHARE, *[(1 - MAIN_VARIETY_SHARE) / others] * others] if others else [1.0]
        drawn = rng.choice(len(kind.varieties), len(rows), p=share)
        variety[rows] = np.array([v for v, _ in kind.varieties], dtype=object)[drawn]
        premium[rows] = np.array([p for _, p in kind.varieties])[drawn]
        median[rows] = kind.lot_quintals
    frame["variety"], frame["variety_premium"] = variety, premium
    frame["quantity"] = np.maximum((median * np.exp(0.7 * rng.standard_normal(len(frame)))).round(0), 2.0)
    minutes = rng.integers(180, 240, len(frame))
    start = pd.Timestamp(params.start, tz="UTC")
    offered = start + pd.to_timedelta(frame["day_number"], unit="D") + pd.to_timedelta(minutes, unit="min")
    frame["event_time"] = offered.astype("datetime64[ns, UTC]")
    frame = frame.sort_values(["event_time", "cell", "supplier"], kind="stable").reset_index(drop=True)
    frame["known_time"] = frame["event_time"]
    frame.insert(0, "lot_id", [f"L{n:06d}" for n in range(len(frame))])
    return frame


def assays(params: MarketParams, offered: pd.DataFrame, who: Partners) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Assay and grade every lot.

    Parameters
    ----------
    params : MarketParams
    offered : DataFrame
        From `lots`.
    who : Partners

    Returns
    -------
    tuple of DataFrame
        The assays table (a value may be unreadable), and the latent sheet by lot: every assay value, ``index`` (the
        grading index), ``true_grade`` (without the inspector), ``biased_grade`` (with the inspector's bias only),
        ``grade`` (as given), ``inspector``.
    """
    rng = params.rng("assays")
    n = len(offered)
    sheet = pd.DataFrame(index=offered.index, columns=[*ASSAY_COLUMNS, "index"], dtype=float)
    sheet["color_grade"] = None
    character = who.character_on(offered["day_number"].to_numpy(), offered["supplier"].to_numpy())
    month = offered["event_time"].dt.month.to_numpy()
    monsoon = np.where((month >= 7) & (month <= 9), 1.0, 0.0)
    for name, rows in offered.groupby("commodity").indices.items():
        part = _values(rng, str(name), character[rows], monsoon[rows])
        part["distance_from_port_km"] = offered["distance_from_port_km"].to_numpy()[rows]
        for column in part.columns.intersection([*ASSAY_COLUMNS]):
            sheet.loc[offered.index[rows], column] = part[column].to_numpy()
        sheet.loc[offered.index[rows], "index"] = grading_index(str(name), part)
    inspector = rng.integers(0, params.inspectors, n)
    bias = who.inspector_bias[inspector]
    index = sheet["index"].to_numpy()
    given = graded(index + bias + INSPECTOR_NOISE * rng.standard_normal(n))
    slipped = rng.random(n) < who.inspector_slip[inspector]
    step = np.clip(np.searchsorted(GRADES, given.astype("U1")) + rng.choice([-1, 1], n), 0, 3)
    sheet["true_grade"] = graded(index)
    sheet["biased_grade"] = graded(index + bias)
    sheet["grade"] = np.where(slipped, np.array(GRADES, dtype=object)[step], given)
    sheet["inspector"] = inspector
    table = pd.DataFrame(
        {
            "assay_id": [f"Q{i:06d}" for i in range(n)],
            "lot_id": offered["lot_id"].to_numpy(),
            "inspector_id": who.inspector_ids[inspector],
            "grade": sheet["grade"].to_numpy(),
        }
    )
    for column in ASSAY_COLUMNS:
        table[column] = sheet[column].mask(rng.random(n) < UNREADABLE).to_numpy()
    sampled = offered["event_time"] + pd.to_timedelta(rng.integers(5, 30, n), unit="min")
    table["event_time"] = sampled.astype("datetime64[ns, UTC]").array
    table["known_time"] = table["event_time"] + pd.Timedelta(minutes=15)
    return table, sheet


def _when_and_where(
    params: MarketParams, rng: np.random.Generator, cells: pd.DataFrame, calendar: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    rate = np.empty((len(calendar), len(cells)))
    total_share = sum(crop(name).share_of_lots for name in params.commodities)
    for name, columns in cells.groupby("commodity").indices.items():
        kind = crop(str(name))
        curve = np.sqrt(harvest_curve(kind, calendar["day_of_year"].to_numpy()))
        size = cells["size"].to_numpy()[columns] ** 0.9
        rate[:, columns] = (
            np.outer(curve / curve.mean(), size / size.sum()) * kind.share_of_lots / total_share
        )
    rate *= np.where(calendar["openness"] < 0.5, 0.1, 1.0)[:, None]
    count = rng.poisson(params.lots_per_day * len(calendar))
    drawn = np.sort(rng.choice(rate.size, size=count, p=(rate / rate.sum()).ravel()))
    return drawn // rate.shape[1], drawn % rate.shape[1]


def _suppliers(
    rng: np.random.Generator, town_of_cell: np.ndarray, cell: np.ndarray, who: Partners, towns: int
) -> np.ndarray:
    chosen = np.empty(len(cell), dtype=int)
    everyone = who.supplier_activity / who.supplier_activity.sum()
    town = town_of_cell[cell]
    for place in range(towns):
        rows = np.flatnonzero(town == place)
        own = np.where(who.supplier_home == place, who.supplier_activity, 0.0)
        weight = HOME_SHARE * own / own.sum() + (1 - HOME_SHARE) * everyone if own.sum() > 0 else everyone
        chosen[rows] = rng.choice(len(weight), len(rows), p=weight)
    return chosen


def _values(
    rng: np.random.Generator, commodity: str, character: np.ndarray, monsoon: np.ndarray
) -> pd.DataFrame:
    kind = crop(commodity)
    own = rng.standard_normal((len(kind.attributes), len(character)))
    values = {}
    for place, attribute in enumerate(kind.attributes):
        rest = np.sqrt(1 - attribute.character**2)
        drawn = attribute.character * character + rest * own[place] + attribute.sluggish * (monsoon - 0.25)
        if attribute.column == "fiber_strength":
            drawn = drawn + 0.35 * own[0]
        raw = attribute.mean + attribute.sd * drawn
        values[attribute.column] = np.clip(raw, attribute.low, attribute.high).round(2)
    part = pd.DataFrame(values)
    if commodity == "cotton":
        dull = -0.35 * character + 0.3 * monsoon + rng.standard_normal(len(character))
        part["color_grade"] = np.array(COLORS, dtype=object)[np.searchsorted([-0.1, 0.75, 1.45, 2.1], dull)]
    return part
