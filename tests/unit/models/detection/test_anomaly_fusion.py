"""Surprise, percentile, p-values, thresholds and the look for collapsed scores."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.detection.anomaly_fusion import Tail, collapse


def test_surprise_is_the_log_of_the_rank() -> None:
    tail = Tail(np.arange(1.0, 99.0))
    assert tail.surprise([50.0])[0] == pytest.approx(-np.log((49 + 1) / 100))


def test_surprise_grows_linearly_beyond_the_largest() -> None:
    tail = Tail(np.random.default_rng(0).exponential(2.0, 5000))
    top = tail.blind[-1]
    steps = np.diff(tail.surprise(top + tail.scale * np.arange(4)))
    np.testing.assert_allclose(steps, 1.0)
    assert tail.scale == pytest.approx(2.0, rel=0.15)


def test_percentile_rises_everywhere_and_stays_within_bounds() -> None:
    tail = Tail(np.random.default_rng(0).normal(size=500))
    given = np.concatenate(
        [[-1e6, -50.0], np.linspace(tail.blind[0], tail.blind[-1], 50), [10.0, 1e3, 1e6, 1e9]]
    )
    found = tail.percentile(given)
    assert (np.diff(found) > 0).all()
    assert found[0] >= 0 and found[-1] < 1
    assert tail.percentile([np.median(tail.blind)])[0] == pytest.approx(0.5, abs=0.01)


def test_p_values_keep_the_false_alarm_budget() -> None:
    draw = np.random.default_rng(1)
    alarms = []
    for _ in range(400):
        tail = Tail(draw.normal(size=99))
        alarms.append((tail.p_values(draw.normal(size=50)) <= 0.05).mean())
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize("budget", [0.01, 0.05, 0.5])
def test_the_threshold_and_the_p_values_agree(budget: float) -> None:
    draw = np.random.default_rng(2)
    tail = Tail(draw.integers(0, 60, 400))
    given = np.concatenate([draw.normal(30, 20, 1000), np.arange(61)])
    assert ((given >= tail.threshold(budget)) == (tail.p_values(given) <= budget)).all()


def test_ties_and_constant_blind_scores_stay_finite() -> None:
    for blind in (np.zeros(10), np.ones(3), [5.0]):
        tail = Tail(blind)
        for answer in (tail.surprise, tail.percentile, tail.p_values):
            assert np.isfinite(answer([-1.0, 0.0, 1.0, 5.0, 1e9])).all()


def test_an_impossible_budget_is_refused() -> None:
    tail = Tail(np.arange(50.0))
    for budget in (0.001, 0.0, 1.0):
        with pytest.raises(ContractError, match="false-alarm budget"):
            tail.threshold(budget)


def test_blind_scores_must_be_finite_numbers() -> None:
    for blind in ([], [np.nan], [np.inf, 1.0]):
        with pytest.raises(ContractError, match="blind scores"):
            Tail(blind)


def test_collapse_sees_saturated_and_constant_scores() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 3))
    healthy = rows.sum(axis=1)
    assert not collapse(rows, healthy).collapsed
    assert collapse(rows, np.full(100, 0.5)).collapsed
    assert collapse(rows, np.minimum(healthy, np.quantile(healthy, 0.2))).collapsed
    assert not collapse(np.repeat(rows, 3, axis=0), np.repeat(healthy, 3)).collapsed
