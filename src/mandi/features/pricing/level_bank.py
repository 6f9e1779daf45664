"""Filters market reports into log price levels: a common factor and a bank of market drifts, day by day.

log report = national + state + market level + reporting noise. Every day moves the national level by a robust
average of all innovations, each state by what its markets have left, and each market by a Kalman gain; a bank of
market-drift variances is run side by side and weighted per market and horizon by past absolute error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HORIZONS = (1, 7, 30, 60)
# weights and innovations are rounded to whole numbers of these: sums without one market are then exact
WHOLE_WEIGHT = 1.0e4
WHOLE_LOG = 1.0e7


@dataclass(frozen=True)
class BankParams:
    """Settings of the filter. Variances are of log price, drifts per day.

    Attributes
    ----------
    national_drift, state_drift : float
        Variance of the daily move of the national and the state level.
    market_drifts : tuple of float
        Variances of the daily move of a market's own level, one per filter of the bank.
    noise_start : float
        Variance of reporting noise assumed for a market never seen.
    noise_memory : float
        Reports over which a market's noise variance is averaged.
    clip, common_clip : float
        Innovations are clipped at this many standard deviations, for the market itself and for the common move.
    temperature : float
        Weights are exp(-temperature x relative error).
    shrink_reports : float
        Pseudo-reports with which a market's error is drawn to the pooled one.
    error_memory : float
        Reports over which a market's errors are averaged.
    pool_start, pool_memory : float
        Pseudo-reports that all filters are equally good, and reports over which pooled errors are averaged.
    weigh_age : int
        Days since the last report up to which a market's weights are renewed.
    origin_age : int
        Days since the last report within which a forecast counts as made.
    """

    national_drift: float = 1.5e-4
    state_drift: float = 6.0e-5
    market_drifts: tuple[float, ...] = (1.0e-7, 1.0e-6, 1.0e-5, 1.0e-4, 1.0e-3)
    noise_start: float = 1.0e-3
    noise_memory: float = 250.0
    clip: float = 1.5
    common_clip: float = 3.0
    temperature: float = 15.0
    shrink_reports: float = 20.0
    error_memory: float = 250.0
    pool_start: float = 2000.0
    pool_memory: float = 20000.0
    weigh_age: int = 45
    origin_age: int = 14


@dataclass(frozen=True)
class BankTrace:
    """What the filter knew at the end of each day; arrays are days x markets unless said otherwise.

    Attributes
    ----------
    last, age : log of the last own report up to the day, and its age in days.
    level : days x horizons x markets, forecast of the log price.
    before : level before the own report of the day but after all others'.
    national : days, national log level.
    state : days x states, state log level relative to national.
    moves : days x markets x 2, national and state move of the day estimated without the market itself.
    innovation : own report of the day minus the forecast of the day before (NaN without a report).
    noise : standard deviation of reporting noise.
    bank : days x filters x markets, own levels of the bank.
    """

    last: Floats
    age: Floats
    level: Floats
    before: Floats
    national: Floats
    state: Floats
    moves: Floats
    innovation: Floats
    noise: Floats
    bank: Floats


def run_bank(log_price: Floats, state_of: Ints, params: BankParams) -> BankTrace:
    """Run the filter over a matrix of reports.

    Parameters
    ----------
    log_price : days x markets
        Log of the modal price (INR/quintal), NaN where a market did not report; consecutive calendar days.
    state_of : markets
        Number of the state of each market, from 0.
    params : BankParams

    Returns
    -------
    BankTrace
        Row ``t`` depends on rows up to ``t`` only; ``before`` and ``moves`` of a market do not depend on its own
        report of day ``t``.

    Examples
    --------
    >>> steady = np.log(np.full((30, 3), 4000.0))
    >>> trace = run_bank(steady, np.zeros(3, dtype=np.int64), BankParams())
    >>> float(np.exp(trace.level[-1, 0, 0]).round(6))
    4000.0
    """
    days, markets = log_price.shape
    bank = _Bank(markets, state_of, params)
    filters = len(params.market_drifts)
    wide = (days, markets)
    trace = BankTrace(
        last=np.full(wide, np.nan),
        age=np.full(wide, np.nan),
        level=np.full((days, len(HORIZONS), markets), np.nan),
        before=np.full(wide, np.nan),
        national=np.full(days, np.nan),
        state=np.zeros((days, bank.states)),
        moves=np.zeros((*wide, 2)),
        innovation=np.full(wide, np.nan),
        noise=np.full(wide, np.nan),
        bank=np.full((days, filters, markets), np.nan),
    )
    for day in range(days):
        own = np.flatnonzero(np.isfinite(log_price[day]))
        price = log_price[day, own]
        bank.pass_day()
        trace.innovation[day, own] = price - bank.one_day[own]
        trace.moves[day] = bank.move_common(own, price)
        trace.before[day] = bank.one_day + bank.follows * trace.moves[day].sum(axis=1)
        bank.move_markets(own, price)
        bank.judge(day, own, price)
        trace.level[day] = bank.forecast(day)
        trace.last[day], trace.age[day], trace.bank[day] = bank.last, bank.age, bank.level
        trace.national[day], trace.state[day] = bank.national, bank.state
        trace.noise[day] = np.sqrt(bank.noise[filters // 2])
    return trace


class _Bank:
    def __init__(self, markets: int, state_of: Ints, params: BankParams) -> None:
        self.params = params
        self.state_of = state_of
        self.states = int(state_of.max()) + 1
        self.drift = np.asarray(params.market_drifts)[:, None]
        filters, members = len(self.drift), len(self.drift) + 1
        self.level = np.full((filters, markets), np.nan)
        self.spread = np.zeros((filters, markets))
        self.noise = np.full((filters, markets), params.noise_start)
        self.surprise = np.full(markets, 2.0 * params.noise_start)  # variance of the one-day innovation
        self.reports = np.zeros(markets)
        self.last = np.full(markets, np.nan)
        self.age = np.full(markets, np.nan)
        self.one_day = np.full(markets, np.nan)
        self.national, self.national_spread = np.nan, 0.0
        self.state, self.state_spread = np.zeros(self.states), np.zeros(self.states)
        shape = (len(HORIZONS), members, markets)
        self.weight = np.full(shape, 1.0 / members)
        self.error = np.zeros(shape)
        self.count = np.zeros((len(HORIZONS), markets))
        self.size = np.full((len(HORIZONS), markets), np.nan)
        self.pooled = np.ones((len(HORIZONS), members))
        self.pooled_count = np.full(len(HORIZONS), params.pool_start)
        self.made = np.full((max(HORIZONS) + 1, members, markets), np.nan)

    @property
    def follows(self) -> Floats:
        return 1.0 - self.weight[0, -1]

    def pass_day(self) -> None:
        self.spread += self.drift
        self.national_spread += self.params.national_drift
        self.state_spread += self.params.state_drift
        self.age += 1.0

    def move_common(self, own: Ints, price: Floats) -> Floats:
        moves = np.zeros((len(self.last), 2))
        seen = np.isfinite(self.one_day[own])
        own, price = own[seen], price[seen]
        if not len(own):
            return moves
        p = self.params
        variance = self.surprise[own] + (self.age[own] - 1.0) * self.drift[len(self.drift) // 2, 0]
        bound = p.common_clip * np.sqrt(variance)
        innovation = np.rint(np.clip(price - self.one_day[own], -bound, bound) * WHOLE_LOG)
        weight = np.rint(WHOLE_WEIGHT * p.noise_start / variance)
        everyone = np.zeros(len(own), dtype=np.int64)
        group = self.state_of[own]
        mean, total, mean_without, total_without = _means(innovation, weight, everyone, 1)
        unit = WHOLE_WEIGHT * p.noise_start
        gain = _gain(self.national_spread, total[0], unit)
        national = gain * mean[0]
        without = _gain(self.national_spread, total_without, unit) * mean_without
        self.national_spread *= 1.0 - gain
        mean, total, mean_without, total_without = _means(innovation, weight, group, self.states)
        gains = _gain(self.state_spread, total, unit)
        state = gains * (mean - national)
        state_without = _gain(self.state_spread[group], total_without, unit) * (mean_without - without)
        self.state_spread *= 1.0 - gains
        moves[:, 0], moves[:, 1] = national, state[self.state_of]
        self.level += national + state[self.state_of]
        self.national += national
        self.state += state
        moves[own, 0], moves[own, 1] = without, state_without
        return moves

    def move_markets(self, own: Ints, price: Floats) -> None:
        p = self.params
        fresh = own[~np.isfinite(self.last[own])]
        if len(fresh):
            self._enter(fresh, price[~np.isfinite(self.last[own])])
        known = np.isfinite(self.one_day[own])
        old, paid = own[known], price[known]
        spread, noise = self.spread[:, old], self.noise[:, old]
        bound = p.clip * np.sqrt(spread + noise)
        clipped = np.clip(paid - self.level[:, old], -bound, bound)
        gain = spread / (spread + noise)
        self.level[:, old] += gain * clipped
        self.spread[:, old] = (1.0 - gain) * spread
        self.reports[old] += 1.0
        rate = 1.0 / np.minimum(self.reports[old] + 5.0, p.noise_memory)
        noise = noise + rate * (np.maximum(clipped**2 - spread, 0.05 * noise) - noise)
        self.noise[:, old] = np.maximum(noise, 1e-5)
        surprise = np.minimum((paid - self.one_day[old]) ** 2, 9.0 * self.surprise[old])
        self.surprise[old] += rate * (surprise - self.surprise[old])
        self.surprise[old] = np.maximum(self.surprise[old], 2e-5)
        self.last[own], self.age[own] = price, 0.0

    def _enter(self, fresh: Ints, price: Floats) -> None:
        if not np.isfinite(self.national):
            self.national = float(np.median(price))
        self.level[:, fresh] = price
        self.spread[:, fresh] = self.noise[:, fresh]

    def judge(self, day: int, own: Ints, price: Floats) -> None:
        p = self.params
        for number, horizon in enumerate(HORIZONS):
            made = self.made[(day - horizon) % len(self.made)][:, own]
            there = np.isfinite(made[0])
            if not there.any():
                continue
            who = own[there]
            error = np.abs(price[there] - made[:, there])
            mean = error.mean(axis=0)
            count = self.count[number, who]
            rate = 1.0 / np.minimum(count + 1.0, p.error_memory)
            usual = np.where(count > 0, self.size[number, who], mean)
            self.size[number, who] = usual + rate * (mean - usual)
            relative = error / np.maximum(usual, 1e-4)
            self.error[number][:, who] += rate * (relative - self.error[number][:, who])
            self.count[number, who] = np.minimum(count + 1.0, p.error_memory)
            self.pooled_count[number] = min(self.pooled_count[number] + len(who), p.pool_memory)
            share = min(len(who) / self.pooled_count[number], 1.0)
            self.pooled[number] += share * (relative.mean(axis=1) - self.pooled[number])

        self._weigh(np.flatnonzero(self.age <= p.weigh_age))

    def _weigh(self, who: Ints) -> None:
        p = self.params
        count = self.count[:, None, who]
        pooled = p.shrink_reports * self.pooled[:, :, None]
        shrunk = (count * self.error[:, :, who] + pooled) / (count + p.shrink_reports)
        mean = shrunk.mean(axis=1, keepdims=True)
        weight = np.exp(-p.temperature / mean * (shrunk - shrunk.min(axis=1, keepdims=True)))
        self.weight[:, :, who] = weight / weight.sum(axis=1, keepdims=True)

    def forecast(self, day: int) -> Floats:
        members = np.concatenate([self.level, self.last[None]])
        self.made[day % len(self.made)] = np.where(self.age <= self.params.origin_age, members, np.nan)
        level = np.einsum("hkm,km->hm", self.weight, members)
        self.one_day = level[0]
        return level


def _gain(spread: Any, weight: Any, unit: float) -> Any:
    return spread * weight / (spread * weight + unit)


def _means(value: Floats, weight: Floats, group: Ints, groups: int) -> tuple[Any, Any, Any, Any]:
    total = np.bincount(group, weight, groups)
    summed = np.bincount(group, weight * value, groups)
    total_without = total[group] - weight
    summed_without = summed[group] - weight * value
    return (
        summed / np.maximum(total, 1.0) / WHOLE_LOG,
        total,
        summed_without / np.maximum(total_without, 1.0) / WHOLE_LOG,
        total_without,
    )
