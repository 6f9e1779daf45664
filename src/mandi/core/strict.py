"""Strict reading of what comes from outside: no unknown field, no NaN, no text for a number, moments with a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from mandi.core.errors import UnknownValue
from mandi.core.units import KG, mass_unit

Name = Annotated[str, Field(min_length=1, max_length=120)]
YEARS = (1900, 2200)  # moments count nanoseconds, which end in 2262
LONGEST_MOMENT = 64


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
