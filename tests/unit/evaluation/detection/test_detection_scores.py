"""Figures of detectors against slow second opinions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mandi.core.errors import ContractError
from mandi.evaluation.detection.detection_scores import bootstrapped, interval, pr_auc, ranked, recall_at


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


def test_resampling_keeps_the_prevalence_and_its_seed() -> None:
    rng = np.random.default_rng(1)
    label = np.repeat([0.0, 1.0], [300, 30])
    score = label + rng.normal(size=330)
    one, two = (bootstrapped(label, {"m": score}, 40, 7)["m"] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.min() < pr_auc(label, score) < one.max()


def test_scores_that_cannot_be_ranked_are_refused() -> None:
    with pytest.raises(ContractError, match="not finite"):
        ranked([1, 0], [np.nan, 1.0])
    with pytest.raises(ContractError, match="0 of 2"):
        ranked([0, 0], [1.0, 2.0])
