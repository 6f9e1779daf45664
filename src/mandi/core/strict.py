"""Strict reading of what comes from outside: no unknown field, no NaN, no text for a number, moments with a zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from mandi.core.errors import UnknownValue
from mandi.core.units import ALIASES, KG, mass_unit

Name = Annotated[str, Field(min_length=1, max_length=120)]
YEARS = (1900, 2200)  # moments count nanoseconds, which end in 2262
LONGEST_MOMENT = 64
# ISO 8601 has more ways to write moments and days than the formats date-time and date of the contract
PLAIN_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
PLAIN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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
    return _read(value)


@lru_cache(maxsize=1024)  # rows of one request ask of one moment
def _read(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise _no_moment(value) from None
    in_utc = _in_utc(moment)
    if not PLAIN_MOMENT.fullmatch(value.upper()):
        raise _no_moment(value)
    return in_utc


def _no_moment(value: str) -> ValueError:
    return ValueError(f'"{value}" is not a moment in ISO 8601, for example 2024-06-03T06:00:00Z')


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


MassUnit = Annotated[
    Name,
    AfterValidator(_known_unit),
    WithJsonSchema({"type": "string", "enum": [*KG, *ALIASES]}),  # capitals and blanks beside are read too
]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""Beside an int, after its bounds: 5.0 is the whole number 5, as JSON schemas see it."""


def plain_day(value: Any) -> Any:
    """Return the day a text is, written as 2024-06-03; anything else as it is.

    Raises
    ------
    ValueError
        There is no such day, or it is written in another way.

    Examples
    --------
    >>> plain_day("2024-06-03")
    datetime.date(2024, 6, 3)
    """
    if not isinstance(value, str):
        return value
    try:
        if PLAIN_DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f'"{value[:40]}" is not a day in ISO 8601, for example 2024-06-03')
