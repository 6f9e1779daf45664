"""Market reports of the generated market: what an Agmarknet page would say of each day, noise, gaps and errors included.

Prices in INR/quintal, arrivals in tonnes. The reported modal price is the latent level with fat-tailed noise, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mandi.tables.market_calendar import end_of_day
from mandi.tables.market_crops import Crop, crop
from mandi.tables.market_levels import Levels
from mandi.tables.market_params import MarketParams

WEEKDAY_ARRIVALS = np.array([1.20, 1.10, 1.15, 1.08, 1.15, 0.95, 0.60])
ROBUST_T4 = 0.7407 / 0.6745
"""Median absolute value of Student t with 4 degrees over that of the normal: makes the noise sd a robust one."""
ARRIVALS_SD = 0.35
DEMAND_KEEP, DEMAND_STEP = 0.98, 0.012
SPELLS_A_YEAR, SPELL_DAYS = 2, (4, 20)
SECOND_VARIETY_MARKETS, SECOND_VARIETY_DAYS = 0.30, 0.40
NOISE_BY_SIZE = -0.05
"""Noise falls with volume: .0176 to .0147 from the smallest to the largest fifth of 179 soybean markets (44 x)."""
MISSING_ARRIVALS = 0.026
"""Share of soybean reports without arrivals."""
ZERO_PRICE, TEN_TIMES, MODAL_OUTSIDE, REPEATED = 0.0005, 0.0004, 0.005, 0.001
"""Rates of bad reports, before `dirt`: soybean 2008-17 repeats .001 of its rows, cotton 2018-24 has a 47,500."""


@dataclass(frozen=True)
class Reporting:
    """Latent side of the reports of one commodity, days x markets.

    ``observed`` is the log modal price before rounding and typing errors (NaN without report), ``noise_sd`` the robust
    noise of each market, ``expected_arrivals`` tonnes foreseeable without the noise of the day, ``arrivals`` tonnes
    that came (0 without report), ``demand`` the latent national demand factor (log, days), ``usual_chance`` the chance
    of a report before closing spells are known.
    """

    observed: np.ndarray
    noise_sd: np.ndarray
    reported: np.ndarray
    expected_arrivals: np.ndarray
    arrivals: np.ndarray
    demand: np.ndarray
    usual_chance: np.ndarray


def harvest_curve(kind: Crop, day_of_year: np.ndarray) -> np.ndarray:
    """Return relative arrivals over the year: a harvest peak with a long tail after it; the mean is about 1.

    Examples
    --------
    >>> from mandi.tables.market_crops import CROPS
    >>> curve = harvest_curve(CROPS["soybean"], np.arange(1, 366))
    >>> bool(curve[308] > 3 * curve[210])
    True
    """
    every = np.arange(1, 367)
    after = (every - kind.harvest_day + 183) % 365.25 - 183
    width = np.where(after < 0, 0.6 * kind.harvest_width, 1.4 * kind.harvest_width)
    bump = np.exp(-0.5 * (after / width) ** 2)
    curve = kind.lean_share + (1 - kind.lean_share) * bump / bump.mean()
    return curve[np.asarray(day_of_year, dtype=int) - 1]


def festival_rush(calendar: pd.DataFrame) -> np.ndarray:
    """Return the extra arrivals (log) in the weeks before Diwali.

    Examples
    --------
    >>> festival_rush(pd.DataFrame({"to_diwali": [-8.0, 60.0]})).round(2).tolist()
    [0.15, 0.0]
    """
    return 0.15 * np.exp(-0.5 * ((calendar["to_diwali"].to_numpy() + 8) / 5) ** 2)


def reporting(params: MarketParams, calendar: pd.DataFrame, drawn: dict[str, Levels]) -> dict[str, Reporting]:
    """Draw which markets report on which days, with what noise and what arrivals.

    Returns
    -------
    dict of str to Reporting
    """
    streams = np.random.SeedSequence(params.rng("reports").integers(2**32, size=4)).spawn(len(drawn))
    return {
        name: _report(params, crop(name), calendar, level, np.random.default_rng(stream))
        for (name, level), stream in zip(drawn.items(), streams, strict=True)
    }


def _report(
    params: MarketParams, kind: Crop, calendar: pd.DataFrame, level: Levels, rng: np.random.Generator
) -> Reporting:
    days, markets = level.log_level.shape
    noise_sd = (
        params.report_noise_sd
        * kind.noise_factor
        * np.exp(params.report_noise_spread * rng.standard_normal(markets))
        * level.cells["size"].to_numpy() ** NOISE_BY_SIZE
    )
    noise = rng.standard_t(4, (days, markets)) / ROBUST_T4 * noise_sd
    curve = harvest_curve(kind, calendar["day_of_year"].to_numpy())
    size = level.cells["size"].to_numpy()
    diligence = np.clip(rng.beta(14, 1.2, markets) * size**0.05, 0, 0.99)
    lean = np.clip(0.85 + 0.15 * curve, 0.85, 1.0)
    chance = calendar["openness"].to_numpy()[:, None] * lean[:, None] * diligence[None, :]
    spells = _closing_spells(rng, days, size)
    usual = chance * (1 - _spell_rate(size) * np.mean(SPELL_DAYS))
    chance = chance * ~spells
    reported = rng.random((days, markets)) < chance
    demand = _demand(rng, calendar)
    weekday = WEEKDAY_ARRIVALS[calendar["weekday"].to_numpy()]
    tonnes = 120.0 * level.cells["size"].to_numpy() * (20.0 if kind.name == "iron_ore" else 1.0)
    expected = tonnes[None, :] * (curve * weekday * np.exp(demand))[:, None]
    arrivals = (
        expected * np.exp(ARRIVALS_SD * rng.standard_normal((days, markets)) - ARRIVALS_SD**2 / 2) * reported
    )
    return Reporting(
        observed=np.where(reported, level.log_level + noise, np.nan),
        noise_sd=noise_sd,
        reported=reported,
        expected_arrivals=expected,
        arrivals=arrivals,
        demand=demand,
        usual_chance=usual,
    )


def _closing_spells(rng: np.random.Generator, days: int, size: np.ndarray) -> np.ndarray:
    closed = np.zeros((days, len(size)), dtype=bool)
    for market, rate in enumerate(_spell_rate(size)):
        for begin in np.flatnonzero(rng.random(days) < rate):
            closed[begin : begin + int(rng.integers(*SPELL_DAYS)), market] = True
    return closed


def _spell_rate(size: np.ndarray) -> np.ndarray:
    return SPELLS_A_YEAR / 365 * np.clip(size**-0.7, 0.2, 2.0)


def _demand(rng: np.random.Generator, calendar: pd.DataFrame) -> np.ndarray:
    steps = DEMAND_STEP * rng.standard_normal(len(calendar))
    path = np.empty(len(steps))
    here = 0.0
    for t, step in enumerate(steps):
        here = DEMAND_KEEP * here + step
        path[t] = here
    return path + festival_rush(calendar)


def reports_table(params: MarketParams, calendar: pd.DataFrame, drawn: dict[str, Levels],
                  told: dict[str, Reporting]) -> pd.DataFrame:  # fmt: skip
    """Return the table of market reports, typing errors and repeated rows included.

    Returns
    -------
    DataFrame
        ``commodity, state, district, market, variety, grade, min_price, max_price, modal_price, arrivals, flags,
        source, event_time, known_time``, ordered by time.
    """
    rng = params.rng("reports")
    rng = np.random.default_rng(rng.integers(2**32, size=8))
    parts = [_rows(rng, crop(name), drawn[name], told[name], calendar) for name in drawn]
    frame = _soiled(rng, pd.concat(parts, ignore_index=True), params.dirt)
    frame["flags"] = ""
    frame["source"] = "generated"
    frame["event_time"] = end_of_day(frame["day"])
    frame["known_time"] = frame["event_time"] + pd.Timedelta(hours=params.report_lag_hours)
    frame = frame.sort_values(["event_time", "commodity", "market", "variety"], kind="stable")
    return frame.drop(columns="day").reset_index(drop=True)


def _rows(
    rng: np.random.Generator, kind: Crop, level: Levels, told: Reporting, calendar: pd.DataFrame
) -> pd.DataFrame:
    markets = level.log_level.shape[1]
    mixed = np.asarray(rng.random(markets) < SECOND_VARIETY_MARKETS)
    second = mixed[None, :] & (rng.random(told.reported.shape) < SECOND_VARIETY_DAYS)
    other = np.asarray(rng.integers(min(1, len(kind.varieties) - 1), len(kind.varieties), markets))
    pieces = []
    for extra in (False, True):
        t, m = np.nonzero(told.reported & second if extra else told.reported)
        variety = other[m] if extra else np.zeros(len(m), dtype=int)
        premium = np.array([p for _, p in kind.varieties])[variety]
        log_price = told.observed[t, m] + premium
        if extra:
            log_price = log_price + 0.008 * rng.standard_normal(len(t))
        tick = 1.0 if kind.price < 1000 else 5.0
        modal = np.round(np.exp(log_price) / tick) * tick
        width = kind.spread * np.exp(0.4 * rng.standard_normal(len(t)))
        below = rng.beta(3, 3, len(t))
        arrivals = told.arrivals[t, m] * np.where(second[t, m], 0.3 if extra else 0.7, 1.0)
        cells = level.cells.iloc[m]
        pieces.append(
            pd.DataFrame(
                {
                    "commodity": kind.name,
                    "state": cells["state"].to_numpy(),
                    "district": cells["district"].to_numpy(),
                    "market": cells["market"].to_numpy(),
                    "variety": np.array([v for v, _ in kind.varieties], dtype=object)[variety],
                    "grade": np.where(rng.random(len(t)) < 0.93, "FAQ", "Non-FAQ"),
                    "min_price": np.round(modal * (1 - width * below) / tick) * tick,
                    "max_price": np.round(modal * (1 + width * (1 - below)) / tick) * tick,
                    "modal_price": modal,
                    "arrivals": np.where(rng.random(len(t)) < MISSING_ARRIVALS, np.nan, arrivals.round(1)),
                    "day": calendar["day"].to_numpy()[t],
                }
            )
        )
    return pd.concat(pieces, ignore_index=True)


def _soiled(rng: np.random.Generator, frame: pd.DataFrame, dirt: float) -> pd.DataFrame:
    drawn = rng.random((3, len(frame)))
    prices = ["min_price", "max_price", "modal_price"]
    frame.loc[drawn[0] < ZERO_PRICE * dirt, prices] = 0.0
    frame.loc[drawn[1] < TEN_TIMES * dirt, prices] *= 10.0
    outside = drawn[2] < MODAL_OUTSIDE * dirt
    frame.loc[outside, "max_price"] = (frame.loc[outside, "modal_price"] * 0.99).round()
    repeated = frame[rng.random(len(frame)) < REPEATED * dirt]
    return pd.concat([frame, repeated], ignore_index=True)
