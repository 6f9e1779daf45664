"""Looks into the past from few rows, again and again: as ``asof.join`` with ``strict``, on a table that was sorted once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mandi.core.errors import ContractError, nearest


class Indexed:
    """A table made ready for many small looks into the past: what ``asof.join`` finds, without sorting the table again.

    Parameters
    ----------
    right : DataFrame
        Has the columns ``by`` and ``right_time``, all others numbers. Any order; of rows with the same key and time the
        last wins. A missing key matches nothing.
    by : sequence of str
        Key columns, of text; at least one.
    right_time : str
        Time column with a zone; no NaT.

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
        keys = list(by)
        for column in (*keys, right_time):
            if column not in right:
                known = [str(c) for c in right.columns]
                raise ContractError(
                    f'the table has no column "{column}"{nearest(column, known)}', allowed=", ".join(known)
                )
        self.columns = [str(c) for c in right.columns if c not in (*keys, right_time)]
        times = pd.DatetimeIndex(right[right_time]).as_unit("ns").to_numpy(dtype="datetime64[ns]")
        if np.isnat(times).any():
            raise ContractError(f'"{right_time}" is not known in every row', allowed="a time in every row")
        moments = times.view(np.int64)
        order = np.argsort(moments, kind="stable")
        texts = [right[key].to_numpy(dtype=object) for key in keys]
        rows: dict[tuple[object, ...], list[int]] = {}
        for place in order.tolist():
            key = tuple(column[place] for column in texts)
            if not any(_absent(part) for part in key):
                rows.setdefault(key, []).append(place)
        self._rows = {key: np.array(places, dtype=np.intp) for key, places in rows.items()}
        self._moments = {key: moments[places].tolist() for key, places in self._rows.items()}
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
        found = np.full((len(moments), len(self.columns)), np.nan)
        for i, (key, moment) in enumerate(zip(zip(*keys, strict=True), moments.tolist(), strict=True)):
            known = self._moments.get(key)
            if known is None:
                continue
            place = bisect_left(known, moment) - 1
            if place >= 0:
                found[i] = self._values[self._rows[key][place]]
        return found


def _absent(part: object) -> bool:
    return part is None or part != part
