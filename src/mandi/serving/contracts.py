"""What a caller may ask and what is answered, field by field with units; anything else is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mandi.core.errors import UnknownValue
from mandi.core.units import KG, mass_unit

Name = Annotated[str, Field(min_length=1, max_length=120)]
YEARS = (1900, 2200)  # moments count nanoseconds, which end in 2262
LONGEST_MOMENT = 64
OTHER_NAMES = {
    "staple_length": "staple_length_mm",
    "strength": "fiber_strength",
    "color": "color_grade",
}


class Strict(BaseModel):
    """No unknown field, no NaN, no infinity, no text for a number."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, frozen=True)


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return _in_utc(value)
    if not isinstance(value, str):
        return value
    if len(value) > LONGEST_MOMENT:
        raise ValueError(f"{len(value)} characters are no moment, for example 2024-06-03T06:00:00Z is one")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f'"{value}" is not a moment in ISO 8601, for example 2024-06-03T06:00:00Z') from None
    return _in_utc(moment)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(
            f'"{moment.isoformat()}" has no time zone; write 2024-06-03T06:00:00Z or 2024-06-03T11:30:00+05:30'
        )
    first, last = YEARS
    if not first <= moment.year <= last:
        raise ValueError(f"the year {moment.year} is outside {first} to {last}")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, BeforeValidator(_moment)]


def _known_unit(unit: str) -> str:
    try:
        return mass_unit(unit)
    except UnknownValue as error:
        raise ValueError(f"{error.message}; allowed: {', '.join(KG)}") from None


MassUnit = Annotated[Name, AfterValidator(_known_unit)]


def _other_names(schema: dict[str, Any]) -> None:
    known = schema["properties"]
    known |= {other: {**known[name], "title": f"same as {name}"} for other, name in OTHER_NAMES.items()}


class QualityParams(Strict):
    """What the assay of the lot says; leave out what was not measured. Only the commodity's own are used.

    Examples
    --------
    >>> QualityParams.model_validate({"staple_length": 29.1}).staple_length_mm
    29.1
    """

    model_config = ConfigDict(json_schema_extra=_other_names)

    staple_length_mm: float | None = Field(default=None, ge=10, le=60, description="mm")
    micronaire: float | None = Field(default=None, ge=1, le=10, description="micronaire units")
    fiber_strength: float | None = Field(default=None, ge=5, le=60, description="g/tex")
    color_grade: Name | None = Field(default=None, description="as the inspector wrote it")
    moisture_pct: float | None = Field(default=None, ge=0, le=60, description="% of mass")
    foreign_matter_pct: float | None = Field(default=None, ge=0, le=60, description="% of mass")
    oil_pct: float | None = Field(default=None, ge=0, le=80, description="% of mass")
    protein_pct: float | None = Field(default=None, ge=0, le=80, description="% of mass")
    iron_pct: float | None = Field(default=None, ge=0, le=80, description="% Fe")
    silica_pct: float | None = Field(default=None, ge=0, le=80, description="% SiO2")

    @model_validator(mode="before")
    @classmethod
    def _one_name_each(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        for other, name in OTHER_NAMES.items():
            if other in given and name in given:
                raise ValueError(f"{other} and {name} are the same; give one of them")
        return {OTHER_NAMES.get(name, name): value for name, value in given.items()}


class PriceRow(Strict):
    """One question: a lot's fair price when ``quantity`` is given, a market's price when it is not.

    Examples
    --------
    >>> PriceRow(commodity_id="soybean", market="Indore").is_lot
    False
    """

    commodity_id: Name = Field(description="commodity, for example soybean")
    quantity: float | None = Field(
        default=None, gt=0, le=1e7, description="size of the lot, in quantity_unit"
    )
    quantity_unit: MassUnit = Field(default="quintal", description="kg, quintal, tonne, bale, candy or maund")
    quality_params: QualityParams | None = None
    location: Name | None = Field(
        default=None, description="a market or a state, used when market is not given"
    )
    supplier_id: Name | None = Field(
        default=None, description="who offers the lot; an unknown one is a cold start"
    )
    market: Name | None = None
    variety: Name | None = None
    grade: Name | None = None
    horizon_days: int | None = Field(
        default=None, ge=0, le=60, description="days ahead; lots 0, markets 1 if not given"
    )
    asof: Moment | None = Field(
        default=None, description="moment of the decision, with time zone; now if not given"
    )

    @property
    def is_lot(self) -> bool:
        """Whether a particular lot is asked about."""
        return self.quantity is not None

    def lot_fields(self) -> list[str]:
        """Names of the fields given that mean something for a lot alone."""
        names = ("quality_params", "supplier_id", "variety", "grade")
        return [n for n in names if getattr(self, n) is not None]


class PriceAnswer(Strict):
    """A price in INR per quintal with its bounds, where it comes from and how far its history reaches."""

    commodity_id: str
    market: str
    kind: str = Field(description="lot or market")
    horizon_days: int
    target_day: date = Field(description="India trading day the price is for")
    predicted_price: float
    lower_bound_95: float
    upper_bound_95: float
    lower_bound_90: float
    upper_bound_90: float
    confidence: float = Field(default=0.95, description="nominal level of the wider bounds")
    measured_coverage_95: float | None = Field(
        default=None, description="share of test prices inside the 95 % bounds"
    )
    measured_coverage_90: float | None = None
    unit: str = "INR/quintal"
    feature_contributions: dict[str, float] | None = Field(
        default=None, description="INR/quintal; they sum to the price"
    )
    model_version: str
    known_until: datetime = Field(description="moment up to which the history behind the answer is known")
    asof: datetime
    notes: list[str] = []
