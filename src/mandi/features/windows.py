"""Trailing statistics per key over irregular time, in days: strictly earlier rows unless the present row is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, UnknownValue, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

Statistic = Literal["mean", "std", "sum", "count"]
NS_PER_DAY = 86_400_000_000_000


def trailing(
    frame: pd.DataFrame,
    value: str,
    *,
    by: Sequence[str],
    time: str,
    days: float | None,
    statistic: Statistic = "mean",
    min_periods: int = 1,
    include_now: bool = False,
) -> pd.Series:
    """Summarise the earlier rows of the same key inside a window of days.

    The window is ``[t - days, t)``: rows of the very same time are left out, so a row never sees itself. With
    ``include_now`` it is ``(t - days, t]``, which is what a state table known *after* a row needs. A key's result
    never depends on another key's values, nor on later ones, to the last bit. Cost grows as n log n.

    Parameters
    ----------
    frame : DataFrame
        Holds ``value``, ``time`` and the columns of ``by``, in any order.
    value : str
        Numeric column; missing values are skipped.
    by : sequence of str
        Key columns; empty means that all rows are one key.
    time : str
        Datetime column.
    days : float or None
        Length of the window; None takes everything earlier.
    statistic : {"mean", "std", "sum", "count"}
        ``std`` has one degree of freedom taken off.
    min_periods : int
        Fewer values than this give a missing result (``count`` is always given).
    include_now : bool

    Returns
    -------
    Series
        Float, on the index of ``frame``; cold starts are missing.

    Raises
    ------
    ContractError
        A column is missing, or a time is.
    UnknownValue
        ``statistic`` is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-05"])
    >>> sales = pd.DataFrame({"crop": "tur", "day": day, "price": [10.0, 20.0, 30.0, 60.0]})
    >>> trailing(sales, "price", by=["crop"], time="day", days=7).tolist()
    [nan, 10.0, 10.0, 20.0]
    """
    if statistic not in get_args(Statistic):
        raise UnknownValue(f'statistic is "{statistic}"', allowed=", ".join(get_args(Statistic)))
    _need(frame, [value, time, *by])
    if len(frame) == 0:
        return pd.Series(dtype="float64", index=frame.index)
    codes = key_codes(frame, by)
    at = nanoseconds(frame[time])
    order = np.lexsort((at, codes))
    codes, at = codes[order], at[order]
    values = pd.to_numeric(frame[value]).to_numpy(dtype="float64", na_value=np.nan)[order]
    start, stop = _bounds(codes, at, days, include_now)
    result = np.empty(len(frame))
    result[order] = _summary(values, codes, start, stop, statistic, min_periods)
    return pd.Series(result, index=frame.index, name=value)


def shrunken_mean(
    frame: pd.DataFrame,
    value: str,
    *,
    by: Sequence[str],
    time: str,
    strength: float,
    include_now: bool = False,
) -> pd.Series:
    """Mean of a key's earlier values, pulled towards the mean of everybody's earlier values.

    ``(sum + strength * prior) / (count + strength)``, where the prior is the mean over all keys of the same span of
    time: an empirical-Bayes mean that uses the past only.

    Parameters
    ----------
    frame, value, by, time, include_now
        As for :func:`trailing`.
    strength : float
        How many values the prior is worth.

    Returns
    -------
    Series
        Missing only where nobody has an earlier value.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    >>> assays = pd.DataFrame({"who": ["a", "b", "a"], "day": day, "score": [1.0, 0.0, 1.0]})
    >>> shrunken_mean(assays, "score", by=["who"], time="day", strength=1.0).tolist()
    [nan, 1.0, 0.75]
    """
    prior = trailing(frame, value, by=[], time=time, days=None, include_now=include_now)
    total = trailing(frame, value, by=by, time=time, days=None, statistic="sum", include_now=include_now)
    count = trailing(frame, value, by=by, time=time, days=None, statistic="count", include_now=include_now)
    return ((total.fillna(0.0) + strength * prior) / (count + strength)).rename(value)


def key_codes(frame: pd.DataFrame, by: Sequence[str]) -> NDArray[np.int64]:
    """Number the distinct keys of a frame from 0, in order of appearance.

    Examples
    --------
    >>> import pandas as pd
    >>> key_codes(pd.DataFrame({"crop": ["tur", "wheat", "tur"]}), ["crop"]).tolist()
    [0, 1, 0]
    """
    codes = np.zeros(len(frame), dtype=np.int64)
    for column in by:
        own, distinct = pd.factorize(frame[column], use_na_sentinel=False)
        codes = pd.factorize(codes * max(len(distinct), 1) + own)[0].astype(np.int64)
    return codes


def nanoseconds(times: pd.Series) -> NDArray[np.int64]:
    """Return times as whole nanoseconds since 1970, UTC.

    Raises
    ------
    ContractError
        A time is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> nanoseconds(pd.Series(pd.to_datetime(["1970-01-02"], utc=True))).tolist()
    [86400000000000]
    """
    if times.isna().any():
        raise ContractError(
            f'"{times.name}" is missing in {int(times.isna().sum())} rows', allowed="a time in every row"
        )
    plain = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times
    return plain.to_numpy(dtype="datetime64[ns]").astype(np.int64)


def _need(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in frame:
            raise ContractError(f'no column "{column}"{nearest(column, map(str, frame.columns))}')


def _bounds(
    codes: NDArray[np.int64], at: NDArray[np.int64], days: float | None, include_now: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    moments = np.unique(at)
    width = len(moments) + 1
    place = codes * width + np.searchsorted(moments, at)
    stop = np.searchsorted(place, place, side="right" if include_now else "left")
    opening = np.zeros(len(at), dtype=np.int64)
    if days is not None:
        since = at - round(days * NS_PER_DAY)
        opening = np.searchsorted(moments, since, side="right" if include_now else "left")
    return np.searchsorted(place, codes * width + opening), stop


def _summary(
    values: NDArray[np.float64],
    codes: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    statistic: Statistic,
    min_periods: int,
) -> NDArray[np.float64]:
    there = ~np.isnan(values)
    grouped = pd.Series(values).groupby(codes, sort=False)
    # sums are taken around the key's first value: less is lost to rounding, and the first value is always past
    first = grouped.transform("first").fillna(0.0).to_numpy()
    around = np.where(there, values - first, 0.0)
    count = _between(there.astype("float64"), codes, start, stop)
    if statistic == "count":
        return count
    total = _between(around, codes, start, stop)
    with np.errstate(invalid="ignore", divide="ignore"):
        if statistic == "sum":
            result = total + count * first
        elif statistic == "mean":
            result = total / count + first
        else:
            squares = _between(around**2, codes, start, stop)
            result = np.sqrt(np.maximum(squares - total**2 / count, 0.0) / (count - 1))
    return np.where(count >= max(min_periods, 2 if statistic == "std" else 1), result, np.nan)


def _between(
    values: NDArray[np.float64], codes: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float64]:
    # cumulated within the key, so that another key's values cannot change a bit of this one's
    running = pd.Series(values).groupby(codes, sort=False).cumsum().to_numpy()
    padded = np.concatenate([[0.0], running])
    opens_key = np.concatenate([[True], codes[1:] != codes[:-1]])
    before = np.where(opens_key[np.minimum(start, len(codes) - 1)], 0.0, padded[start])
    return np.where(stop > start, padded[stop] - before, 0.0)
