"""Rows of the demand frame as cases: one per place and state of knowledge, with its past as a series of usual days.

Weekly tonnes are divided by what their days bring of a usual day (see ``TradingCalendar``), so that a week with Diwali in it
and one without are the same kind of number: tonnes on a usual day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ContractError, nearest
from mandi.features.demand import FURTHEST_STEP, KINDS, NEEDED_WEEKS
from mandi.models.forecasting.trading_calendar import TradingCalendar

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Days = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]
BLOCKS = FURTHEST_STEP // 7
YEAR_WEEKS, DRAWN_THROUGH = 52, 3
LEAST_OF_BLOCK = 0.5  # usual days; a week that brings less tells nothing of the level


@dataclass(frozen=True)
class Cases:
    """What is known of some places at some moments.

    Attributes
    ----------
    commodity, location, level : array of str
        One per case.
    last : array of datetime64[D]
        Last day known.
    weeks : array, shape (cases, weeks)
        Tonnes a week, the latest first.
    row : array of int
        Case of every row of the frame.
    """

    commodity: np.ndarray
    location: np.ndarray
    level: np.ndarray
    last: Days
    weeks: Floats
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.last)

    @classmethod
    def of(cls, frame: DataFrame, weeks: int) -> Cases:
        """Find the cases of a frame; a case depends on nothing but its own row.

        Raises
        ------
        ContractError
            A column is missing.
        """
        needed = ["commodity", "location", "level", "kind", "target_day", "last_day", "steps"]
        for name in [*needed, *(f"w_{k}" for k in range(1, NEEDED_WEEKS + 1))]:
            if name not in frame:
                known = map(str, frame.columns)
                raise ContractError(
                    f'the frame has no column "{name}"{nearest(name, known)}', allowed=", ".join(needed)
                )
        past = np.full((len(frame), weeks), np.nan)
        there = [k for k in range(1, weeks + 1) if f"w_{k}" in frame]
        if len(frame):
            past[:, np.array(there) - 1] = frame[[f"w_{k}" for k in there]].to_numpy(dtype=float)
        texts = [frame[c].to_numpy(dtype=object) for c in ("commodity", "location", "level")]
        last = frame["last_day"].to_numpy().astype("datetime64[D]")
        first: dict[tuple[object, ...], int] = {}
        row = np.empty(len(frame), dtype=np.intp)
        kept: list[int] = []
        for i in range(len(frame)):
            key = (texts[0][i], texts[1][i], texts[2][i], last[i], past[i].tobytes())
            if key not in first:
                first[key] = len(kept)
                kept.append(i)
            row[i] = first[key]
        place = np.array(kept, dtype=np.intp)
        named = [np.array([str(v) for v in text[place]], dtype=object) for text in texts]
        return cls(named[0], named[1], named[2], last[place], past[place], row)

    def only(self, chosen: np.ndarray) -> Cases:
        """Return some of the cases; rows of the frame are forgotten."""
        parts = (self.commodity, self.location, self.level, self.last, self.weeks)
        one, two, three, four, five = (part[chosen] for part in parts)
        return Cases(one, two, three, four, five, np.zeros(0, dtype=np.intp))

    def usable(self) -> np.ndarray:
        """Say which cases know enough weeks to be forecast."""
        found: np.ndarray = ~np.isnat(self.last) & (np.isfinite(self.weeks).sum(axis=1) >= NEEDED_WEEKS)
        return found

    def series(self, calendar: TradingCalendar) -> list[Floats]:
        """Return each case's past in tonnes on a usual day, in order of time; holes in it are filled."""
        shares = self.block_shares(calendar, ahead=False)
        dense = np.where(shares >= LEAST_OF_BLOCK, self.weeks / np.maximum(shares, LEAST_OF_BLOCK), np.nan)
        return [_whole(values[::-1]) for values in dense]

    def block_shares(self, calendar: TradingCalendar, *, ahead: bool) -> Floats:
        """Return the usual days in each week: of the past (latest first), or of those ahead (nearest first)."""
        count = BLOCKS if ahead else self.weeks.shape[1]
        found = np.empty((len(self), count))
        for commodity, rows in groups_of(self.commodity):
            per_day = partial(calendar.shares, commodity)
            found[rows] = block_sums(per_day, self.last[rows], 0 if ahead else count, count)
        return found if ahead else found[:, ::-1]


def block_sums(per_day: Callable[[Days], Floats], last: Days, back: int, count: int) -> Floats:
    """Sum a daily quantity over weeks, shape (cases, count), in order of time.

    Each sum is over its own seven days, so that it has the same last bit whatever else is asked.

    Parameters
    ----------
    per_day : callable
        Days to values.
    last : array of datetime64[D]
        Last day known of each case.
    back : int
        Weeks before it at which the first week begins.
    count : int
        Weeks.
    """
    start = last.astype(int) + 1 - 7 * back
    first, end = int(start.min()), int(start.max()) + 7 * count
    values = per_day(np.arange(first, end).astype("datetime64[D]"))
    places = (start - first)[:, None, None] + 7 * np.arange(count)[None, :, None] + np.arange(7)
    found: Floats = values[places].sum(axis=2)
    return found


def tonnes_of(
    cases: Cases, usual: Floats, frame: DataFrame, calendar: TradingCalendar
) -> tuple[Floats, Floats, Floats]:
    """Turn forecasts of usual days into the tonnes each row asks for.

    Parameters
    ----------
    cases : Cases
        Of the frame.
    usual : array, shape (cases, BLOCKS)
        Tonnes on a usual day, week by week ahead.
    frame : DataFrame
        ``kind, steps, target_day``.
    calendar : TradingCalendar

    Returns
    -------
    tuple of array
        Tonnes; the same if every day of the week were alike and no festival came; the same with weekdays but no festival.
        Missing where the day lies beyond the forecast or is past.
    """
    rows = len(frame)
    told = np.full((3, rows), np.nan)
    if rows == 0:
        return told[0], told[1], told[2]
    steps = frame["steps"].to_numpy(dtype=float)
    kind = frame["kind"].to_numpy(dtype=object)
    target = frame["target_day"].to_numpy().astype("datetime64[D]")
    for name in KINDS:
        span = 1 if name == "day" else 7
        for commodity, group in groups_of(cases.commodity[cases.row]):
            mine = group[(kind[group] == name) & (steps[group] >= span) & (steps[group] <= 7 * BLOCKS)]
            if not len(mine):
                continue
            back = np.arange(span)
            days = target[mine][:, None] - back
            place = ((steps[mine][:, None] - back - 1) // 7).astype(int)
            level = usual[cases.row[mine][:, None], np.clip(place, 0, BLOCKS - 1)]
            flat = days.ravel()
            weekday = calendar.of_weekday(commodity, flat).reshape(days.shape)
            festival = calendar.of_festival(flat).reshape(days.shape)
            told[0, mine] = (level * weekday * festival).sum(axis=1)
            told[1, mine] = level.sum(axis=1)
            told[2, mine] = (level * weekday).sum(axis=1)
    return told[0], told[1], told[2]


def groups_of(names: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return the places of every name, in order of first appearance."""
    order: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        order.setdefault(str(name), []).append(i)
    return [(name, np.array(rows, dtype=np.intp)) for name, rows in order.items()]


def _whole(values: Floats) -> Floats:
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.zeros(0)
    whole = values[known[0] :].copy()
    # in a longer hole the season went on: it is that of the year before; a week or two are drawn through
    for first, end in _runs(~np.isfinite(whole)):
        if end - first > DRAWN_THROUGH:
            for place in range(max(first, YEAR_WEEKS), end):
                whole[place] = whole[place - YEAR_WEEKS]
    told, at = np.isfinite(whole), np.arange(len(whole))
    filled: Floats = np.interp(at, at[told], whole[told])
    return filled


def _runs(chosen: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(int)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2])]
