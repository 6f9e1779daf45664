"""Skill, its test and its interval against direct formulas, scipy and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mandi.core.errors import ContractError
from mandi.evaluation.skill import diebold_mariano, skill, skill_interval

DAYS = pd.date_range("2023-01-02", periods=200, tz="UTC")


def losses(seed: int, gain: float = 0.0, size: int = 200, moving: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shock = np.convolve(rng.normal(size=size + moving - 1), np.ones(moving) / moving**0.5, mode="valid")
    return 100 + shock, 100 + gain + np.zeros(size)


def test_skill_by_hand():
    assert skill([0, 0], [1, 3], [4, 4]) == pytest.approx(0.5)
    assert np.isnan(skill([1.0], [2.0], [1.0]))


def test_one_day_ahead_by_hand():
    model, baseline = losses(1, gain=0.2, size=90)
    test = diebold_mariano(np.zeros(90), model, baseline, DAYS[:90], horizon_days=1)
    gain = baseline - model
    deviation = gain - gain.mean()
    lags = int(4 * 0.9 ** (2 / 9))
    variance = deviation @ deviation / 90
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (deviation[lag:] @ deviation[:-lag]) / 90
    share = (lags + 1) / 90
    want = gain.mean() / np.sqrt(variance / 90 / (1 - share + share**2 / 3))
    assert (test.lags, test.days) == (lags, 90)
    assert test.statistic == pytest.approx(want)
    assert test.p_value == pytest.approx(2 * stats.t.sf(abs(want), 1.5 / share))


def test_newey_west_is_the_double_sum_over_pairs_of_days():
    model, baseline = losses(2, size=60, moving=5)
    test = diebold_mariano(np.zeros(60), model, baseline, DAYS[:60], horizon_days=5)
    gain = baseline - model
    deviation = gain - gain.mean()
    total = 0.0
    for i in range(60):
        for j in range(60):
            total += max(0.0, 1 - abs(i - j) / (test.lags + 1)) * deviation[i] * deviation[j]
    share = 9 / 60
    assert test.lags == 8
    assert test.statistic == pytest.approx(gain.mean() / np.sqrt(total / (1 - share + share**2 / 3)) * 60)


def test_more_markets_on_the_same_days_are_not_more_evidence():
    model, baseline = losses(3, gain=0.1, size=120)
    one = diebold_mariano(np.zeros(120), model, baseline, DAYS[:120], 1)
    many = diebold_mariano(
        np.zeros(1200), np.repeat(model, 10), np.repeat(baseline, 10), DAYS[:120].repeat(10), horizon_days=1
    )
    assert many.statistic == pytest.approx(one.statistic)
    assert many.days == 120


def uneven(seed: int, size: int = 182, moving: int = 1) -> tuple[np.ndarray, pd.DatetimeIndex]:
    rng = np.random.default_rng(seed)
    rows = np.where(np.arange(size) % 7 == 6, 2, 12) + rng.integers(0, 3, size)
    shock = losses(seed, size=size, moving=moving)[0] - 100
    return np.repeat(shock, rows) + rng.normal(size=rows.sum()), DAYS[:size].repeat(rows)


def test_days_weigh_by_their_rows_as_in_the_skill():
    # nine rows a day gain 1 on even days, one row a day loses 5 on odd ones: by row better, by day worse
    rows = np.where(np.arange(100) % 2 == 0, 9, 1)
    gain = np.repeat(np.where(np.arange(100) % 2 == 0, 1.0, -5.0), rows)
    model, baseline, day = 100 - gain, np.full(gain.size, 100.0), DAYS[:100].repeat(rows)
    test = diebold_mariano(np.zeros(gain.size), model, baseline, day, horizon_days=1)
    assert skill(np.zeros(gain.size), model, baseline) == pytest.approx(0.004)
    assert test.statistic > 0 and test.days == 100


def test_uneven_days_by_hand():
    error, day = uneven(3, size=60)
    gain = error + 0.3
    test = diebold_mariano(np.zeros(gain.size), 100 - gain, np.full(gain.size, 100.0), day, horizon_days=5)
    number = np.asarray((day - day[0]).days)
    rows = np.bincount(number)
    deviation = (np.bincount(number, gain) - gain.mean() * rows) / rows.mean()
    assert deviation.sum() == pytest.approx(0, abs=1e-9)
    variance = deviation @ deviation
    for lag in range(1, test.lags + 1):
        variance += 2 * (1 - lag / (test.lags + 1)) * (deviation[lag:] @ deviation[:-lag])
    share = (test.lags + 1) / 60
    assert test.statistic == pytest.approx(gain.mean() * 60 / np.sqrt(variance / (1 - share + share**2 / 3)))


@pytest.mark.parametrize("horizon", [1, 60])
def test_equal_models_on_uneven_days_are_rarely_told_apart(horizon):
    alarms = 0
    for seed in range(300):
        error, day = uneven(seed, moving=horizon)
        base = np.full(error.size, 100.0)
        alarms += diebold_mariano(np.zeros(error.size), base + error, base, day, horizon).p_value < 0.05
    assert alarms / 300 < 0.13


def test_the_order_of_rows_and_the_hour_do_not_matter():
    model, baseline = losses(4, gain=0.1)
    shuffled = np.random.default_rng(0).permutation(200)
    one = diebold_mariano(np.zeros(200), model, baseline, DAYS, 7)
    other = diebold_mariano(
        np.zeros(200), model[shuffled], baseline[shuffled], DAYS[shuffled] + pd.Timedelta(hours=18), 7
    )
    assert other.statistic == pytest.approx(one.statistic)


@pytest.mark.parametrize("horizon", [1, 7, 60])
def test_equal_models_are_rarely_told_apart(horizon):
    false_alarms = 0
    for seed in range(800):
        model, baseline = losses(seed, moving=horizon)
        false_alarms += diebold_mariano(np.zeros(200), model, baseline, DAYS, horizon).p_value < 0.05
    assert false_alarms / 800 < 0.12


@pytest.mark.parametrize("horizon", [1, 7])
def test_better_models_are_told_apart(horizon):
    found = 0
    for seed in range(100):
        model, baseline = losses(seed, gain=4 * (horizon / 200) ** 0.5, moving=horizon)
        test = diebold_mariano(np.zeros(200), model, baseline, DAYS, horizon)
        found += test.p_value < 0.05 and test.statistic > 0
    assert found > 90


def test_days_without_origins_are_not_neighbours():
    model, baseline = losses(5, size=100)
    weekly = pd.date_range("2022-01-03", periods=100, freq="7D")
    spread = diebold_mariano(np.zeros(100), model, baseline, weekly, horizon_days=7)
    gain = baseline - model
    plain = gain.mean() / np.sqrt(((gain - gain.mean()) ** 2).mean() / 100)
    lag_one = (gain[1:] - gain.mean()) @ (gain[:-1] - gain.mean()) / 100
    assert spread.lags == 12
    share = 13 / 694
    variance = ((gain - gain.mean()) ** 2).mean() + 2 * (1 - 7 / 13) * lag_one
    assert spread.statistic == pytest.approx(
        gain.mean() / np.sqrt(variance / 100 / (1 - share + share**2 / 3))
    )
    assert abs(spread.statistic) < 2 * abs(plain)


def test_the_same_forecast_is_no_evidence_and_two_days_are_no_test():
    model, _ = losses(6)
    same = diebold_mariano(np.zeros(200), model, model, DAYS, 1)
    assert (same.statistic, same.p_value) == (0.0, 1.0)
    assert np.isnan(diebold_mariano([0, 0], [1, 1], [2, 2], DAYS[:2], 1).p_value)


def test_skill_interval_holds_the_skill_and_is_reproducible():
    rng = np.random.default_rng(8)
    truth = np.zeros(2000)
    day = DAYS.repeat(10)
    model, baseline = rng.normal(0, 80, 2000), rng.normal(0, 100, 2000)
    low, high = skill_interval(truth, model, baseline, day, seed=3)
    assert low < skill(truth, model, baseline) < high
    assert (low, high) == skill_interval(truth, model, baseline, day, seed=3)
    narrow = skill_interval(truth, model, baseline, day, seed=3, level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_missing_days_and_values_are_refused():
    with pytest.raises(ContractError, match="origin days are missing"):
        skill_interval([0, 0], [1, 1], [2, 2], pd.DatetimeIndex(["2024-01-01", None]))
    with pytest.raises(ContractError, match="not finite"):
        diebold_mariano([0, np.nan], [1, 1], [2, 2], DAYS[:2], 1)
