"""When the student is fitted anew: often enough, and only of enough that is new."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mandi.core.config import build
from mandi.core.errors import ConfigError

Every = Literal["week", "month"]


@dataclass(frozen=True)
class CadenceParams:
    """What is often enough and enough.

    Attributes
    ----------
    every : str
        ``week`` or ``month``.
    min_examples : int
        Examples there must be in all (``student.min_examples``).
    min_new : int
        Of them since the last time (``student.min_new``).
    min_rating : float
        From which rating, 1 to 5, an answer counts as a new example; a correction or a person's own answer counts without one.
    """

    every: Every = "week"
    min_examples: int = 400
    min_new: int = 100
    min_rating: float = 4.0

    def __post_init__(self) -> None:
        if self.min_examples < 1 or self.min_new < 1:
            raise ConfigError("tuning.cadence.min_examples and min_new cannot be used", allowed="1 or more")
        if not 1 <= self.min_rating <= 5:
            raise ConfigError(f"tuning.cadence.min_rating is {self.min_rating}", allowed="1 to 5")


def cadence_params(params: Mapping[str, Any]) -> CadenceParams:
    """Return ``tuning.cadence``, with what is enough from the section ``student``, where the gate has it from too.

    Parameters
    ----------
    params : mapping
        Of params.yaml.

    Examples
    --------
    >>> cadence_params({"student": {"min_new": 50}, "tuning": {"cadence": {"every": "month"}}})
    CadenceParams(every='month', min_examples=400, min_new=50, min_rating=4.0)
    """
    student, tuning = (params.get(name) or {} for name in ("student", "tuning"))
    enough = {name: student[name] for name in ("min_examples", "min_new") if name in student}
    return build(CadenceParams, {**enough, **(tuning.get("cadence") or {})}, "tuning.cadence")


@dataclass(frozen=True, slots=True)
class Due:
    """Whether it is time, and why or why not."""

    yes: bool
    why: str

    def __bool__(self) -> bool:
        return self.yes


def due(
    now: datetime,
    last: datetime | None,
    counts: Mapping[str, int],
    params: CadenceParams,
    switched_on: bool = True,
) -> Due:
    """Return whether the student should be fitted anew.

    Parameters
    ----------
    now : datetime
        Aware.
    last : datetime, optional
        When it was fitted last; None if never.
    counts : mapping
        ``examples`` in all and ``new`` ones since ``last``, both as ``usable`` counts them.
    params : CadenceParams
    switched_on : bool
        ``ENABLE_WEEKLY_RETRAINING``.

    Raises
    ------
    ConfigError
        A moment without a zone, or a count that is missing.

    Examples
    --------
    >>> from datetime import UTC
    >>> monday, params = datetime(2026, 3, 2, tzinfo=UTC), CadenceParams()
    >>> due(monday, monday - timedelta(days=6), {"examples": 900, "new": 300}, params).why
    'fitted 6 days ago; the next time is 2026-03-03 00:00 UTC'
    >>> due(monday, monday - timedelta(days=7), {"examples": 900, "new": 300}, params)
    Due(yes=True, why='a week has passed, and 300 of 900 examples are new')
    """
    if missing := sorted({"examples", "new"} - set(counts)):
        raise ConfigError(f"no count of {' and '.join(missing)}", allowed="examples, new")
    if now.tzinfo is None or (last is not None and last.tzinfo is None):
        raise ConfigError("a moment without a zone cannot be compared", allowed="aware moments")
    if not switched_on:
        return Due(False, "ENABLE_WEEKLY_RETRAINING is off")
    if last is not None and now < (next_time := after(last, params.every)):
        days = (now - last).days
        return Due(False, f"fitted {days} days ago; the next time is {next_time:%Y-%m-%d %H:%M %Z}")
    if counts["examples"] < params.min_examples:
        return Due(False, f"{counts['examples']} examples; {params.min_examples} are enough (min_examples)")
    new = counts["examples"] if last is None else counts["new"]
    if new < params.min_new:
        return Due(False, f"{new} new examples; {params.min_new} are enough (min_new)")
    if last is None:
        return Due(True, f"never fitted, and there are {counts['examples']} examples")
    return Due(True, f"a {params.every} has passed, and {new} of {counts['examples']} examples are new")


def after(last: datetime, every: Every) -> datetime:
    """Return the next time: seven days later, or the same day of the next month (its last day if there is none).

    Examples
    --------
    >>> after(datetime(2024, 1, 31, 6), "month"), after(datetime(2024, 12, 31), "week")
    (datetime.datetime(2024, 2, 29, 6, 0), datetime.datetime(2025, 1, 7, 0, 0))
    """
    if every == "week":
        return last + timedelta(days=7)
    year, month = (last.year + 1, 1) if last.month == 12 else (last.year, last.month + 1)
    return last.replace(year=year, month=month, day=min(last.day, calendar.monthrange(year, month)[1]))


def usable(rating: float | None, corrected: bool, params: CadenceParams) -> bool:
    """Return whether an answer counts as an example to learn from.

    Examples
    --------
    >>> [usable(r, c, CadenceParams()) for r, c in ((5.0, False), (3.0, False), (None, False), (1.0, True))]
    [True, False, False, True]
    """
    return corrected or (rating is not None and rating >= params.min_rating)
