"""Widths of forecast intervals in log price: scaled split conformal, stepped by coverage at short horizons.

Half-width = scale x quantile of past |error| / scale. The scale is the recent error of all markets times a slow ratio
of the market's own. At 1 and 7 days the nominal level is stepped by what was covered (adaptive conformal inference,
Gibbs and Candes 2021); at 30 and 60 days it is not: feedback comes too late there and oscillates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVELS = (0.90, 0.95)
FLOOR = 1.0e-3  # log price; no scale is smaller
LEAST = 50  # scores; with fewer there is no quantile
BINS = np.geomspace(1.0e-2, 60.0, 301)  # |error| / scale; the quantile is interpolated within a bin


@dataclass(frozen=True)
class IntervalParams:
    """How one horizon's widths follow past errors.

    Attributes
    ----------
    window : int
        Days with scores the quantile is taken of.
    half_life : float
        Days after which an error counts half in the recent scale.
    step : float
        Step of the level per day towards nominal coverage; 0 is plain split conformal.
    shrink_reports : float
        Pseudo-reports with which a market's ratio is drawn to 1.
    memory : float
        Reports over which a market's ratio is averaged.
    """

    window: int = 90
    half_life: float = 8.0
    step: float = 0.05
    shrink_reports: float = 30.0
    memory: float = 250.0


@dataclass(frozen=True)
class Widths:
    """Scale and half-widths of the forecast made on each day, days x markets, in log price."""

    scale: Floats
    half90: Floats
    half95: Floats


def widths(error: Floats, params: IntervalParams, lag: int = 0) -> Widths:
    """Follow absolute errors through time and give the widths known before each of them.

    Parameters
    ----------
    error : days x markets
        |log report - log forecast| on the day the report is known, NaN where there is none.
    params : IntervalParams
    lag : int
        Days between a forecast and its target: the score of a day's error uses the scale of the day the forecast was
        made, ``lag`` days before.

    Returns
    -------
    Widths
        Row ``t`` holds what is known at the end of day ``t``, for forecasts made then.

    Examples
    --------
    >>> noise = np.abs(np.random.default_rng(7).normal(0.0, 0.02, (400, 50)))
    >>> known = widths(noise, IntervalParams(), lag=1)
    >>> bool(abs((noise[1:] <= known.half90[:-1])[200:].mean() - 0.9) < 0.01)
    True
    """
    scale = _scales(error, params)
    counts, outside = _scores(error, scale, lag)
    window = _trailing(counts, params.window)
    half = [scale * quantile[:, None] for quantile in _quantiles(window, outside, params, lag)]
    return Widths(scale, half[0], half[1])


def _scales(error: Floats, params: IntervalParams) -> Floats:
    days, markets = error.shape
    keep = 0.5 ** (1.0 / params.half_life)
    summed, weight = 0.0, 0.0
    ratio, count = np.ones(markets), np.zeros(markets)
    scale = np.full((days, markets), np.nan)
    recent = np.nan
    for day in range(days):
        who = np.flatnonzero(np.isfinite(error[day]))
        summed, weight = keep * summed, keep * weight
        if len(who):
            value = np.minimum(error[day, who], 10.0 * recent) if np.isfinite(recent) else error[day, who]
            own = (count[who] * ratio[who] + params.shrink_reports) / (count[who] + params.shrink_reports)
            summed += float((value / own).sum())
            weight += len(who)
            recent = max(summed / weight, FLOOR)
            count[who] = np.minimum(count[who] + 1.0, params.memory)
            ratio[who] += (np.minimum(value / recent, 5.0) - ratio[who]) / count[who]
        shrunk = (count * ratio + params.shrink_reports) / (count + params.shrink_reports)
        scale[day] = np.maximum(recent * shrunk, FLOOR)
    return scale


def _scores(error: Floats, scale: Floats, lag: int) -> tuple[Floats, list[Floats]]:
    made = np.full_like(scale, np.nan)
    made[lag:] = scale[: len(scale) - lag] if lag else scale
    score = error / made
    counts = np.zeros((len(score), len(BINS) + 1))
    rows = []
    for day in range(len(score)):
        values = score[day][np.isfinite(score[day])]
        counts[day] = np.bincount(np.searchsorted(BINS, values), minlength=len(BINS) + 1)
        rows.append(values)
    return counts, rows


def _trailing(counts: Floats, window: int) -> Floats:
    total = np.cumsum(counts, axis=0)
    scored = counts.any(axis=1)
    days = np.concatenate([[0], np.flatnonzero(scored) + 1])
    place = np.maximum(np.cumsum(scored) - window, 0)
    return total - np.concatenate([np.zeros((1, counts.shape[1])), total])[days[place]]


def _quantiles(window: Floats, scores: list[Floats], params: IntervalParams, lag: int) -> list[Floats]:
    quantiles = np.full((len(LEVELS), len(window)), np.nan)
    miss = 1.0 - np.array(LEVELS)
    edges = np.concatenate([[BINS[0]], BINS, [BINS[-1]]])
    for day, counts in enumerate(window):
        made = quantiles[:, day - lag] if day >= lag else np.full(len(LEVELS), np.nan)
        if params.step and len(scores[day]) and np.isfinite(made[0]):
            outside = (scores[day] > made[:, None]).mean(axis=1)
            weight = min(1.0, len(scores[day]) / 30.0)
            miss = np.clip(miss + params.step * weight * (1.0 - np.array(LEVELS) - outside), 0.002, 0.5)
        cumulated = np.cumsum(counts)
        total = cumulated[-1]
        if total < LEAST:
            continue
        wanted = np.minimum(1.0 - miss, total / (total + 1.0)) * total
        place = np.searchsorted(cumulated, wanted)
        inside = (wanted - (cumulated - counts)[place]) / np.maximum(counts[place], 1.0)
        quantiles[:, day] = edges[place] + inside * (edges[place + 1] - edges[place])
    return list(quantiles)
