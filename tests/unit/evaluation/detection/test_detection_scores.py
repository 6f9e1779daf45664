"""Figures of detectors against slow second opinions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mandi.core.errors import ContractError
from mandi.evaluation.detection.detection_scores import (
    bootstrapped,
    interval,
    pr_auc,
    ranked,
    recall_at,
    redrawn,
    share_interval,
)


def test_the_area_is_average_precision_ties_included() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        label = (rng.random(80) < 0.2).astype(float)
        score = rng.integers(0, 12, 80) + 2 * label
        assert np.isclose(pr_auc(label, score), average_precision_score(label, score))


def test_recall_at_a_rate_of_false_alarms() -> None:
    label = np.array([1.0, 0.0, 1.0, *[0.0] * 98, 1.0])
    score = -np.arange(len(label))
    assert recall_at(label, score, 0.0) == 1 / 3 and recall_at(label, score, 0.011) == 2 / 3


def test_an_interval_holds_the_share_and_stays_in_range() -> None:
    for hits, of in ((0, 5), (5, 5), (3, 7), (900, 1000)):
        low, high = interval(hits, of)
        assert 0.0 <= low <= hits / of <= high <= 1.0
    assert interval(0, 0) == (0.0, 1.0)


def test_drawn_areas_are_average_precision_of_the_rows_drawn() -> None:
    rng = np.random.default_rng(1)
    label = (rng.random(120) < 0.3).astype(float)
    score = rng.integers(0, 12, 120) + 2 * label
    weights = redrawn(rng.integers(0, 15, 120), 30, 7)
    areas = bootstrapped(label, {"m": score}, weights)["m"]
    for area, weight in zip(areas, weights.astype(int), strict=True):
        again = np.repeat(np.arange(120), weight)
        assert np.isclose(area, average_precision_score(label[again], score[again]))
    assert areas.min() < pr_auc(label, score) < areas.max()


def test_groups_are_drawn_whole_and_widen_what_hangs_together() -> None:
    groups = np.repeat(np.arange(20), 30)
    weights = redrawn(groups, 300, 3)
    np.testing.assert_array_equal(weights, redrawn(groups, 300, 3))
    assert all(len(set(weights[0][groups == group])) == 1 for group in range(20))
    hit, everybody = groups < 10, np.ones(600, dtype=bool)  # all of a supplier's deals alike
    whole = share_interval(hit, everybody, weights)
    single = share_interval(hit, everybody, redrawn(np.arange(600), 300, 3))
    assert whole[1] - whole[0] > 3 * (single[1] - single[0])


def test_an_interval_of_a_share_is_never_a_point() -> None:
    label = np.ones(20, dtype=bool)
    low, high = share_interval(label, label, redrawn(np.arange(20), 50, 0))
    assert low == interval(20, 20)[0] < 0.9 and high == 1.0


def test_a_draw_without_fraud_has_no_area() -> None:
    label, weights = np.array([1.0, 0.0, 0.0]), np.array([[0.0, 2.0, 1.0], [1.0, 1.0, 1.0]])
    assert np.isnan(bootstrapped(label, {"m": [3.0, 2.0, 1.0]}, weights)["m"]).tolist() == [True, False]


def test_scores_that_cannot_be_ranked_are_refused() -> None:
    with pytest.raises(ContractError, match="not finite"):
        ranked([1, 0], [np.nan, 1.0])
    with pytest.raises(ContractError, match="0 of 2"):
        ranked([0, 0], [1.0, 2.0])
