from __future__ import annotations

import numpy as np

from mandi.models.forecasting.demand_cases import BLOCKS
from mandi.models.forecasting.demand_trees import DemandTrees, TreeParams, rows_of

PARAMS = TreeParams(n_estimators=60, seeds=(0,), least_rows=100, min_data_in_leaf=20)


def _cases(count: int = 150) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    week = np.arange(320)
    season = 100.0 + 60.0 * np.sin(2 * np.pi * week / 52)
    series, last, truth = [], [], []
    for _ in range(count):
        end, size = int(rng.integers(170, 320 - BLOCKS)), float(rng.uniform(0.1, 50.0))
        values = size * season * np.exp(0.05 * rng.standard_normal(320))
        series.append(values[:end])
        last.append(np.datetime64("2015-01-01") + 7 * end)
        truth.append(values[end : end + BLOCKS])
    return series, np.array(last, dtype="datetime64[D]"), np.array(truth)


def test_a_season_is_learned_whatever_the_size_of_the_place() -> None:
    series, last, truth = _cases()
    trees = DemandTrees(PARAMS).fit(series[:120], last[:120], truth[:120])
    told = trees.forecast(series[120:], last[120:])
    error = np.abs(told / truth[120:] - 1.0).mean()
    flat = np.abs(np.array([s[-8:].mean() for s in series[120:]])[:, None] / truth[120:] - 1.0).mean()
    assert error < 0.12 < 0.5 * flat


def test_a_case_is_forecast_the_same_alone_and_after_saving() -> None:
    series, last, truth = _cases(60)
    trees = DemandTrees(PARAMS).fit(series, last, truth)
    whole = trees.forecast(series, last)
    np.testing.assert_array_equal(trees.forecast(series[5:6], last[5:6])[0], whole[5])
    np.testing.assert_array_equal(
        DemandTrees.from_texts(trees.as_texts(), PARAMS).forecast(series, last), whole
    )


def test_nothing_learned_nothing_told() -> None:
    series, last, truth = _cases(4)
    trees = DemandTrees(PARAMS).fit(series, last, np.full_like(truth, np.nan))
    assert np.isnan(trees.forecast(series, last)).all() and trees.as_texts() == []


def test_what_is_seen_are_ratios() -> None:
    series, last, _ = _cases(6)
    one, levels = rows_of(series, last)
    other, larger = rows_of([1000.0 * s for s in series], last)
    np.testing.assert_allclose(one, other, atol=1e-9)
    np.testing.assert_allclose(1000.0 * levels, larger)
    short, _ = rows_of([series[0][-10:]], last[:1])
    assert np.isnan(short).any() and len(short) == BLOCKS
