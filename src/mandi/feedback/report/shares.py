"""Shares and means with their intervals, where answers of one person count as one voice."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import Series

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95 % interval.

    Attributes
    ----------
    value, low, high : float, optional
        None where nothing was seen.
    n : int
        Observations behind it.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int

    def to_dict(self) -> dict[str, float | int | None]:
        """Return value, low, high and n, rounded to six places."""
        return {"value": _six(self.value), "low": _six(self.low), "high": _six(self.high), "n": self.n}


def share(hits: int, n: int, z: float = Z95) -> Figure:
    """Return a share with its score interval (Wilson, 1927).

    Parameters
    ----------
    hits, n : int
        How many of how many.
    z : float
        1.96 for 95 %.

    Examples
    --------
    >>> found = share(9, 10)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.9, 0.596, 0.982)
    >>> share(0, 0).value is None
    True
    """
    if n <= 0:
        return Figure(None, None, None, 0)
    rate, spread = hits / n, z * z / n
    centre = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + spread)
    return Figure(rate, max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half)), n)


def mean(values: Series[Any], groups: Series[Any], lowest: float = 0.0, highest: float = 1.0) -> Figure:
    """Return a mean whose interval treats the observations of a group as one voice.

    Parameters
    ----------
    values : Series of float
        Missing ones are left out.
    groups : Series
        Who said it, row by row.
    lowest, highest : float
        Of the scale; the interval is cut there, and is the whole scale for fewer than two groups.

    Examples
    --------
    >>> import pandas as pd
    >>> found = mean(pd.Series([5.0, 4.0, None, 1.0]), pd.Series(["a", "a", "b", "c"]), 1, 5)
    >>> round(found.value, 2), found.n
    (3.33, 3)
    """
    kept = values.notna()
    seen, who = values[kept].astype(float), groups[kept].fillna("")
    n = len(seen)
    if not n:
        return Figure(None, None, None, 0)
    middle = float(seen.mean())
    sums = (seen - middle).groupby(who).sum()
    voices = len(sums)
    if voices < 2:
        return Figure(middle, lowest, highest, n)
    together = float((sums**2).sum()) * voices / (voices - 1)
    apart = (
        float(((seen - middle) ** 2).sum()) * n / (n - 1)
    )  # people whose opinions happen to cancel are not therefore sure
    half = _t(voices - 1) * math.sqrt(max(together, apart)) / n
    return Figure(middle, max(lowest, middle - half), min(highest, middle + half), n)


def difference(after: Figure, before: Figure) -> Figure:
    """Return how much a figure rose between two sets of answers that share none, with the interval of the difference.

    Examples
    --------
    >>> risen = difference(share(80, 100), share(50, 100))
    >>> round(risen.value, 2), risen.low > 0
    (0.3, True)
    """
    if after.value is None or before.value is None:
        return Figure(None, None, None, min(after.n, before.n))
    # Newcombe (1998): square-and-add, so that intervals that are not symmetric stay so
    down = math.hypot(after.value - _known(after.low), _known(before.high) - before.value)
    up = math.hypot(_known(after.high) - after.value, before.value - _known(before.low))
    gained = after.value - before.value
    return Figure(gained, gained - down, gained + up, min(after.n, before.n))


def strict(tests: int, level: float = 0.05) -> float:
    """Return the z of an interval when so many are looked at together (Bonferroni).

    Examples
    --------
    >>> round(strict(1), 2), round(strict(100), 2)
    (1.96, 3.48)
    """
    return NormalDist().inv_cdf(1 - level / (2 * max(1, tests)))


def told_apart(figure: Figure) -> bool:
    """Return whether a difference is on one side of zero with its whole interval."""
    return figure.low is not None and figure.high is not None and (figure.low > 0 or figure.high < 0)


def as_dict(figures: Iterable[tuple[str, Figure]]) -> dict[str, dict[str, float | int | None]]:
    """Return named figures as plain mappings."""
    return {name: figure.to_dict() for name, figure in figures}


def _t(freedom: int) -> float:
    # Cornish and Fisher: within .01 of Student's t from four degrees on, wider below
    z = Z95
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _known(value: float | None) -> float:
    return 0.0 if value is None else value


def _six(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)
