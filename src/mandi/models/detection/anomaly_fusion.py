"""What a raw anomaly score means beside the scores of normal rows: surprise, percentile, conformal p-value, threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = np.ndarray[Any, np.dtype[np.float64]]
TOP = 0.10


class Tail:
    """Scores of normal rows that the detector had not learnt from, and how far they reach beyond the largest.

    Parameters
    ----------
    blind : array of shape (n,)
        Raw scores of normal rows; higher is stranger.

    Notes
    -----
    Within the blind scores the chance of a normal row to be as strange is (count + 1) / (n + 2), read between two of
    them on a straight line. Beyond the largest, the surprise goes on along an exponential tail whose scale is the mean
    excess of the top tenth, and the percentile along a heavier one, so that neither ever stops telling rows apart.

    Examples
    --------
    >>> import numpy as np
    >>> tail = Tail(np.arange(99.0))
    >>> tail.p_values([98.0, 1000.0]).tolist()
    [0.02, 0.01]
    >>> bool((np.diff(tail.percentile([50.0, 98.0, 200.0, 1e6, 1e7])) > 0).all())
    True
    >>> tail.p_values([tail.threshold(0.05)]).item() <= 0.05
    True
    """

    def __init__(self, blind: ArrayLike) -> None:
        self.blind: Floats = np.sort(np.asarray(blind, dtype=np.float64).ravel())
        if not len(self.blind) or not np.isfinite(self.blind).all():
            raise ContractError(f"{len(self.blind)} blind scores", allowed="one or more, all finite")
        count = len(self.blind)
        values, first = np.unique(self.blind, return_index=True)
        self._knots = values
        self._surprise = -np.log((count - first + 1) / (count + 2))
        above = self.blind[int(np.floor(count * (1 - TOP))) :] - self.blind[int(np.floor(count * (1 - TOP)))]
        excess = float(above[above > 0].mean()) if (above > 0).any() else float(self.blind.std())
        self.scale = excess if excess > 0 else max(abs(float(self.blind[-1])), 1e-9)

    def surprise(self, scores: ArrayLike) -> Floats:
        """Return -ln of the chance that a normal row is as strange, in nats, without an upper bound."""
        given = np.asarray(scores, dtype=np.float64)
        return np.asarray(np.interp(given, self._knots, self._surprise) + self._beyond(given))

    def percentile(self, scores: ArrayLike) -> Floats:
        """Return the share of normal rows that are less strange, in [0, 1); it still rises beyond the largest."""
        given = np.asarray(scores, dtype=np.float64)
        chance = np.exp(-np.interp(given, self._knots, self._surprise))
        below = np.maximum(self._knots[0] - given, 0.0) / self.scale
        return np.asarray((1.0 - chance / (1.0 + self._beyond(given))) / (1.0 + below))

    def p_values(self, scores: ArrayLike) -> Floats:
        """Return conformal p-values, (count of blind scores as high + 1) / (n + 1).

        Under exchangeability at most a share ``a`` of normal rows has a p-value of ``a`` or less (Bates et al., 2023).
        """
        given = np.asarray(scores, dtype=np.float64)
        reached = len(self.blind) - np.searchsorted(self.blind, given, side="left")
        return np.asarray((reached + 1.0) / (len(self.blind) + 1.0))

    def threshold(self, budget: float) -> float:
        """Return the smallest score whose p-value is within a false-alarm budget.

        Parameters
        ----------
        budget : float
            Share of normal rows that may be flagged, in (0, 1).

        Raises
        ------
        ContractError
            The budget is not in (0, 1), or needs more blind scores than there are.
        """
        count = len(self.blind)
        allowed = int(np.floor(budget * (count + 1) + 1e-9)) - 1
        if not 0 < budget < 1 or allowed < 0:
            raise ContractError(
                f"a false-alarm budget of {budget} with {count} blind scores",
                allowed=f"{1 / (count + 1):.2g} to 1",
            )
        return float(np.nextafter(self.blind[count - 1 - allowed], np.inf))

    def _beyond(self, given: Floats) -> Floats:
        return np.maximum(given - self._knots[-1], 0.0) / self.scale


@dataclass(frozen=True)
class Collapse:
    """Whether scores still tell rows apart.

    Attributes
    ----------
    rows, distinct : int
        Rows that differ in their inputs, and different scores they got.
    spread : float
        Distance between the 5 % and the 95 % quantile of the scores.
    """

    rows: int
    distinct: int
    spread: float

    @property
    def collapsed(self) -> bool:
        """True when fewer than half of the differing rows got a score of their own, or the middle 90 % got one score."""
        return self.rows > 1 and (2 * self.distinct < self.rows or self.spread <= 0.0)


def collapse(inputs: ArrayLike, scores: ArrayLike) -> Collapse:
    """Look for score collapse: rows that differ and are scored the same.

    Parameters
    ----------
    inputs : array of shape (n, n_columns)
    scores : array of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(40.0)[:, None]
    >>> collapse(rows, np.minimum(rows[:, 0], 5.0)).collapsed, collapse(rows, rows[:, 0] ** 2).collapsed
    (True, False)
    """
    given = np.asarray(scores, dtype=np.float64)
    if not len(given):
        return Collapse(0, 0, 0.0)
    low, high = np.quantile(given, [0.05, 0.95])
    return Collapse(
        len(np.unique(np.asarray(inputs, dtype=np.float64), axis=0)), len(np.unique(given)), float(high - low)
    )
