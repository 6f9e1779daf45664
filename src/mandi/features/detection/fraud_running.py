"""What has been seen of a name so far, one row whenever something new was known: counts, fading counts, usual values.

Counts fade by half-lives instead of being cut at a window, so that the last row of a name alone tells its state at any
later moment. Times are days since 1970 as numbers, UTC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pandas import DataFrame, Series

DAY_NS = 86_400_000_000_000
NEVER = np.iinfo(np.int64).min
FAST, SLOW = 20.0, 180.0
"""Half-lives in days of a recent and of a usual state."""


def days_of(moments: Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return moments (UTC) as days since 1970; missing ones as NaN."""
    return days(nanoseconds(moments))


def nanoseconds(moments: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return moments with a zone as nanoseconds since 1970, UTC; missing ones as `NEVER`."""
    if isinstance(moments, np.ndarray) and moments.dtype.kind == "M":
        return moments.astype("datetime64[ns]").view(np.int64)
    return pd.DatetimeIndex(moments).as_unit("ns").to_numpy(dtype="datetime64[ns]").view(np.int64)


def days(nanos: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return nanoseconds as days; `NEVER` as NaN."""
    return np.where(nanos == NEVER, np.nan, nanos / DAY_NS)


def zero(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return numbers with 0 where one is missing."""
    return np.where(values == values, values, 0.0)


def running(
    events: DataFrame, keys: Sequence[str], *, numbers: Sequence[str] = (), distinct: Sequence[str] = ()
) -> DataFrame:
    """Sum up, event by event, what was known of each key.

    Parameters
    ----------
    events : DataFrame
        ``known_time`` (UTC), the keys and the columns named. Any order; of a missing key nothing is kept.
    keys : sequence of str
    numbers : sequence of str
        Columns whose usual value is kept; missing values are passed over.
    distinct : sequence of str
        Columns of which the different values are counted.

    Returns
    -------
    DataFrame
        keys, known_time; ``count`` (events so far), ``first`` and ``last`` (days since 1970), ``fast`` and ``slow``
        (counts that fade by half in 20 and in 180 days, as of ``last``); for a number ``x`` its ``x_mean`` and ``x_sd``
        (fading by 180 days), ``x_recent`` (mean fading by 20 days) and ``x_weight`` (how many values the slow mean rests on);
        for a name ``y`` the number ``y_kinds``. One row per key and moment, the last that was known then.

    Examples
    --------
    >>> seen = pd.DataFrame({"account": ["A1", "A1", "A2"], "payee": ["S1", "S2", "S3"],
    ...     "known_time": pd.to_datetime(["2024-01-01", "2024-01-21", "2024-01-02"], utc=True)})
    >>> running(seen, ["account"], distinct=["payee"])[["account", "count", "fast", "payee_kinds"]]
      account  count  fast  payee_kinds
    0      A1    1.0   1.0          1.0
    1      A2    1.0   1.0          1.0
    2      A1    2.0   1.5          2.0
    """
    names = ["count", "first", "last", "fast", "slow"]
    names += [f"{x}_{part}" for x in numbers for part in ("mean", "sd", "recent", "weight")]
    names += [f"{y}_kinds" for y in distinct]
    whole = events.dropna(subset=list(keys)).sort_values("known_time", kind="stable")
    moments = days_of(whole["known_time"])
    values = [whole[x].to_numpy(dtype=np.float64) for x in numbers]
    others = [whole[y].to_numpy(dtype=object) for y in distinct]
    states: dict[tuple[Any, ...], _State] = {}
    out = np.empty((len(whole), len(names)))
    for i, key in enumerate(zip(*(whole[k].to_numpy(dtype=object) for k in keys))):
        state = states.get(key)
        if state is None:
            state = states[key] = _State(moments[i], len(numbers), len(distinct))
        state.see(moments[i], [column[i] for column in values], [column[i] for column in others])
        out[i] = state.told()
    block = pd.DataFrame(out, columns=names, index=whole.index)
    told = pd.concat([whole[[*keys, "known_time"]], block], axis=1)
    return told.drop_duplicates([*keys, "known_time"], keep="last").reset_index(drop=True)


class _State:
    """One key's sums; each number has weight, sum and sum of squares on the slow and on the fast clock."""

    def __init__(self, first: float, numbers: int, distinct: int) -> None:
        self.count, self.first, self.last, self.fast, self.slow = 0.0, first, first, 0.0, 0.0
        self.sums = [[0.0] * 6 for _ in range(numbers)]
        self.clocks = [first] * numbers
        self.kinds: list[set[Any]] = [set() for _ in range(distinct)]

    def see(self, moment: float, numbers: list[float], others: list[Any]) -> None:
        slow, fast = _faded(moment - self.last)
        self.count += 1.0
        self.fast, self.slow, self.last = self.fast * fast + 1.0, self.slow * slow + 1.0, moment
        for place, x in enumerate(numbers):
            if x != x:
                continue
            sums = self.sums[place]
            slow, fast = _faded(moment - self.clocks[place])
            self.clocks[place] = moment
            for j, term in enumerate((1.0, x, x * x)):
                sums[j] = sums[j] * slow + term
                sums[3 + j] = sums[3 + j] * fast + term
        for kinds, value in zip(self.kinds, others):
            if value is not None and value == value:
                kinds.add(value)

    def told(self) -> list[float]:
        row = [self.count, self.first, self.last, self.fast, self.slow]
        for weight, total, squares, near, recent, _ in self.sums:
            mean = total / weight if weight else math.nan
            spread = math.sqrt(max(squares / weight - mean * mean, 0.0)) if weight else math.nan
            row += [mean, spread, recent / near if near else math.nan, weight]
        return row + [float(len(kinds)) for kinds in self.kinds]


def _faded(gap: float) -> tuple[float, float]:
    return 0.5 ** (gap / SLOW), 0.5 ** (gap / FAST)


def faded(count: Any, last: Any, moment: Any, half_life: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a fading count as of a later moment (both in days); 0 where nothing was known.

    Examples
    --------
    >>> faded(np.array([2.0, np.nan]), np.array([10.0, np.nan]), np.array([30.0, 30.0]), 20.0).tolist()
    [1.0, 0.0]
    """
    return zero(count * np.exp2((last - moment) / half_life))


def unusual(
    value: Any, mean: Any, sd: Any, weight: Any, prior_sd: float, strength: float = 5.0
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how many standard deviations a value is from the usual; the spread of a few values leans on ``prior_sd``.

    Examples
    --------
    >>> unusual(np.array([3.0]), np.array([1.0]), np.array([0.0]), np.array([0.0]), 1.0).tolist()
    [2.0]
    """
    share = weight / (weight + strength)
    spread = np.sqrt(share * sd**2 + (1.0 - share) * prior_sd**2)
    return np.asarray((value - mean) / spread, dtype=np.float64)


def groups(events: DataFrame, member: str, token: str) -> DataFrame:
    """Follow which members hang together through shared tokens: suppliers paid to one account, over any number of links.

    Parameters
    ----------
    events : DataFrame
        ``known_time`` and the two columns; any order.
    member, token : str

    Returns
    -------
    DataFrame
        member, known_time, ``members``: size of the member's group, a row whenever it grew.

    Examples
    --------
    >>> paid = pd.DataFrame({"payee": ["S1", "S2", "S2"], "account": ["A1", "A2", "A1"],
    ...     "known_time": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"], utc=True)})
    >>> groups(paid, "payee", "account")[["payee", "members"]].values.tolist()
    [['S1', 1.0], ['S2', 1.0], ['S1', 2.0], ['S2', 2.0]]
    """
    whole = events.dropna(subset=[member, token]).sort_values("known_time", kind="stable")
    parent: dict[tuple[str, Any], tuple[str, Any]] = {}
    held: dict[tuple[str, Any], set[Any]] = {}
    rows: list[tuple[Any, Any, float]] = []
    for who, which, moment in zip(whole[member], whole[token], whole["known_time"]):
        mine, theirs = _root(parent, ("member", who)), _root(parent, ("token", which))
        if mine == theirs:
            continue
        before = held.get(mine, {who}), held.get(theirs, set())
        parent[mine], held[theirs] = theirs, before[0] | before[1]
        # a group that did not grow needs no new row, unless its member is seen for the first time
        if before[1] or mine == ("member", who):
            rows += [(other, moment, float(len(held[theirs]))) for other in sorted(held[theirs], key=str)]
    told = pd.DataFrame(rows, columns=[member, "known_time", "members"])
    if not rows:
        told = told.astype({"known_time": "datetime64[ns, UTC]", "members": "float64"})
    return told.drop_duplicates([member, "known_time"], keep="last").reset_index(drop=True)


def _root(parent: dict[tuple[str, Any], tuple[str, Any]], node: tuple[str, Any]) -> tuple[str, Any]:
    above = parent.setdefault(node, node)
    while above != parent[above]:
        above = parent[above]
    parent[node] = above
    return above
