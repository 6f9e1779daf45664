"""Picks long rows, one per current market and day, out of matrices of days x markets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LevelRows:
    """Places of the rows in the matrices.

    Attributes
    ----------
    markets : int
        Columns of every matrix.
    here : Ints
        Flat place of each row.
    report, report_before : Ints
        Flat place of the market's last report up to the row's day, and up to the day before; -1 where there is none.
    earlier, earlier_before : Ints
        The report before that one.
    """

    markets: int
    here: Ints
    report: Ints
    report_before: Ints
    earlier: Ints
    earlier_before: Ints

    @classmethod
    def of(cls, reported: NDArray[np.bool_], kept: NDArray[np.bool_]) -> LevelRows:
        """Find the rows.

        Parameters
        ----------
        reported, kept : days x markets
            Where there is a report, and of which market and day there is a row.

        Examples
        --------
        >>> reported = np.array([[True], [False], [True]])
        >>> rows = LevelRows.of(reported, np.ones((3, 1), dtype=bool))
        >>> rows.report.tolist(), rows.report_before.tolist(), rows.earlier.tolist()
        ([0, 0, 2], [-1, 0, 0], [-1, -1, 0])
        """
        markets = reported.shape[1]
        place = np.where(reported, np.arange(reported.size).reshape(reported.shape), -1)
        last = np.maximum.accumulate(place, axis=0).ravel()
        here = np.flatnonzero(kept)

        def day_before(at: Ints) -> Ints:
            return np.where(at >= markets, last.take(at - markets, mode="clip"), -1)

        report, before = last.take(here), day_before(here)
        return cls(markets, here, report, before, day_before(report), day_before(before))

    @property
    def day(self) -> Ints:
        """Number of each row's day."""
        return self.here // self.markets

    def today(self, values: Floats) -> Floats:
        """Values at the end of each row's day; ``values`` are days x markets, or one per day."""
        return values.take(self.here if values.ndim == 2 else self.day)

    def yesterday(self, values: Floats, days: int = 1) -> Floats:
        """Values ``days`` before each row's day, NaN before the first.

        Examples
        --------
        >>> rows = LevelRows.of(np.ones((3, 1), dtype=bool), np.ones((3, 1), dtype=bool))
        >>> rows.yesterday(np.array([[5.0], [6.0], [7.0]])).tolist()
        [nan, 5.0, 6.0]
        """
        if values.ndim == 2:
            return self.at(values, self.here - days * self.markets)
        return self.at(values, self.day - days)

    def at(self, values: Floats, place: Ints) -> Floats:
        """Values at flat places, NaN where a place is negative."""
        found = values.take(place, mode="clip")
        found[place < 0] = np.nan
        return found
