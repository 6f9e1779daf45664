"""Errors of forecasts of many series: point errors, the M4 average and the quality of intervals.

Arrays have the shape (series, horizon); errors are computed per series and averaged over series, as in the M4 competition
(Makridakis, Spiliotis and Assimakopoulos, "The M4 Competition: 100,000 time series and 61 forecasting methods", Int. J.
Forecasting 36, 2020). Percentages are in percent. A truth that is NaN is left out, a forecast that is NaN is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mandi.core.errors import ContractError, UnknownValue

Numbers: TypeAlias = NDArray[np.float64]


def smape(truth: ArrayLike, forecast: ArrayLike) -> float:
    """Symmetric mean absolute percentage error: 200 |y - f| / (|y| + |f|), 0 to 200; 0 where both are 0.

    Raises
    ------
    ContractError
        Shapes differ or a forecast is not finite.

    Examples
    --------
    >>> smape([[100.0, 100.0]], [[50.0, 100.0]]).__round__(3)
    33.333
    """
    y, f = _pair(truth, forecast)
    size = np.abs(y) + np.abs(f)
    return _over_series(np.where(size == 0, 0.0, 200.0 * np.abs(y - f) / np.where(size == 0, 1.0, size)))


def mase(truth: ArrayLike, forecast: ArrayLike, scale: ArrayLike) -> float:
    """Mean absolute error of each series in units of its ``scale``.

    Parameters
    ----------
    scale : array, shape (series,)
        See :func:`naive_step`. Figures of different scales cannot be compared.

    Examples
    --------
    >>> mase([[10.0, 20.0]], [[12.0, 21.0]], [2.0])
    0.75
    """
    y, f = _pair(truth, forecast)
    return _over_series(np.abs(y - f) / _scale(scale, len(y))[:, None])


def owa(smape_value: float, mase_value: float, naive_smape: float, naive_mase: float) -> float:
    """Overall weighted average of the M4 competition: mean of both errors as shares of the naive forecast's.

    Examples
    --------
    >>> owa(4.0, 1.0, 8.0, 4.0)
    0.375
    """
    return (smape_value / naive_smape + mase_value / naive_mase) / 2.0


def naive_step(values: Sequence[ArrayLike], season: int = 1) -> Numbers:
    """Mean absolute change over ``season`` steps of the training part of each series: the scale of MASE and MSIS.

    Examples
    --------
    >>> naive_step([[1.0, 3.0, 7.0]]).tolist(), naive_step([[1.0, 3.0, 7.0]], season=2).tolist()
    ([3.0], [6.0])
    """
    arrays = [np.asarray(v, dtype=np.float64) for v in values]
    return np.array([np.abs(v[season:] - v[:-season]).mean() if len(v) > season else np.nan for v in arrays])


def msis(
    truth: ArrayLike, lower: ArrayLike, upper: ArrayLike, scale: ArrayLike, level: float = 0.95
) -> float:
    """Mean scaled interval score: width plus 2 / (1 - level) times the miss, in units of ``scale``.

    Examples
    --------
    >>> msis([[5.0, 12.0]], [[0.0, 0.0]], [[10.0, 10.0]], [10.0], level=0.9).__round__(6)
    3.0
    """
    if not 0.0 < level < 1.0:
        raise UnknownValue(f"level is {level!r}", allowed="between 0 and 1, both excluded")
    y, low = _pair(truth, lower)
    _, high = _pair(truth, upper)
    missed = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    score = high - low + 2.0 / (1.0 - level) * missed
    return _over_series(score / _scale(scale, len(y))[:, None])


def coverage(truth: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of known truths inside their interval, bounds included.

    Examples
    --------
    >>> coverage([[1.0, 2.0, float("nan")]], [[0.0, 3.0, 0.0]], [[1.0, 4.0, 0.0]])
    0.5
    """
    y, low = _pair(truth, lower)
    _, high = _pair(truth, upper)
    inside = ((low <= y) & (y <= high))[np.isfinite(y)]
    return float(inside.mean()) if inside.size else float("nan")


def wape(truth: ArrayLike, forecast: ArrayLike) -> float:
    """Absolute errors as a share of all that came, in percent, over all series together: their units must be alike.

    Examples
    --------
    >>> wape([[0.0, 100.0]], [[10.0, 80.0]])
    30.0
    """
    y, f = _pair(truth, forecast)
    known = np.isfinite(y)
    total = float(np.abs(y[known]).sum())
    return 100.0 * float(np.abs(y - f)[known].sum()) / total if total > 0 else float("nan")


def mape_nonzero(truth: ArrayLike, forecast: ArrayLike) -> float:
    """Mean absolute percentage error over truths above 0; it rewards forecasts that are too low, so read WAPE beside it.

    Examples
    --------
    >>> mape_nonzero([[0.0, 100.0]], [[10.0, 80.0]])
    20.0
    """
    y, f = _pair(truth, forecast)
    kept = y > 0
    return 100.0 * float((np.abs(y - f)[kept] / y[kept]).mean()) if kept.any() else float("nan")


def _pair(truth: ArrayLike, forecast: ArrayLike) -> tuple[Numbers, Numbers]:
    y, f = (np.atleast_2d(np.asarray(a, dtype=np.float64)) for a in (truth, forecast))
    if y.shape != f.shape:
        raise ContractError(f"truth of shape {y.shape}, forecast of shape {f.shape}", allowed="one shape")
    bad = int((~np.isfinite(f)).sum())
    if bad:
        raise ContractError(f"{bad} of {f.size} forecasts are not finite", allowed="finite numbers")
    return y, f


def _scale(scale: ArrayLike, count: int) -> Numbers:
    values = np.broadcast_to(np.asarray(scale, dtype=np.float64), (count,))
    if not (values > 0).all():
        raise ContractError(
            f"{int((~(values > 0)).sum())} of {count} scales are not above 0",
            allowed="above 0: leave such series out",
        )
    return values


def _over_series(errors: Numbers) -> float:
    known = np.isfinite(errors)
    count = known.sum(axis=1)
    if not count.any():
        return float("nan")
    means = np.where(known, errors, 0.0).sum(axis=1)[count > 0] / count[count > 0]
    return float(means.mean())
