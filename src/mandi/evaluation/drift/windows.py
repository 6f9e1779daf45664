"""Cuts a frame into windows of days and gives each its own past: the same season of last year, or the days before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.evaluation.drift.distances import Values, distance, method_of
from mandi.evaluation.drift.params import DriftParams

if TYPE_CHECKING:
    from mandi.models.base import Kind

YEAR = 365


@dataclass(frozen=True)
class Span:
    """Times from ``start`` (included) to ``end`` (not included), UTC."""

    start: pd.Timestamp
    end: pd.Timestamp


def window(end: pd.Timestamp, params: DriftParams) -> Span:
    """Return the window that ends at a moment."""
    return Span(end - pd.Timedelta(days=params.window_days), end)


def reference(end: pd.Timestamp, params: DriftParams, *, seasonal: bool) -> Span:
    """Return what a window is compared with.

    It is shifted with the window, so that windows in which nothing changed have distances of one distribution.

    Parameters
    ----------
    end : Timestamp
        End of the window.
    params : DriftParams
    seasonal : bool
        The same days of the year before, ``season_days`` more on either side; or the ``lookback_days`` before the window.

    Examples
    --------
    >>> span = reference(pd.Timestamp("2024-07-01", tz="UTC"), DriftParams(), seasonal=True)
    >>> str(span.start.date()), str(span.end.date())
    ('2023-05-03', '2023-08-01')
    """
    mine = window(end, params)
    if not seasonal:
        return Span(mine.start - pd.Timedelta(days=params.lookback_days), mine.start)
    more, year = pd.Timedelta(days=params.season_days), pd.Timedelta(days=YEAR)
    return Span(mine.start - year - more, mine.end - year + more)


def ends(
    first: pd.Timestamp, until: pd.Timestamp, params: DriftParams, *, seasonal: bool
) -> pd.DatetimeIndex:
    """Return the ends of the windows that have a reference, in order; ``until`` is the last.

    Parameters
    ----------
    first : Timestamp
        Of the history.
    until : Timestamp
        End of the window to be judged.
    """
    found = []
    end = until
    oldest = until - pd.Timedelta(days=params.history_days)
    while end >= oldest and reference(end, params, seasonal=seasonal).start >= first:
        found.append(end)
        end -= pd.Timedelta(days=params.step_days)
    return pd.DatetimeIndex(found[::-1])


def needed(params: DriftParams, *, seasonal: bool) -> float:
    """Return how many windows without overlap thresholds need; where seasons count, they have to see a whole year of them.

    Examples
    --------
    >>> needed(DriftParams(), seasonal=False), round(needed(DriftParams(), seasonal=True), 1)
    (6.0, 12.2)
    """
    year = YEAR / params.window_days if seasonal else 0.0
    return max(float(params.least_blocks), year)


def earlier(moments: pd.DatetimeIndex, until: pd.Timestamp, days: int) -> pd.DatetimeIndex:
    """Return the ends of the windows of so many days that share none with the one that ends at ``until``."""
    return moments[moments <= until - pd.Timedelta(days=days)]


def blocks(moments: pd.DatetimeIndex, until: pd.Timestamp, days: int) -> float:
    """Return to how many windows without overlap the earlier ones amount.

    Examples
    --------
    >>> moments = pd.date_range("2024-01-31", "2024-06-29", freq="10D", tz="UTC")
    >>> blocks(moments, moments[-1], 30)
    5.0
    """
    past = earlier(moments, until, days)
    return float((past[-1] - past[0]) / pd.Timedelta(days=days) + 1) if len(past) else 0.0


def distance_table(
    frame: pd.DataFrame,
    columns: Mapping[str, Kind],
    moments: pd.DatetimeIndex,
    params: DriftParams,
    *,
    seasonal: bool,
    time: str = "asof",
) -> pd.DataFrame:
    """Return how far every column of every window is from its reference.

    Parameters
    ----------
    frame : DataFrame
        ``time`` (UTC) and the columns.
    columns : mapping of name to kind
    moments : DatetimeIndex
        Ends of the windows.
    params : DriftParams
    seasonal : bool
    time : str
        Column that says when a row was asked.

    Returns
    -------
    DataFrame
        Distances by end (rows) and column; missing where a window or its reference has fewer than ``min_rows`` values.
    """
    ordered = _ordered(frame, time, params.seed)
    found = {
        name: _distances(ordered[[time, name]].dropna(), kind, moments, params, seasonal)
        for name, kind in columns.items()
    }
    return pd.DataFrame(found, index=moments, columns=list(columns), dtype=np.float64)


def samples(
    frame: pd.DataFrame,
    columns: Mapping[str, Kind],
    end: pd.Timestamp,
    params: DriftParams,
    *,
    seasonal: bool,
    time: str = "asof",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what ``distance_table`` compares for one window: the reference and the window, missing values at the end.

    Parameters
    ----------
    frame, columns, params, seasonal, time
        As of ``distance_table``.
    end : Timestamp
        End of the window.
    """
    ordered = _ordered(frame, time, params.seed)
    now, then = window(end, params), reference(end, params, seasonal=seasonal)
    pairs: tuple[dict[str, pd.Series], dict[str, pd.Series]] = ({}, {})
    for name in columns:
        known = ordered[[time, name]].dropna()
        when = pd.DatetimeIndex(known[time])
        for found, span, most in zip(
            pairs, (then, now), (2 * params.most_rows, params.most_rows), strict=True
        ):
            found[name] = pd.Series(_between(known[name].to_numpy(), when, span, most))
    return pd.DataFrame(pairs[0]), pd.DataFrame(pairs[1])


def _ordered(frame: pd.DataFrame, time: str, seed: int) -> pd.DataFrame:
    """By time, in no order within a moment: the sample must not follow how a frame was put together."""
    order = np.lexsort((np.random.default_rng(seed).random(len(frame)), frame[time].to_numpy()))
    return frame.iloc[order]


def _distances(
    known: pd.DataFrame, kind: Kind, moments: pd.DatetimeIndex, params: DriftParams, seasonal: bool
) -> list[float]:
    when = pd.DatetimeIndex(known.iloc[:, 0])
    numbers = method_of(kind) == "wasserstein"
    values = known.iloc[:, 1].to_numpy(np.float64) if numbers else pd.factorize(known.iloc[:, 1])[0]
    found = []
    for end in moments:
        now, then = window(end, params), reference(end, params, seasonal=seasonal)
        current = _between(values, when, now, params.most_rows)
        past = _between(values, when, then, 2 * params.most_rows)
        enough = min(len(current), len(past)) >= params.min_rows
        found.append(distance(kind, past, current) if enough else np.nan)
    return found


def _between(values: Values, when: pd.DatetimeIndex, span: Span, most: int) -> Values:
    """Values of a span, evenly over its time where there are more than may be."""
    part = values[when.searchsorted(span.start) : when.searchsorted(span.end)]
    return part if len(part) <= most else part[np.linspace(0, len(part) - 1, most).astype(int)]
