"""Forecasts of arrivals that learn nothing: the same days of last year, the last week again, the mean of the last 28 days.

Where last year is a hole in the file, the year before it stands in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mandi.features.forecasting.arrivals import LEVELS, Ledger, daily_arrivals, ledgers

YEAR = 364  # a whole number of weeks: Sundays meet Sundays
DEPTH = 2 * YEAR + 120
RECENT = 28


def simple_forecasts(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Answer every row of a frame, each from what was known at its ``asof``.

    Parameters
    ----------
    frame : DataFrame
        Assembled questions: ``commodity, location, asof, kind, steps``.
    tables : mapping
        ``reports``.

    Returns
    -------
    DataFrame
        ``seasonal_naive, last_week, mean_28`` (tonnes) on the index of ``frame``; missing where there is no such past.
    """
    books = ledgers(daily_arrivals(tables["reports"], LEVELS))
    found = np.full((3, len(frame)), np.nan)
    moments = frame["asof"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]")
    kind, steps = frame["kind"].to_numpy(dtype=object), frame["steps"].to_numpy(dtype=float)
    rows_of: dict[tuple[str, str, np.datetime64], list[int]] = {}
    for row, key in enumerate(zip(frame["commodity"], frame["location"], moments, strict=True)):
        rows_of.setdefault(key, []).append(row)
    for (commodity, location, moment), rows in rows_of.items():
        daily = _daily(books.get(commodity), location, moment)
        if daily is None:
            continue
        mine = np.array([r for r in rows if steps[r] >= 1], dtype=np.intp)
        for span in (1, 7):
            some = mine[(kind[mine] == "week") == (span == 7)]
            if not len(some):
                continue
            ahead = steps[some].astype(int)[:, None] - np.arange(span)
            at_last_year = DEPTH - 1 + ahead - YEAR
            at_last_week = DEPTH - 1 + ahead - 7 * (-(-ahead // 7))
            last_year = _taken(daily, at_last_year)
            found[0, some] = np.where(np.isfinite(last_year), last_year, _taken(daily, at_last_year - YEAR))
            found[1, some] = _taken(daily, at_last_week)
            found[2, some] = span * _recent(daily)
    return pd.DataFrame(found.T, index=frame.index, columns=["seasonal_naive", "last_week", "mean_28"])


def _daily(book: Ledger | None, location: str, moment: np.datetime64) -> np.ndarray | None:
    if book is None or location not in book.entries:
        return None
    last = book.last_day(moment)
    return None if np.isnat(last) else book.daily(location, moment, last, DEPTH)


def _recent(daily: np.ndarray) -> float:
    known = daily[-RECENT:]
    return float(known[np.isfinite(known)].mean()) if np.isfinite(known).any() else float("nan")


def _taken(daily: np.ndarray, places: np.ndarray) -> np.ndarray:
    inside = (places >= 0) & (places < len(daily))
    told = np.where(inside, daily[np.clip(places, 0, len(daily) - 1)], np.nan)
    found: np.ndarray = told.sum(axis=1)
    return found
