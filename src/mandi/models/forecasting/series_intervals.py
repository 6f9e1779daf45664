"""Prediction intervals of a blend from the errors it made in back-tests: conformal, pooled over series.

Each error is divided by a scale of its own series, so that all series share one quantile per step ahead; the quantiles are
smoothed over the steps. Units are those of the series. Source of the scaling: LOCART-style normalised conformal
prediction, Lei et al., "Distribution-free predictive inference for regression" (2018), section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mandi.core.errors import ContractError
from mandi.models.forecasting.series_panel import Floats


@dataclass(frozen=True)
class IntervalParams:
    """How intervals are made.

    Attributes
    ----------
    levels : tuple of float
        Coverage wanted, for example 0.9 and 0.95.
    own : float
        How much the scale of a series is its own back-test error rather than its naive one: scale = own ** own *
        naive ** (1 - own).
    smooth : bool
        Whether the quantile is a power of the step ahead (a straight line in logarithms) rather than free per step.
    """

    levels: tuple[float, ...] = (0.9, 0.95)
    own: float = 0.75
    smooth: bool = True


@dataclass(frozen=True)
class SeriesIntervals:
    """Half-widths of the intervals in units of the series' scale.

    Attributes
    ----------
    levels : tuple of float
    quantiles : array, shape (levels, horizon)
    scale : array, shape (series,)
    """

    levels: tuple[float, ...]
    quantiles: Floats
    scale: Floats

    def around(self, forecast: Floats, floor: float | None = 0.0) -> tuple[Floats, Floats]:
        """Return lower and upper bounds of shape (levels, series, horizon); no lower bound is under ``floor``."""
        half = self.quantiles[:, None, :] * self.scale[None, :, None]
        lower, upper = forecast[None] - half, forecast[None] + half
        if floor is not None:
            lower = np.minimum(np.maximum(lower, floor), forecast[None])
        return lower, upper


def conformal(residuals: Floats, naive: Floats, params: IntervalParams) -> SeriesIntervals:
    """Learn half-widths from residuals of earlier forecasts.

    Parameters
    ----------
    residuals : array, shape (windows, series, horizon)
        Actual less forecast, of forecasts whose weights did not see the window; NaN where a series had none.
    naive : array, shape (series,)
        Mean absolute step of each series, its unit of variation.

    Returns
    -------
    SeriesIntervals

    Raises
    ------
    ContractError
        There is no residual at all.

    Examples
    --------
    >>> past = np.tile(np.array([1.0, -2.0, 3.0, -4.0])[None, :, None], (2, 1, 3))
    >>> made = conformal(past, np.ones(4), IntervalParams(levels=(0.9,), own=1.0))
    >>> made.quantiles.round(6).tolist(), made.scale.tolist()
    ([[1.0, 1.0, 1.0]], [1.0, 2.0, 3.0, 4.0])
    """
    if not np.isfinite(residuals).any():
        raise ContractError("no residual to learn intervals from", allowed="at least one back-test window")
    sizes = np.abs(residuals)
    unit = _positive(naive)
    scale = series_scale(sizes, unit, params.own)
    ratios = np.full(sizes.shape, np.nan)
    for window in range(len(sizes)):
        # The scale of a series in a window comes from its other windows: a residual must not set its own measure.
        others = np.delete(sizes, window, axis=0) if len(sizes) > 1 else sizes
        ratios[window] = sizes[window] / series_scale(others, unit, params.own)[:, None]
    quantiles = np.stack([_by_step(ratios, level, params.smooth) for level in params.levels])
    return SeriesIntervals(params.levels, quantiles, scale)


def series_scale(sizes: Floats, unit: Floats, own: float) -> Floats:
    """Return each series' scale: its mean absolute back-test error mixed with its naive unit, in logarithms.

    The units are brought to the size of the errors first, so that the mixture favours neither.
    """
    known = np.isfinite(sizes)
    total = np.where(known, sizes, 0.0).sum(axis=(0, 2))
    count = known.sum(axis=(0, 2))
    ratio = total.sum() / float((count * unit).sum()) if total.sum() > 0 else 1.0
    usual = unit * ratio
    mean = np.where((count > 0) & (total > 0), total / np.maximum(count, 1), usual)
    return mean**own * usual ** (1.0 - own)


def _positive(values: Floats) -> Floats:
    good = values > 0
    return np.where(good, values, np.median(values[good]) if good.any() else 1.0)


def _by_step(ratios: Floats, level: float, smooth: bool) -> Floats:
    horizon = ratios.shape[2]
    free = np.array([_quantile(ratios[:, :, step], level) for step in range(horizon)])
    if not smooth or horizon < 3 or not (free > 0).all():
        return np.where(np.isfinite(free), free, _quantile(ratios, level))
    steps = np.log(np.arange(1, horizon + 1))
    slope, at_one = np.polyfit(steps, np.log(free), 1)
    return np.exp(at_one + slope * steps)


def _quantile(values: Floats, level: float) -> float:
    known = np.sort(values[np.isfinite(values)])
    if not len(known):
        return float("nan")
    return float(known[min(int(np.ceil(level * (len(known) + 1))) - 1, len(known) - 1)])
