"""Latent price levels of the generated market: national + state + market, in log INR/quintal, one value per day.

The national level is a random walk with fat tails (Student t, 5 degrees) that follows its drivers, keeps a season and
is pulled weakly to its support price. States and markets wander about it (Ornstein-Uhlenbeck), nearer ones together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mandi.tables.market_crops import Crop, crop
from mandi.tables.market_drivers import followed_move
from mandi.tables.market_params import MarketParams
from mandi.tables.market_places import kilometres

ANCHOR_PULL = 1 / 250
STATE_REACH_KM = 500.0
MARKET_REACH_KM = 150.0
SHIFT_DAYS = 20
CLOSED_MOVE = 0.3
"""Size of a move on a closed day relative to a trading day."""
PORT_GRADIENT = 0.004
"""Log price lost per 100 km from the port."""
MARKET_SPREAD = 0.025
"""Lasting differences between markets (log sd); 40 soybean markets showed .029 in all, the gradient included."""


@dataclass(frozen=True)
class Levels:
    """Latent levels of one commodity.

    ``log_level`` and ``foreseen`` are days x markets: the level of the day, and what was foreseeable of it the day
    before by who knew every parameter and the latent levels of that day. ``national`` (days), ``innovation_variance``
    (days: national) and the covariances of state and market moves serve the best filter.
    """

    commodity: str
    cells: pd.DataFrame
    log_level: np.ndarray
    foreseen: np.ndarray
    national: np.ndarray
    deterministic: np.ndarray
    national_sd: np.ndarray
    move_scale: np.ndarray
    state_of: np.ndarray
    state_covariance: np.ndarray
    market_covariance: np.ndarray
    offset: np.ndarray


def levels(
    params: MarketParams,
    cells: pd.DataFrame,
    calendar: pd.DataFrame,
    paths: pd.DataFrame,
    support: pd.DataFrame,
) -> dict[str, Levels]:
    """Draw the latent levels of every commodity.

    Parameters
    ----------
    params : MarketParams
    cells : DataFrame
        From `market_places.cells`.
    calendar : DataFrame
        From `market_calendar.calendar`.
    paths, support : DataFrame
        From `market_drivers`.

    Returns
    -------
    dict of str to Levels
    """
    streams = np.random.SeedSequence(params.rng("levels").integers(2**32, size=4)).spawn(
        len(params.commodities)
    )
    return {
        name: _draw(
            params,
            crop(name),
            cells[cells["commodity"] == name].reset_index(drop=True),
            calendar,
            paths,
            support,
            np.random.default_rng(stream),
        )
        for name, stream in zip(params.commodities, streams, strict=True)
    }


def season(kind: Crop, day_of_year: np.ndarray) -> np.ndarray:
    """Return the yearly swing of the national level (log): lowest just after harvest.

    Examples
    --------
    >>> from mandi.tables.market_crops import CROPS
    >>> season(CROPS["soybean"], np.array([318])).round(3).tolist()
    [-0.03]
    """
    return -kind.season_amplitude * np.cos(2 * np.pi * (day_of_year - kind.harvest_day - 10) / 365.25)


def shift_path(params: MarketParams, kind: Crop, day: pd.DatetimeIndex) -> np.ndarray:
    """Return the level change of the dated regime shift (log): a ramp of `SHIFT_DAYS` days.

    Examples
    --------
    >>> from mandi.tables.market_crops import CROPS
    >>> day = pd.DatetimeIndex(["2023-06-11", "2023-08-01"])
    >>> shift_path(MarketParams(), CROPS["wheat"], day).tolist()
    [0.0, -0.04]
    """
    since = (day - pd.Timestamp(params.shift_date)) / pd.Timedelta(days=1)
    return kind.shift * np.clip((since.to_numpy() + 1) / SHIFT_DAYS, 0, 1) + 0.0


def anchor_path(kind: Crop, day: pd.DatetimeIndex, support: pd.DataFrame) -> np.ndarray:
    """Return the log change of the support price in force since the first announcement, one value per day.

    Examples
    --------
    >>> from mandi.tables.market_crops import CROPS
    >>> support = pd.DataFrame({"commodity": "tur", "day": pd.to_datetime(["2020-06-10", "2021-06-10"]),
    ...                         "value": [6000.0, 6300.0]})
    >>> anchor_path(CROPS["tur"], pd.DatetimeIndex(["2021-06-09", "2021-06-10"]), support).round(4).tolist()
    [0.0, 0.0488]
    """
    own = support[support["commodity"] == kind.name].sort_values("day")
    if kind.msp is None or own.empty:
        return np.zeros(len(day))
    last = np.searchsorted(own["day"].to_numpy(), day.to_numpy(), side="right") - 1
    in_force = own["value"].to_numpy()[np.clip(last, 0, None)]
    return np.log(in_force / own["value"].iloc[0])


def _draw(
    params: MarketParams,
    kind: Crop,
    cells: pd.DataFrame,
    calendar: pd.DataFrame,
    paths: pd.DataFrame,
    support: pd.DataFrame,
    rng: np.random.Generator,
) -> Levels:
    days, markets = len(calendar), len(cells)
    day = pd.DatetimeIndex(calendar["day"])
    move_scale = np.where(calendar["openness"].to_numpy() < 0.5, CLOSED_MOVE, 1.0)
    known = season(kind, calendar["day_of_year"].to_numpy().astype(float)) + shift_path(params, kind, day)
    after = day >= pd.Timestamp(params.shift_date)
    sd = kind.national_sd * np.where(after, 1.0, 1 / params.shift_volatility) * move_scale
    moves = rng.standard_t(5, days) / np.sqrt(5 / 3) * sd
    wander, foreseen_wander = _anchored_walk(
        moves, followed_move(kind.name, paths), anchor_path(kind, day, support)
    )
    national = np.log(kind.price) + wander + known
    states = sorted(cells["state"].unique())
    state_of = np.searchsorted(states, cells["state"])
    centre = cells.groupby("state")[["latitude", "longitude"]].mean().loc[states].to_numpy()
    local = kind.local_factor
    state_cov = (params.state_move_sd * local) ** 2 * _nearness(centre, STATE_REACH_KM)
    market_cov = (params.market_move_sd * local) ** 2 * _nearness(
        cells[["latitude", "longitude"]].to_numpy(), MARKET_REACH_KM
    )
    keep = 1 - 1 / params.reversion_days
    state, state_before = _wander(rng, state_cov, keep, move_scale)
    market, market_before = _wander(rng, market_cov, keep, move_scale)
    distance = cells["distance_from_port_km"].to_numpy()
    offset = -PORT_GRADIENT * (
        distance - distance.mean()
    ) / 100 + MARKET_SPREAD * local * rng.standard_normal(markets)
    foreseen_national = np.log(kind.price) + foreseen_wander + known
    return Levels(
        commodity=kind.name,
        cells=cells,
        log_level=national[:, None] + state[:, state_of] + market + offset,
        foreseen=foreseen_national[:, None] + state_before[:, state_of] + market_before + offset,
        national=national,
        deterministic=known,
        national_sd=sd,
        move_scale=move_scale,
        state_of=state_of,
        state_covariance=state_cov,
        market_covariance=market_cov,
        offset=offset,
    )


def _anchored_walk(
    moves: np.ndarray, followed: np.ndarray, anchor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    walk, foreseen = np.empty(len(moves)), np.empty(len(moves))
    here = anchor[0]
    for t in range(len(moves)):
        foreseen[t] = here + ANCHOR_PULL * (anchor[max(t - 1, 0)] - here) + followed[t]
        here = foreseen[t] + moves[t]
        walk[t] = here
    return walk, foreseen


def _nearness(points: np.ndarray, reach_km: float) -> np.ndarray:
    apart = kilometres(points[:, :1], points[:, 1:], points[:, 0], points[:, 1])
    return np.exp(-apart / reach_km)


def _wander(
    rng: np.random.Generator, covariance: np.ndarray, keep: float, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    root = np.linalg.cholesky(covariance + 1e-14 * np.eye(len(covariance)))
    steps = rng.standard_normal((len(scale), len(covariance))) @ root.T * scale[:, None]
    path, before = np.empty_like(steps), np.empty_like(steps)
    here = root @ rng.standard_normal(len(covariance)) / np.sqrt(1 - keep**2)
    for t in range(len(scale)):
        before[t] = keep * here
        here = before[t] + steps[t]
        path[t] = here
    return path, before
