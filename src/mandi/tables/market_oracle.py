"""The best filter of public reports: a Kalman filter that knows every parameter of the market and no latent state.

State: national wander, states and markets (log price). What it cannot know is what no model of public data can.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.market_crops import crop
from mandi.tables.market_drivers import followed_move
from mandi.tables.market_levels import ANCHOR_PULL, Levels, anchor_path
from mandi.tables.market_params import MarketParams
from mandi.tables.market_reports import Reporting

HUBER = 2.0
"""Innovations beyond this many standard deviations count as if their noise were larger (fat-tailed reports)."""


def filtered_levels(
    params: MarketParams,
    level: Levels,
    told: Reporting,
    day: pd.DatetimeIndex,
    paths: pd.DataFrame,
    support: pd.DataFrame,
) -> np.ndarray:
    """Return the expected log level of every day and market, given the reports of earlier days only.

    Parameters
    ----------
    params : MarketParams
    level : Levels
        Used for its parameters (variances, offsets, season), never for its states.
    told : Reporting
        ``observed`` and ``noise_sd``.
    day : DatetimeIndex
    paths, support : DataFrame
        From `market_drivers`.

    Returns
    -------
    ndarray
        Days x markets, log INR/quintal.
    """
    kind = crop(level.commodity)
    states, markets = len(level.state_covariance), len(level.market_covariance)
    size = 1 + states + markets
    reads = np.zeros((markets, size))
    reads[:, 0] = 1.0
    reads[np.arange(markets), 1 + level.state_of] = 1.0
    reads[np.arange(markets), 1 + states + np.arange(markets)] = 1.0
    keep = np.full(size, 1 - 1 / params.reversion_days)
    keep[0] = 1 - ANCHOR_PULL
    moves = np.zeros((size, size))
    moves[1 : 1 + states, 1 : 1 + states] = level.state_covariance
    moves[1 + states :, 1 + states :] = level.market_covariance
    anchor = anchor_path(kind, day, support)
    followed = followed_move(level.commodity, paths)
    mean = np.zeros(size)
    mean[0] = anchor[0]
    covariance = moves / (1 - keep[1] ** 2)
    covariance[0, 0] = 0.01**2
    fixed = np.log(kind.price) + level.offset
    forecast = np.empty(level.log_level.shape)
    for t in range(len(day)):
        mean = keep * mean
        mean[0] += ANCHOR_PULL * anchor[max(t - 1, 0)] + followed[t]
        covariance = covariance * np.outer(keep, keep) + moves * level.move_scale[t] ** 2
        covariance[0, 0] += level.national_sd[t] ** 2
        forecast[t] = reads @ mean + fixed + level.deterministic[t]
        seen = np.flatnonzero(~np.isnan(told.observed[t]))
        if len(seen):
            mean, covariance = _update(
                mean, covariance, reads[seen], told.observed[t, seen] - forecast[t, seen], told.noise_sd[seen]
            )
    return forecast


def _update(
    mean: np.ndarray, covariance: np.ndarray, reads: np.ndarray, surprise: np.ndarray, noise_sd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    spread = reads @ covariance @ reads.T
    usual = np.sqrt(np.diag(spread) + noise_sd**2)
    weight = np.maximum(np.abs(surprise - np.median(surprise)) / usual / HUBER, 1.0)
    gain = np.linalg.solve(spread + np.diag(noise_sd**2 * weight), reads @ covariance).T
    return mean + gain @ surprise, covariance - gain @ reads @ covariance
