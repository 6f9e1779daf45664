"""Daily arrivals in tonnes of each commodity, in the whole country and by state or market, and what was known of them when.

A day's arrivals are the sum of its reports known by then. Markets that rest bring nothing: inside the span of the reports
a day without any is a day of zero, unless nobody reported for so long that the file must have a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, UnknownValue
from mandi.features.calendar import trading_day

if TYPE_CHECKING:
    from pandas import DataFrame

COUNTRY = "India"
LEVELS = ("country", "state", "market")
KEYS = ["commodity", "level", "location", "day"]
HOLE_DAYS = 21  # the longest rest of all markets at once is a week
Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def daily_arrivals(reports: DataFrame, levels: Sequence[str] = ("country", "state")) -> DataFrame:
    """Sum reports by day and place.

    Parameters
    ----------
    reports : DataFrame
        ``commodity, state, market, arrivals`` (tonnes; missing ones add nothing), ``event_time``, ``known_time`` (UTC).
    levels : sequence of str
        Some of country, state, market; country is always there.

    Returns
    -------
    DataFrame
        ``commodity, level, location, day`` (India, midnight without zone), ``known_time``, ``arrivals`` (tonnes of the day as
        known at that time), in order of time. A late report makes a second row of its day.

    Raises
    ------
    ContractError
        A column is missing.
    UnknownValue
        A level is not known.

    Examples
    --------
    >>> when = pd.to_datetime(["2024-05-01 18:30", "2024-05-01 18:30"], utc=True)
    >>> reports = pd.DataFrame({"commodity": "tur", "state": "Karnataka", "market": ["Bidar", "Gulbarga"],
    ...     "arrivals": [12.0, 30.5], "event_time": when, "known_time": when})
    >>> daily_arrivals(reports)[["level", "location", "arrivals"]].values.tolist()
    [['country', 'India', 42.5], ['state', 'Karnataka', 42.5]]
    """
    for column in ("commodity", "state", "market", "arrivals", "event_time", "known_time"):
        if column not in reports:
            raise ContractError(
                f'the reports have no column "{column}"', allowed=", ".join(map(str, reports.columns))
            )
    if unknown := sorted(set(levels) - set(LEVELS)):
        raise UnknownValue(f"levels are {', '.join(levels)}: {unknown[0]} is none", allowed=", ".join(LEVELS))
    plain = pd.DataFrame(
        {
            "commodity": reports["commodity"].astype(str),
            "day": trading_day(reports["event_time"]),
            "known_time": reports["known_time"],
            "arrivals": reports["arrivals"].fillna(0.0).clip(lower=0.0).astype(float),
        }
    )
    parts = []
    for level in LEVELS:
        if level != "country" and level not in levels:
            continue
        place = COUNTRY if level == "country" else reports[level].astype(str)
        keys = ["commodity", "level", "location", "day", "known_time"]
        parts.append(
            plain.assign(level=level, location=place)
            .groupby(keys, sort=False, as_index=False)["arrivals"]
            .sum()
        )
    told = pd.concat(parts, ignore_index=True)
    order = ["known_time", "day", "commodity", "level", "location"]
    told = told.sort_values(order, kind="stable", ignore_index=True)
    so_far = told.groupby(KEYS, sort=False)["arrivals"].cumsum()
    return told.assign(arrivals=so_far)[[*KEYS, "known_time", "arrivals"]]


@dataclass(frozen=True)
class Ledger:
    """What became known of the arrivals of one commodity, ready to be looked up as of any moment.

    Attributes
    ----------
    day, known : array of datetime64[D], datetime64[ns]
        Of the country's entries, in order of ``known``.
    entries : dict of location to (day, known, tonnes of the day)
        Each in order of ``known``.
    level : dict of location to str
    """

    day: np.ndarray
    known: np.ndarray
    entries: dict[str, tuple[np.ndarray, np.ndarray, Values]]
    level: dict[str, str]

    def last_day(self, asof: np.datetime64) -> np.datetime64:
        """Return the last day with a report anywhere known by a moment (UTC, without zone); NaT where there is none."""
        count = int(np.searchsorted(self.known, asof, side="right"))
        found: np.datetime64 = self.day[:count].max() if count else np.datetime64("NaT", "D")
        return found

    def daily(self, location: str, asof: np.datetime64, last: np.datetime64, count: int) -> Values:
        """Return the arrivals of the ``count`` days that end with ``last``, as known by a moment.

        Days before the first report of the commodity, and days inside a hole of the file, are missing.
        """
        day, known, tonnes = self.entries[location]
        upto = int(np.searchsorted(known, asof, side="right"))
        place = (day[:upto] - last).astype(int) + count - 1
        inside = (place >= 0) & (place < count)
        values = np.zeros(count)
        values[place[inside]] = tonnes[:upto][inside]  # of a day's rows the last known stands
        values[~self._told(asof, last, count)] = np.nan
        return values

    def _told(self, asof: np.datetime64, last: np.datetime64, count: int) -> np.ndarray:
        upto = int(np.searchsorted(self.known, asof, side="right"))
        days = np.unique(self.day[:upto])
        days = days[days <= last]
        told = np.zeros(count, dtype=bool)
        if not len(days):
            return told
        asked = last - np.arange(count)[::-1]
        after = np.searchsorted(days, asked)
        before = np.searchsorted(days, asked, side="right") - 1
        inside = (before >= 0) & (after < len(days))
        gap = days[np.minimum(after, len(days) - 1)] - days[np.maximum(before, 0)]
        found: np.ndarray = inside & (gap.astype(int) <= HOLE_DAYS)
        return found


def ledgers(arrivals: DataFrame) -> dict[str, Ledger]:
    """Return one ledger per commodity.

    Parameters
    ----------
    arrivals : DataFrame
        What :func:`daily_arrivals` returned, or the part of it known at some moment.
    """
    found = {}
    for commodity, own in arrivals.groupby("commodity", sort=True):
        ordered = own.sort_values(["known_time", "day"], kind="stable")
        entries: dict[str, tuple[np.ndarray, np.ndarray, Values]] = {}
        level = {}
        for (kind, location), rows in ordered.groupby(["level", "location"], sort=True):
            entries[str(location)] = (_days(rows), _known(rows), rows["arrivals"].to_numpy(dtype=float))
            level[str(location)] = str(kind)
        country = ordered[ordered["level"] == "country"]
        found[str(commodity)] = Ledger(_days(country), _known(country), entries, level)
    return found


def _days(rows: DataFrame) -> np.ndarray:
    return rows["day"].to_numpy().astype("datetime64[D]")


def _known(rows: DataFrame) -> np.ndarray:
    return rows["known_time"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
