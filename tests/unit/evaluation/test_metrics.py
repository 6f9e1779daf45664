"""Metrics against figures worked out by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from mandi.core.errors import ContractError, UnknownValue
from mandi.evaluation import metrics


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    truth = rng.uniform(2000, 7000, 500)
    return truth, truth + rng.normal(0, 90, 500)


def test_point_errors_agree_with_scikit_learn(pair):
    truth, predicted = pair
    assert metrics.mae(truth, predicted) == pytest.approx(sk.mean_absolute_error(truth, predicted))
    assert metrics.rmse(truth, predicted) == pytest.approx(sk.mean_squared_error(truth, predicted) ** 0.5)
    assert metrics.r2(truth, predicted) == pytest.approx(sk.r2_score(truth, predicted))
    assert metrics.mape(truth, predicted) == pytest.approx(
        100 * sk.mean_absolute_percentage_error(truth, predicted)
    )


@pytest.mark.parametrize("quantile", [0.025, 0.5, 0.95])
def test_pinball_agrees_with_scikit_learn(pair, quantile):
    truth, predicted = pair
    want = sk.mean_pinball_loss(truth, predicted, alpha=quantile)
    assert metrics.pinball(truth, predicted, quantile) == pytest.approx(want)


def test_interval_score_by_hand():
    # widths 4, 4, 4; missed by 0, 1 (below), 3 (above); 2 / (1 - .9) = 20
    got = metrics.interval_score([2, -1, 7], [0, 0, 0], [4, 4, 4], level=0.9)
    assert got == pytest.approx((4 + 24 + 64) / 3)


def test_interval_score_is_the_sum_of_two_pinball_losses(pair):
    truth, predicted = pair
    low, high = predicted - 100, predicted + 150
    sides = metrics.pinball(truth, low, 0.025) + metrics.pinball(truth, high, 0.975)
    assert metrics.interval_score(truth, low, high, 0.95) == pytest.approx(sides * 2 / 0.05)


def test_coverage_counts_the_bounds():
    assert metrics.coverage([0, 4, 5], [0, 0, 0], [4, 4, 4]) == pytest.approx(2 / 3)


def test_mase_uses_the_scale_of_each_row():
    assert metrics.mase([10, 100], [11, 110], [1.0, 20.0]) == pytest.approx((1 + 0.5) / 2)
    assert metrics.mase([10, 100], [11, 110], 2.0) == pytest.approx((0.5 + 5) / 2)
    with pytest.raises(ContractError, match="scale"):
        metrics.mase([1.0], [2.0], 0.0)


def test_naive_scale_does_not_cross_series():
    values = pd.Series([1.0, 100.0, 2.0, 104.0, 5.0])
    series = pd.Series(["a", "b", "a", "b", "a"])
    assert metrics.naive_scale(values, series).to_dict() == {"a": 2.0, "b": 4.0}


def test_nothing_measured_is_nan_and_not_zero():
    assert np.isnan(metrics.mae([], []))
    assert np.isnan(metrics.r2([], []))
    assert np.isnan(metrics.coverage([], [], []))
    assert np.isnan(metrics.r2([5.0, 5.0], [5.0, 4.0]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ContractError, match="1 of 2 values of predicted are not finite"):
        metrics.mae([1.0, 2.0], [1.0, bad])
    with pytest.raises(ContractError, match="truth"):
        metrics.coverage([bad, 1.0], [0.0, 0.0], [2.0, 2.0])


def test_crossed_intervals_unequal_lengths_and_levels_are_refused():
    with pytest.raises(ContractError, match="lower above upper"):
        metrics.coverage([1.0], [2.0], [0.0])
    with pytest.raises(ContractError, match="lengths differ"):
        metrics.mae([1.0], [1.0, 2.0])
    with pytest.raises(ContractError, match="zero or negative"):
        metrics.mape([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(UnknownValue):
        metrics.pinball([1.0], [1.0], 1.0)
    with pytest.raises(UnknownValue):
        metrics.interval_score([1.0], [0.0], [2.0], 95)
