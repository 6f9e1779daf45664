"""The threshold: within the budget, and where precision and recall are best together."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.detection.anomaly_fusion import Tail
from mandi.models.detection.fraud_threshold import FlagParams, flag_from


def _scores(cases: int, at: float) -> tuple[np.ndarray, np.ndarray, Tail]:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=2000)
    fraud = at + rng.normal(size=cases)
    return np.concatenate([honest, fraud]), np.repeat([0.0, 1.0], [2000, cases]), Tail(rng.normal(size=2000))


def test_honest_deals_are_flagged_no_more_often_than_the_budget_allows() -> None:
    for budget in (0.002, 0.01, 0.05):
        scores, label, tail = _scores(50, 1.0)
        limit = flag_from(scores, label, tail, FlagParams(false_alarms=budget))
        assert (tail.p_values([limit]) <= budget).all()


def test_with_fraud_far_away_the_threshold_lies_between() -> None:
    scores, label, tail = _scores(50, 30.0)
    limit = flag_from(scores, label, tail, FlagParams(false_alarms=0.01))
    assert scores[label == 0.0].max() < limit < scores[label == 1.0].min()


def test_with_few_cases_the_whole_budget_is_used() -> None:
    scores, label, tail = _scores(5, 30.0)
    params = FlagParams(false_alarms=0.01)
    assert flag_from(scores, label, tail, params) == tail.threshold(0.01)


def test_a_budget_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ContractError, match="budget"):
        flag_from(np.arange(30.0), np.ones(30), Tail(np.arange(10.0)), FlagParams(false_alarms=0.01))
