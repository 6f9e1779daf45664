"""The past made ready for questions: each deal's partners, papers and accounts as they were known when it was struck or paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.features.detection.fraud_facts import TEXTS, TIMES
from mandi.features.detection.fraud_running import NEVER, SLOW, days, faded, nanoseconds, zero
from mandi.features.detection.fraud_states import KEYS
from mandi.tables.asof_index import Indexed

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
Found = dict[str, Floats]


class Memory:
    """The tables of `states`, indexed once for many questions.

    Parameters
    ----------
    history : mapping of name to frame
        From ``fraud_states.states``, or what the service keeps of it.

    Examples
    --------
    >>> import pandas as pd
    >>> deals = pd.DataFrame({"supplier_id": ["S1"], "buyer_id": ["B1"], "count": [3.0],
    ...     "known_time": pd.to_datetime(["2024-01-05"], utc=True)})
    >>> at = nanoseconds(pd.to_datetime(["2024-01-05", "2024-02-01"], utc=True))
    >>> Memory({"deals": deals}).find("deals", [["S1", "S1"], ["B1", "B1"]], at)["count"].tolist()
    [nan, 3.0]
    """

    def __init__(self, history: Mapping[str, DataFrame]) -> None:
        self._tables = {name: Indexed(frame, KEYS[name]) for name, frame in history.items()}

    def find(self, name: str, keys: list[Any], moments: np.ndarray[Any, np.dtype[np.int64]]) -> Found:
        """Return the numbers last known of each key before its moment, by column; missing where nothing was known.

        ``lately`` joins the running counts: the count that fades by half in 180 days, as of the moment; 0 if nothing was known.

        Parameters
        ----------
        name : str
            One of ``fraud_states.KEYS``.
        keys : list of arrays
            One per key column.
        moments : array of int64
            Nanoseconds since 1970, UTC.
        """
        table = self._tables[name]
        found = dict(zip(table.columns, table.last(keys, moments).T, strict=True))
        if "slow" in found:
            # a count of all time grows and grows, and would make later honest deals look strange
            found["lately"] = faded(found["slow"], found["last"], days(moments), SLOW)
        return found


class Deals:
    """Some deals column by column, read once: names with None where missing, numbers, and moments.

    Parameters
    ----------
    columns : mapping of str to array
        ``fraud_facts.FACTS``, all of the same length; a column that is absent is missing in every row. Moments are
        datetime64 in UTC, or have a zone.

    Examples
    --------
    >>> deal = {"traded_at": np.array(["2024-01-05T06:30"], dtype="datetime64[ns]"), "quantity": np.array([40.0]),
    ...     "asof": np.array(["2024-01-15"], dtype="datetime64[ns]")}
    >>> Deals(deal).day("asof").tolist(), Deals(deal).number("price").tolist()
    ([19737.0], [nan])
    """

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns = columns
        self.rows = len(columns["traded_at"])
        self.struck = self.moment("traded_at")
        self.asof = self.moment("asof")

    def text(self, name: str) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Return a column of names."""
        assert name in TEXTS, name
        if name not in self._columns:
            return np.full(self.rows, None, dtype=object)
        return np.asarray(self._columns[name], dtype=object)

    def number(self, name: str) -> Floats:
        """Return a column of numbers."""
        if name not in self._columns:
            return np.full(self.rows, np.nan)
        return np.asarray(self._columns[name], dtype=np.float64)

    def log(self, name: str) -> Floats:
        """Return the logarithm of a column of positive numbers; missing where it is not positive."""
        number = self.number(name)
        return np.log(np.where(number > 0, number, np.nan))

    def moment(self, name: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return a column of moments in nanoseconds since 1970, UTC; `NEVER` where missing."""
        assert name in TIMES, name
        if name not in self._columns:
            return np.full(self.rows, NEVER)
        return nanoseconds(self._columns[name])

    def day(self, name: str) -> Floats:
        """Return a column of moments in days since 1970; missing where it is missing."""
        return days(self.moment(name))


def differ(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> Floats:
    """Return 1.0 where two names differ, 0.0 where they agree, NaN where either is missing.

    Examples
    --------
    >>> differ(np.array(["a", "a", None], dtype=object), np.array(["a", "b", "c"], dtype=object)).tolist()
    [0.0, 1.0, nan]
    """
    pairs = zip(one, other)
    return np.array([np.nan if absent(a) or absent(b) else float(a != b) for a, b in pairs], dtype=np.float64)


def absent(value: Any) -> bool:
    """Say whether a value is None, NaN or NaT."""
    return value is None or value != value


def share(part: Floats, whole: Floats, prior: float, strength: float) -> Floats:
    """Return part / whole, drawn towards ``prior`` while the whole is small; missing counts are 0.

    Examples
    --------
    >>> share(np.array([8.0, np.nan]), np.array([8.0, np.nan]), 0.5, 2.0).tolist()
    [0.9, 0.5]
    """
    return (zero(part) + prior * strength) / (zero(whole) + strength)
