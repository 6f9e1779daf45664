"""Each rule is best at its own aim; sets keep their promise for the rare grade too; refusal keeps its share."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.grade_rules import GradeRule, expected_grade, macro_f1, quadratic_kappa
from mandi.models.grading.grade_sets import Abstention, GradeSets

SHARE = np.array([0.22, 0.43, 0.31, 0.04])


def graded(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True grades of unequal shares and the exact probabilities given a noisy sight of them."""
    draw = np.random.default_rng(seed)
    grade = draw.choice(4, count, p=SHARE)
    sight = grade + draw.normal(size=count) * 1.1
    odds = SHARE * np.exp(-((sight[:, None] - np.arange(4)) ** 2) / (2 * 1.1**2))
    return odds / odds.sum(axis=1, keepdims=True), grade


def test_each_rule_wins_at_its_own_aim() -> None:
    learnt, asked = graded(20000, 1), graded(20000, 2)
    said = {
        aim: GradeRule(aim).fit(*learnt).decide(asked[0]) for aim in ("accuracy", "kappa", "macro_f1", "cost")
    }
    truth = asked[1]
    judged = {
        "accuracy": lambda s: (s == truth).mean(),
        "kappa": lambda s: quadratic_kappa(truth, s, 4),
        "macro_f1": lambda s: macro_f1(truth, s, 4),
        "cost": lambda s: -((s - truth) ** 2).mean(),
    }
    for aim, judge in judged.items():
        assert max(said, key=lambda other: judge(said[other])) == aim, aim
    assert judged["kappa"](said["kappa"]) > judged["kappa"](said["accuracy"]) + 0.02
    assert judged["macro_f1"](said["macro_f1"]) > judged["macro_f1"](said["accuracy"]) + 0.01


def test_figures_are_those_of_the_library() -> None:
    draw = np.random.default_rng(3)
    truth, said = draw.integers(0, 4, 300), draw.integers(0, 4, 300)
    assert quadratic_kappa(truth, said, 4) == pytest.approx(
        cohen_kappa_score(truth, said, weights="quadratic")
    )
    assert macro_f1(truth, said, 4) == pytest.approx(f1_score(truth, said, average="macro"))
    assert quadratic_kappa(np.zeros(3, int), np.zeros(3, int), 4) == 1.0


def test_a_cost_table_makes_one_error_dearer() -> None:
    dear = np.ones((4, 4)) - np.eye(4)
    dear[3, :3] = 20.0  # a D passed as better
    proba, grade = graded(5000, 4)
    wary, plain = GradeRule("cost", dear).decide(proba), GradeRule("accuracy").decide(proba)
    passed = lambda said: ((grade == 3) & (said < 3)).sum()  # noqa: E731
    assert passed(wary) < passed(plain) / 3
    with pytest.raises(ContractError):
        GradeRule("cost", np.ones((2, 2))).decide(proba)


@pytest.mark.parametrize("aim", ["accuracy", "kappa", "macro_f1", "cost"])
def test_a_rule_survives_as_json_and_answers_rows_alone(aim: str) -> None:
    proba, grade = graded(2000, 5)
    rule = GradeRule(aim).fit(proba, grade)  # type: ignore[arg-type]
    again = GradeRule.of(json.loads(json.dumps(rule.state())))
    said = rule.decide(proba)
    np.testing.assert_array_equal(again.decide(proba), said)
    assert [int(rule.decide(proba[[i]])[0]) for i in range(20)] == said[:20].tolist()
    assert set(said.tolist()) <= {0, 1, 2, 3}


def test_an_untuned_rule_and_an_unknown_aim_are_refused() -> None:
    for aim in ("kappa", "macro_f1"):
        with pytest.raises(NotFitted, match=aim):
            GradeRule(aim).decide(np.full((1, 4), 0.25))
    with pytest.raises(UnknownValue, match="macro_f1"):
        GradeRule("f1")  # type: ignore[arg-type]


def test_the_expected_grade_is_a_mean() -> None:
    assert expected_grade(np.array([[0.0, 1.0], [0.5, 0.5]]), [90.0, 40.0]).tolist() == [40.0, 65.0]


def test_sets_keep_the_promise_for_the_rare_grade_where_one_limit_for_all_does_not() -> None:
    learnt, (proba, grade) = graded(4000, 6), graded(20000, 7)
    covered = {}
    for by_grade in (True, False):
        inside = GradeSets(0.9, by_grade).fit(*learnt).sets(proba)
        held = inside[np.arange(len(grade)), grade]
        covered[by_grade] = [held[grade == k].mean() for k in range(4)]
        assert held.mean() == pytest.approx(0.9, abs=0.03)
        assert inside[np.arange(len(grade)), proba.argmax(axis=1)].all()
    assert min(covered[True]) > 0.85
    assert covered[False][3] < 0.75


def test_a_grade_with_too_few_rows_is_in_every_set() -> None:
    proba, grade = graded(300, 8)
    kept = grade != 3
    sets = GradeSets(0.9).fit(proba[kept], grade[kept])
    assert sets.sets(proba)[:, 3].all()
    again = GradeSets.of(json.loads(json.dumps(sets.state())))
    np.testing.assert_array_equal(again.sets(proba), sets.sets(proba))
    with pytest.raises(NotFitted):
        GradeSets(0.9).sets(proba)
    with pytest.raises(UnknownValue):
        GradeSets(1.0)


def test_refusal_keeps_the_share_and_the_answered_are_better() -> None:
    learnt, (proba, grade) = graded(4000, 9), graded(8000, 10)
    refusal = Abstention(0.7).fit(learnt[0])
    answered = Abstention.of(refusal.state()).answers(proba)
    assert answered.mean() == pytest.approx(0.7, abs=0.03)
    right = proba.argmax(axis=1) == grade
    assert right[answered].mean() > right[~answered].mean() + 0.05
    with pytest.raises(UnknownValue):
        Abstention(0.0)
