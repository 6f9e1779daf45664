"""What a caller may ask of the matching counter and what is answered, field by field with units."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from mandi.core.strict import WHOLE, YEARS, MassUnit, Moment, Name, Strict, plain_day

NEEDED = ("commodity_id", "location", "quantity", "max_price")
MORE = ("min_grade", "max_distance_km", "deliver_from", "deliver_until", "buyer_id")
ONE_WANT: dict[str, Any] = {
    "anyOf": [
        {
            "required": ["requirement_id"],
            "properties": {"requirement_id": {"type": "string"}, **dict.fromkeys((*NEEDED, *MORE), {"type": "null"})},
        },
        {
            "required": list(NEEDED),
            "properties": {"requirement_id": {"type": "null"}, **dict.fromkeys(NEEDED, {"not": {"type": "null"}})},
        },
    ]
}  # fmt: skip


def _day(value: Any) -> Any:
    day = plain_day(value)
    if isinstance(value, str) and not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(f"the year {day.year} is outside {YEARS[0]} to {YEARS[1]}")
    return day


Day = Annotated[date, BeforeValidator(_day)]


class MatchingRow(Strict):
    """One want: a posted one by its ``requirement_id``, or one described here.

    Examples
    --------
    >>> MatchingRow(commodity_id="soybean", location="Indore", quantity=50.0, max_price=4600.0).k
    5
    """

    model_config = ConfigDict(json_schema_extra=ONE_WANT)

    requirement_id: Name | None = Field(
        default=None,
        description="a want that was posted and is open; no other field of a want is given with it",
    )
    commodity_id: Name | None = Field(default=None, description="what is wanted, for example soybean")
    location: Name | None = Field(default=None, description="market it must go to")
    quantity: float | None = Field(
        default=None, gt=0, le=1e7, description="quantity wanted, in quantity_unit"
    )
    quantity_unit: MassUnit = Field(default="quintal", description="kg, quintal, tonne, bale, candy or maund")
    max_price: float | None = Field(default=None, gt=0, le=1e7, description="highest price paid, INR/quintal")
    min_grade: Name | None = Field(default=None, description="lowest grade taken; any if not given")
    max_distance_km: float | None = Field(
        default=None,
        gt=0,
        le=2.1e4,
        description="farthest it may come from, km of great circle; any if not given",
    )
    deliver_from: Day | None = Field(default=None, description="first day of delivery; today if not given")
    deliver_until: Day | None = Field(
        default=None, description="last day of delivery; two weeks after the first if not given"
    )
    buyer_id: Name | None = Field(
        default=None, description="who asks; tastes of an unknown buyer are not known"
    )
    k: Annotated[int, Field(ge=1, le=50), WHOLE] = Field(default=5, description="matches returned at most")
    asof: Moment | None = Field(
        default=None, description="moment of the decision, with time zone; now if not given"
    )

    @model_validator(mode="after")
    def _one_want(self) -> MatchingRow:
        described = [name for name in (*NEEDED, *MORE) if getattr(self, name) is not None]
        if self.requirement_id is not None and described:
            raise ValueError(
                f"requirement_id names a want, and {', '.join(described)} describes another; give one of them"
            )
        missing = [name for name in NEEDED if getattr(self, name) is None]
        if self.requirement_id is None and missing:
            raise ValueError(
                f"{', '.join(missing)} missing: a want says {', '.join(NEEDED)}, or give its requirement_id"
            )
        return self


class Breakdown(Strict):
    """Points of the rule of thumb; the parts sum to the total."""

    quantity: float = Field(description="0-30")
    price: float = Field(description="0-25")
    quality: float = Field(description="0-25")
    location: float = Field(description="0-10")
    delivery: float = Field(description="0-10")
    total: float = Field(description="0-100")


class Match(Strict):
    """One offer that satisfies every hard constraint of the want."""

    availability_id: str
    seller_id: str
    match_score: float = Field(description="chance that the buyer takes it when it is shown, 0-1")
    market: str
    variety: str
    grade: str
    quantity: float = Field(description="quintals offered")
    ask_price: float = Field(description="INR/quintal")
    distance_km: float | None = Field(
        description="km of great circle; not known where a market has no coordinates"
    )
    breakdown: Breakdown
    satisfied: list[str] = Field(description="hard constraints that are satisfied")
    violated: list[str] = Field(description="hard constraints that are violated: none of a match")


class MatchingAnswer(Strict):
    """The best matches of a want, among how many, and where nothing will do, why."""

    requirement_id: str | None = None
    commodity_id: str
    location: str
    matches: list[Match] = Field(description="best first")
    candidates_considered: int = Field(
        description="open offers that satisfy every hard constraint, all of them scored"
    )
    offers_open: int = Field(description="open offers of the commodity")
    excluded: dict[str, int] | None = Field(
        default=None,
        description="where nothing is left: how many open offers of the commodity violate each constraint",
    )
    contributions: dict[str, dict[str, float]] | None = Field(
        default=None, description="of each match: what adds to its score or takes from it; they sum to it"
    )
    model_version: str
    known_until: datetime = Field(description="moment up to which offers are known")
    asof: datetime
    notes: list[str] = Field(default_factory=list)
