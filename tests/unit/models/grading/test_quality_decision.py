"""From probabilities to answers: frequencies, costs, sets and abstention on lots that nothing was learnt from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mandi.core.errors import ConfigError, ContractError, NotFitted
from mandi.evaluation.grading.grading_metrics import calibration_error
from mandi.models.grading.quality_decision import Decision, DecisionParams, bent_to, best_bend, cost_table


def given(count: int, seed: int, slip: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities twice too flat, of grades that an inspector moves by one step in a share of lots."""
    rng = np.random.default_rng(seed)
    scores = 4.0 * rng.standard_normal((count, 4))
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    grade = np.array([rng.choice(4, p=p) for p in true])
    slipped = rng.random(count) < slip
    grade = np.where(
        slipped, np.where(grade == 0, 1, np.where(grade == 3, 2, grade + rng.choice([-1, 1], count))), grade
    )
    flat = np.sqrt(true)
    return flat / flat.sum(axis=1, keepdims=True), grade


def test_heat_and_slip_are_found_again() -> None:
    heat, slip = best_bend(*given(6000, 1))
    assert heat == pytest.approx(0.5, abs=0.06) and slip == pytest.approx(0.1, abs=0.025)


def test_a_confidence_becomes_a_frequency_and_sets_hold_for_every_grade() -> None:
    decision = Decision(DecisionParams(set_level=0.9)).fit(*given(4000, 2))
    raw, truth = given(4000, 3)
    proba = decision.proba(raw)
    said = decision.said(proba)
    before = calibration_error(raw.max(axis=1), (raw.argmax(axis=1) == truth).astype(float))
    after = calibration_error(proba.max(axis=1), (proba.argmax(axis=1) == truth).astype(float))
    assert after < 0.02 < before
    inside = decision.inside(proba, said)
    assert inside[np.arange(len(said)), said].all()
    for grade in range(4):
        assert inside[truth == grade, grade].mean() == pytest.approx(0.9, abs=0.035)
    assert decision.answers(proba).mean() == pytest.approx(0.95, abs=0.02)


def test_a_far_error_costs_more_than_a_near_one() -> None:
    costs = cost_table((1.0, 2.5, 5.0))
    np.testing.assert_array_equal(costs, costs.T)
    decision = Decision().fit(*given(400, 4))
    # A is likeliest, but being wrong with it may cost three grades
    assert decision.said(np.array([[0.4, 0.3, 0.0, 0.3]])).tolist() == [1]


def test_saved_as_plain_data_it_decides_the_same() -> None:
    decision = Decision().fit(*given(400, 5))
    again = Decision.of(json.loads(json.dumps(decision.state())), DecisionParams())
    raw, _ = given(50, 6)
    np.testing.assert_array_equal(again.proba(raw), decision.proba(raw))
    proba = decision.proba(raw)
    np.testing.assert_array_equal(again.said(proba), decision.said(proba))
    np.testing.assert_array_equal(
        again.inside(proba, again.said(proba)), decision.inside(proba, decision.said(proba))
    )
    np.testing.assert_array_equal(again.answers(proba), decision.answers(proba))


def test_bent_probabilities_sum_to_one() -> None:
    raw, _ = given(100, 7)
    np.testing.assert_allclose(bent_to(raw, 0.3, 0.2).sum(axis=1), 1.0)
    np.testing.assert_allclose(bent_to(raw, 1.0, 0.0), raw, atol=1e-9)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="step_costs"):
        DecisionParams(step_costs=(3.0, 2.0, 1.0))
    with pytest.raises(ContractError, match="at least 40"):
        Decision().fit(*given(10, 8))
    with pytest.raises(NotFitted):
        Decision().said(np.array([[1.0, 0.0, 0.0, 0.0]]))
