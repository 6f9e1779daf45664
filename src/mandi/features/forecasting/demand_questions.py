"""Questions about arrivals for training and evaluation: asked at moments of the past, with the tonnes that then came.

A moment is the time when the reports of a day were known. It is the last day reported on or before each date of a grid, so
that the weeks asked about begin where the weeks known end. Where reports come days late, days that are over by then are not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from mandi.features.forecasting.arrivals import COUNTRY, Ledger

if TYPE_CHECKING:
    from pandas import DataFrame

YEAR_DAYS = 364
FURTHEST = 90


class Asked(Protocol):
    """What decides which questions are asked: fields of ``DemandInputs``."""

    @property
    def least_weeks(self) -> int: ...
    @property
    def least_share(self) -> float: ...
    @property
    def origin_days(self) -> dict[str, int]: ...
    @property
    def every_day_to(self) -> int: ...
    @property
    def then_every(self) -> int: ...
    @property
    def weeks_ahead(self) -> int: ...


def demand_questions(books: Mapping[str, Ledger], params: Asked) -> DataFrame:
    """Ask every place of every commodity.

    Parameters
    ----------
    books : mapping of commodity to Ledger
    params : DemandInputs

    Returns
    -------
    DataFrame
        commodity, location, asof (UTC), horizon_days, kind, label (tonnes), label_known_time (UTC). A question whose days
        have not all come, or lie in a hole of the file, is not asked.
    """
    parts = [
        part
        for commodity, book in sorted(books.items())
        for location, level in sorted(book.level.items())
        for part in _of_place(commodity, location, level, book, params)
    ]
    columns = ["commodity", "location", "asof", "horizon_days", "kind", "label", "label_known_time"]
    asked = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    for column in ("asof", "label_known_time"):
        asked[column] = asked[column].astype("datetime64[ns]").dt.tz_localize("UTC")
    return asked.sort_values(["asof", "commodity", "location", "kind", "horizon_days"], ignore_index=True)[
        columns
    ]


def horizons(level: str, params: Asked) -> dict[str, np.ndarray]:
    """Return the days ahead asked by kind.

    Examples
    --------
    >>> from mandi.features.demand import DemandInputs
    >>> asked = horizons("state", DemandInputs(then_every=10))
    >>> asked["day"].tolist(), asked["week"][:3].tolist()
    ([30, 60, 90], [7, 14, 21])
    """
    weeks = 7 * np.arange(1, params.weeks_ahead + 1)
    step = params.then_every if level == "country" else 3 * params.then_every
    thin: Iterable[int] = range(step, FURTHEST + 1, step)
    dense = range(1, params.every_day_to + 1) if level == "country" else range(0)
    return {"day": np.array(sorted({*dense, *thin})), "week": weeks}


def _of_place(commodity: str, location: str, level: str, book: Ledger, params: Asked) -> Iterable[DataFrame]:
    end = book.day.max()
    whole = int((end - book.day.min()).astype(int)) + 1
    now = book.known.max()
    tonnes = book.daily(location, now, end, whole)
    country = book.daily(COUNTRY, now, end, whole)
    come = _when_known(book, end, whole)
    ahead = horizons(level, params)
    for last in _origins(book, params.origin_days.get(level, 28), params.least_weeks):
        place = int((last - end).astype(int)) + whole - 1
        asof = come[place]
        year = slice(max(place + 1 - YEAR_DAYS, 0), place + 1)
        if not np.nansum(tonnes[year]) > max(params.least_share * np.nansum(country[year]), 0.0):
            continue
        # days ahead are counted from the first day that is not over when the reports have come, steps from the last reported
        lag = int((_day_in_india(asof) - last).astype(int)) - 1
        for kind, steps in ahead.items():
            days = place + steps
            kept = (days < whole) & (steps > lag)
            days, asked = days[kept], steps[kept] - lag
            if not len(days):
                continue
            span = 1 if kind == "day" else 7
            windows = days[:, None] - np.arange(span)
            label = tonnes[windows].sum(axis=1)
            told = np.isfinite(label)
            yield pd.DataFrame(
                {
                    "commodity": commodity, "location": location, "asof": asof, "horizon_days": asked[told], "kind": kind,
                    "label": label[told], "label_known_time": come[windows].max(axis=1)[told],
                }
            )  # fmt: skip


def _day_in_india(moment: np.datetime64) -> np.datetime64:
    day: np.datetime64 = (moment + np.timedelta64(330, "m")).astype("datetime64[D]")
    return day


def _origins(book: Ledger, every: int, least_weeks: int) -> list[np.datetime64]:
    days = np.unique(book.day)
    grid = np.arange(days[0] + 7 * least_weeks, days[-1] + 1, every)
    found = days[np.searchsorted(days, grid, side="right") - 1]
    return list(np.unique(found[found >= days[0] + 7 * least_weeks - 1]))


def _when_known(book: Ledger, end: np.datetime64, whole: int) -> np.ndarray:
    # a day is known with its last report; one without reports as soon as a later day is reported
    come = np.full(whole, np.datetime64("NaT", "ns"))
    place = (book.day - end).astype(int) + whole - 1
    order = np.argsort(book.known, kind="stable")
    come[place[order]] = book.known[order]
    for here in range(whole - 2, -1, -1):
        if np.isnat(come[here]):
            come[here] = come[here + 1]
    return come
