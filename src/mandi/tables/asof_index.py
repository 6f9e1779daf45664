"""Looks into the past from few rows, again and again: as ``asof.join``, on a table that was sorted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mandi.core.errors import ContractError, nearest


class LastKnown:
    """A table made ready once for many small questions of which row of a key was the last one known.

    Finds the rows that ``asof.join`` finds; a question costs a look into a dictionary and a binary search.

    Parameters
    ----------
    right : DataFrame
        Has the columns ``by`` and ``right_time`` (UTC). Of rows with the same key and time the last wins.
    by : sequence of str
        Key columns; a missing key matches nothing.
    right_time : str
    strict : bool
        Use only rows known strictly before the time; else a row known at that very moment counts.

    Raises
    ------
    ContractError
        A column is not there or a time is NaT.

    Examples
    --------
    >>> reports = pd.DataFrame({"market": ["Adoni", "Adoni"], "price": [7100.0, 7200.0],
    ...     "known_time": pd.to_datetime(["2024-01-01 18:30", "2024-01-02 18:30"], utc=True)})
    >>> when = np.array(["2024-01-02", "2024-01-04", "2024-01-04"], dtype="datetime64[ns]")
    >>> LastKnown(reports, ["market"]).rows([["Adoni", "Adoni", "Kadi"]], when).tolist()
    [0, 1, -1]
    """

    def __init__(
        self, right: pd.DataFrame, by: Sequence[str], right_time: str = "known_time", *, strict: bool = False
    ) -> None:
        for column in (*by, right_time):
            if column not in right:
                known = [str(c) for c in right.columns]
                raise ContractError(
                    f'the table has no column "{column}"{nearest(column, known)}', allowed=", ".join(known)
                )
        self._side: Literal["left", "right"] = "left" if strict else "right"
        keys = _tuples([right[name].tolist() for name in by])
        self._codes: dict[object, int] = {}
        code = np.array(
            [-1 if _missing(key) else self._codes.setdefault(key, len(self._codes)) for key in keys],
            dtype=np.int64,
        )
        times = right[right_time].to_numpy(dtype="datetime64[ns]")  # of a time with zone, UTC
        if np.isnat(times).any():
            raise ContractError(f'"{right_time}" is not known in every row', allowed="a time in every row")
        moment = times.view(np.int64)
        self._moments = np.unique(moment)
        self._slots = len(self._moments) + 1
        usable = np.flatnonzero(code >= 0)
        folded = code[usable] * self._slots + np.searchsorted(self._moments, moment[usable], side="right")
        order = np.argsort(folded, kind="stable")
        self._folded, self._row, self._code = folded[order], usable[order], code

    def rows(self, keys: Sequence[Sequence[object]], when: NDArray[np.datetime64]) -> NDArray[np.intp]:
        """Return positions in the table, -1 where nothing was known.

        Parameters
        ----------
        keys : sequence of columns, each of n values
            In the order of ``by``.
        when : datetime64 array of shape (n,)
            UTC, without a zone.
        """
        code = np.array([self._codes.get(key, -1) for key in _tuples(keys)], dtype=np.int64)
        if not len(self._row) or not len(code):
            return np.full(len(code), -1, dtype=np.intp)
        moment = np.asarray(when, dtype="datetime64[ns]").view(np.int64)
        asked = code * self._slots + np.searchsorted(self._moments, moment, side=self._side)
        place = np.searchsorted(self._folded, asked, side="right") - 1
        row = self._row[np.maximum(place, 0)]
        hit = (place >= 0) & (code >= 0) & (self._code[row] == code)
        return np.where(hit, row, -1)


class Indexed:
    """The numbers last known strictly before a moment, of a table that is asked many small questions.

    Parameters
    ----------
    right : DataFrame
        Has the columns ``by`` and ``right_time``, all others numbers.
    by : sequence of str
        Key columns, of text; at least one.
    right_time : str
        Time column; no NaT.

    Attributes
    ----------
    columns : list of str
        The columns that are looked up, in the order of `last`.

    Raises
    ------
    ContractError
        A column is not there or a time is NaT.

    Examples
    --------
    >>> seen = pd.DataFrame({"account": ["A1", "A1"], "uses": [1.0, 2.0],
    ...     "known_time": pd.to_datetime(["2024-01-01", "2024-01-05"], utc=True)})
    >>> at = pd.to_datetime(["2024-01-05", "2024-01-06"], utc=True).as_unit("ns").asi8
    >>> Indexed(seen, ["account"]).last([["A1", "A1"]], at)
    array([[1.],
           [2.]])
    """

    def __init__(self, right: pd.DataFrame, by: Sequence[str], right_time: str = "known_time") -> None:
        self._known = LastKnown(right, by, right_time, strict=True)
        self.columns = [str(c) for c in right.columns if c not in (*by, right_time)]
        self._values = right[self.columns].to_numpy(dtype=np.float64)

    def last(self, keys: Sequence[Sequence[object]], moments: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return, per row asked, the numbers last known strictly before its moment; NaN where nothing was.

        Parameters
        ----------
        keys : sequence of sequences
            One per key column, each as long as ``moments``.
        moments : ndarray of int64
            Nanoseconds since 1970, UTC.

        Returns
        -------
        ndarray of shape (len(moments), len(columns))
        """
        rows = self._known.rows(keys, moments.view("datetime64[ns]"))
        if not len(self._values):
            return np.full((len(rows), len(self.columns)), np.nan)
        return np.where(rows[:, None] < 0, np.nan, self._values[np.maximum(rows, 0)])


def _tuples(columns: Sequence[Sequence[object]]) -> list[object]:
    return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))


def _missing(key: object) -> bool:
    parts = key if isinstance(key, tuple) else (key,)
    return any(part is None or part != part for part in parts)
