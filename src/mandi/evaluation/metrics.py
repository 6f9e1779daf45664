"""Errors of prices (INR per quintal) and quality of their intervals, one number each.

Every function refuses values that are not finite: what to do with a row that has no label or no baseline is
decided, and counted, by the caller. No rows at all give NaN, which fails every gate.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mandi.core.errors import ContractError, UnknownValue

Numbers: TypeAlias = NDArray[np.float64]


def mae(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error, in the unit of the truth.

    Raises
    ------
    ContractError
        The lengths differ or a value is not finite.

    Examples
    --------
    >>> mae([100.0, 200.0], [110.0, 195.0])
    7.5
    """
    y, p = _aligned(truth=truth, predicted=predicted)
    return _mean(np.abs(y - p))


def rmse(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the truth.

    Examples
    --------
    >>> rmse([0.0, 0.0], [3.0, 4.0]) == 12.5**0.5
    True
    """
    y, p = _aligned(truth=truth, predicted=predicted)
    return float(np.sqrt(_mean((y - p) ** 2)))


def r2(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Share of the variance of the truth explained; NaN when the truth does not vary.

    Prices of several commodities differ so much that R2 is high for almost any forecast: read it beside a baseline.

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    y, p = _aligned(truth=truth, predicted=predicted)
    spread = float(((y - y.mean()) ** 2).sum()) if y.size else 0.0
    return 1.0 - float(((y - p) ** 2).sum()) / spread if spread > 0 else float("nan")


def mape(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error as a share of the truth, in percent, averaged over rows.

    Raises
    ------
    ContractError
        A truth is zero or negative: a percentage of it has no meaning.

    Examples
    --------
    >>> mape([100.0, 200.0], [110.0, 195.0])
    6.25
    """
    y, p = _aligned(truth=truth, predicted=predicted)
    if (y <= 0).any():
        raise ContractError(
            f"{int((y <= 0).sum())} true values are zero or negative", allowed="above 0 for MAPE"
        )
    return 100.0 * _mean(np.abs(y - p) / y)


def mase(truth: ArrayLike, predicted: ArrayLike, scale: ArrayLike) -> float:
    """Mean absolute error in units of ``scale``.

    Parameters
    ----------
    truth, predicted : array
        INR per quintal.
    scale : array or float
        The in-sample error of a naive forecast for the series of each row, INR per quintal (see ``naive_scale``).
        Figures of different scales cannot be compared, so a MASE is always quoted with its scale.

    Source: Hyndman and Koehler, "Another look at measures of forecast accuracy", Int. J. Forecasting 22 (2006).

    Examples
    --------
    >>> mase([10.0, 20.0], [12.0, 21.0], scale=[2.0, 4.0])
    0.625
    """
    y, p = _aligned(truth=truth, predicted=predicted)
    (s,) = _aligned(scale=np.broadcast_to(np.asarray(scale, dtype=float), y.shape))
    if (s <= 0).any():
        raise ContractError(f"scale is {s.min():g}", allowed="above 0")
    return _mean(np.abs(y - p) / s)


def naive_scale(values: pd.Series, series: pd.Series) -> pd.Series:
    """Mean absolute change between successive values of each series: the denominator of MASE with period 1.

    Parameters
    ----------
    values : Series
        Values in time order within each series, of the training period only.
    series : Series
        Name of the series of each value, on the same index.

    Returns
    -------
    Series
        One scale per series; NaN for a series of one value.

    Examples
    --------
    >>> naive_scale(pd.Series([1.0, 3.0, 7.0]), pd.Series(["a", "a", "a"])).to_dict()
    {'a': 3.0}
    """
    change = values.groupby(series, sort=True).diff().abs()
    return change.groupby(series, sort=True).mean()


def pinball(truth: ArrayLike, predicted: ArrayLike, quantile: float) -> float:
    """Mean pinball (quantile) loss of a predicted quantile, in the unit of the truth.

    Examples
    --------
    >>> pinball([10.0, 10.0], [8.0, 12.0], quantile=0.75)
    1.0
    """
    _inside(quantile, "quantile")
    y, p = _aligned(truth=truth, predicted=predicted)
    over = y - p
    return _mean(np.maximum(quantile * over, (quantile - 1.0) * over))


def coverage(truth: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of truths inside their interval, bounds included.

    Examples
    --------
    >>> coverage([1.0, 2.0, 3.0, 9.0], [0.0, 2.0, 0.0, 0.0], [2.0, 4.0, 2.0, 9.5])
    0.75
    """
    y, low, high = _interval(truth, lower, upper)
    return _mean(((low <= y) & (y <= high)).astype(float))


def mean_width(lower: ArrayLike, upper: ArrayLike) -> float:
    """Mean width of intervals, in their unit.

    Examples
    --------
    >>> mean_width([1.0, 2.0], [3.0, 8.0])
    4.0
    """
    low, high = _aligned(lower=lower, upper=upper)
    return _mean(high - low)


def interval_score(truth: ArrayLike, lower: ArrayLike, upper: ArrayLike, level: float) -> float:
    """Mean Winkler interval score: width plus 2 / (1 - level) times the distance by which the truth is missed.

    Lower is better; unlike coverage it cannot be won by wide intervals.

    Source: Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007), sec. 6.2.

    Examples
    --------
    >>> interval_score([5.0, 12.0], [0.0, 0.0], [10.0, 10.0], level=0.9).__round__(6)
    30.0
    """
    _inside(level, "level")
    y, low, high = _interval(truth, lower, upper)
    missed = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return _mean(high - low + 2.0 / (1.0 - level) * missed)


def _aligned(**named: ArrayLike) -> list[Numbers]:
    arrays = {name: np.asarray(values, dtype=float).ravel() for name, values in named.items()}
    sizes = {name: array.size for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        raise ContractError(f"lengths differ: {sizes}", allowed="one value per row in each")
    for name, array in arrays.items():
        bad = int((~np.isfinite(array)).sum())
        if bad:
            raise ContractError(
                f"{bad} of {array.size} values of {name} are not finite",
                allowed="finite numbers; leave such rows out, and count them, before measuring",
            )
    return list(arrays.values())


def _interval(truth: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> list[Numbers]:
    y, low, high = _aligned(truth=truth, lower=lower, upper=upper)
    crossed = int((low > high).sum())
    if crossed:
        raise ContractError(f"{crossed} intervals have lower above upper", allowed="lower <= upper")
    return [y, low, high]


def _inside(value: float, name: str) -> None:
    if not 0.0 < value < 1.0:
        raise UnknownValue(f"{name} is {value!r}", allowed="between 0 and 1, both excluded")


def _mean(values: Numbers) -> float:
    return float(values.mean()) if values.size else float("nan")
