"""Widens or narrows predicted intervals by what later calibration rows needed: conformalised quantile regression.

Units are those of the bounds given in (log price in the lot pricer). Method: Romano, Patterson and Candes,
"Conformalized Quantile Regression" (2019); the recency weights are those of Barber, Candes, Ramdas and Tibshirani,
"Conformal prediction beyond exchangeability" (2023).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import UnknownValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def margin(
    truth: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    level: float,
    *,
    scale: ArrayLike = 1.0,
    weight: ArrayLike | None = None,
) -> float:
    """Return by how many scales both bounds must move outward to cover ``level`` of new rows.

    Parameters
    ----------
    truth, lower, upper : array
        Calibration rows, later than every row the bounds were fitted on.
    level : float
        Coverage wanted, between 0 and 1.
    scale : array
        Unit of the margin per row: 1 moves all bounds alike, a predicted width moves wide ones more.
    weight : array, optional
        How much each row counts, for example less the older it is; all alike if not given. The row to come counts as
        much as the heaviest.

    Returns
    -------
    float
        Negative where the bounds were too wide. With too few rows for the level the largest need is returned.

    Raises
    ------
    UnknownValue
        ``level`` is not between 0 and 1, or there is no row.

    Examples
    --------
    >>> margin([1.0, 2.0, 3.0, 4.0], [0.0] * 4, [2.5] * 4, 0.6)
    0.5
    """
    if not 0.0 < level < 1.0:
        raise UnknownValue(f"level is {level}", allowed="between 0 and 1")
    y, low, high = (np.asarray(x, dtype=np.float64) for x in (truth, lower, upper))
    if len(y) == 0:
        raise UnknownValue("no calibration row", allowed="at least one")
    need = np.maximum(low - y, y - high) / np.asarray(scale, dtype=np.float64)
    heavy = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    order = np.argsort(need, kind="stable")
    share = np.cumsum(heavy[order]) / (heavy.sum() + heavy.max())
    place = int(np.searchsorted(share, level - 1e-12))
    return float(need[order][min(place, len(need) - 1)])


def recency(age_days: ArrayLike, half_life_days: float) -> NDArray[np.float64]:
    """Return weights that halve with every ``half_life_days`` of age.

    Examples
    --------
    >>> recency([0.0, 90.0, 180.0], 90.0).tolist()
    [1.0, 0.5, 0.25]
    """
    return np.exp2(-np.asarray(age_days, dtype=np.float64) / half_life_days)


def uncrossed(bounds: Floats) -> Floats:
    """Sort each row's quantiles, so that no lower one lies above a higher one.

    Examples
    --------
    >>> uncrossed(np.array([[2.0, 1.0, 3.0]])).tolist()
    [[1.0, 2.0, 3.0]]
    """
    return np.sort(bounds, axis=1)
