"""Joins, curves and the jury: what is fitted on which rows, what is chosen, and what is read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.grade_calibration import KINDS, Curve, calibration_error, log_loss
from mandi.models.grading.grade_joins import Join
from mandi.models.grading.grade_vote import GradeVote, GradeVoteParams, inner_folds

QUICK = GradeVoteParams(
    members=("logistic", "random-forest"),
    beside=("svm",),
    settings={"random-forest": {"n_estimators": 20}},
    curves=("none", "temperature", "platt"),
)


def lots(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(count, 3))
    return matrix, np.digitize(matrix[:, 0] - matrix[:, 1] + draw.normal(size=count) * 0.5, [-1.0, 1.0])


def told(count: int, seed: int, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities whose logarithms are ``slope`` times too steep, and grades drawn from the true ones."""
    draw = np.random.default_rng(seed)
    odds = draw.normal(size=(count, 3)) * 1.5
    true = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    steep = np.exp(slope * odds)
    grade = (draw.random((count, 1)) > true.cumsum(axis=1)).sum(axis=1)
    return steep / steep.sum(axis=1, keepdims=True), np.minimum(grade, 2)


@pytest.fixture(scope="module")
def jury() -> GradeVote:
    return GradeVote(QUICK).fit(*lots(600, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_curve_mends_overconfidence_and_survives(kind: str) -> None:
    proba, grade = told(4000, 1, 3.0)
    fresh, truth = told(4000, 2, 3.0)
    curve = Curve(kind).fit(proba, grade)
    bent = curve.apply(fresh)
    np.testing.assert_allclose(bent.sum(axis=1), 1.0)
    np.testing.assert_array_equal(Curve.of(curve.arrays()).apply(fresh), bent)
    before, after = calibration_error(fresh, truth), calibration_error(bent, truth)
    assert before > 0.1
    assert after == before if kind == "none" else after < 0.04


def test_temperature_finds_the_slope_that_was_put_in() -> None:
    curve = Curve("temperature").fit(*told(6000, 3, 2.5))
    assert float(curve.kept["slope"]) == pytest.approx(1 / 2.5, rel=0.07)


def test_platt_mends_a_grade_said_too_often() -> None:
    proba, grade = told(6000, 4, 1.0)
    tilted = proba * np.array([4.0, 1.0, 1.0])
    tilted /= tilted.sum(axis=1, keepdims=True)
    mended = Curve("platt").fit(tilted, grade).apply(tilted)
    assert np.abs(mended - proba).max() < 0.06


def test_calibration_error_is_that_of_a_plain_loop() -> None:
    proba, grade = told(500, 5, 2.0)
    sure, right = proba.max(axis=1), proba.argmax(axis=1) == grade
    total = 0.0
    for low in np.arange(15) / 15:
        inside = (sure >= low) & (sure < low + 1 / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    assert calibration_error(proba, grade) == pytest.approx(total)


def test_a_pool_trusts_the_one_who_knows_and_a_vote_does_not() -> None:
    proba, grade = told(1500, 6, 1.0)
    noise = np.random.default_rng(0).dirichlet(np.ones(3), 1500)
    pool = Join("pool").fit([proba, noise], grade)
    assert pool.weights[0] > 5 * pool.weights[1]
    assert Join("vote").fit([proba, noise], grade).weights.tolist() == [0.5, 0.5]
    losses = {kind: log_loss(Join(kind, 0.03).fit([proba, noise], grade).apply([proba, noise]), grade)
              for kind in ("vote", "pool", "stack")}  # fmt: skip
    assert losses["pool"] < losses["vote"] - 0.05
    assert losses["stack"] < losses["vote"] - 0.05


def test_the_jury_is_better_than_a_member_and_chosen_by_rows_held_out(jury: GradeVote) -> None:
    matrix, grade = lots(2000, 2)
    proba = jury.proba(matrix)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert log_loss(proba, grade) < log_loss(jury.member_proba("random-forest", matrix), grade)
    assert calibration_error(proba, grade) < 0.06
    losses = jury.choice["log_loss"]
    ways = {way: loss for way, loss in losses.items() if "," in way}
    assert len(ways) == (2 + 2) * 3
    assert losses[jury.choice["way"]] == min(ways.values())
    assert set(losses) - set(ways) == {"logistic", "random-forest"}


def test_out_of_fold_is_not_what_the_fitted_jury_says_of_its_own_rows(jury: GradeVote) -> None:
    matrix, grade = lots(600, 1)
    assert jury.out_of_fold.shape == (600, 3)
    assert log_loss(jury.out_of_fold, grade) > log_loss(jury.proba(matrix), grade)
    assert log_loss(jury.out_of_fold, grade) == pytest.approx(jury.choice["log_loss"][jury.choice["way"]])


def test_labels_of_a_fold_do_not_reach_its_own_out_of_fold_answers() -> None:
    matrix, grade = lots(300, 3)
    params = GradeVoteParams(members=("logistic",), joins=("vote",), curves=("none",))
    folds = [(np.arange(100, 300), np.arange(100)), (np.arange(100), np.arange(100, 300))]
    before = GradeVote(params).fit(matrix, grade, folds)
    other = grade.copy()
    other[:100] = (other[:100] + 1) % 3
    after = GradeVote(params).fit(matrix, other, folds)
    np.testing.assert_array_equal(before.out_of_fold[:100], after.out_of_fold[:100])
    assert not np.allclose(before.out_of_fold[100:], after.out_of_fold[100:])


def test_rows_in_no_inner_fold_are_learnt_from_but_not_judged() -> None:
    matrix, grade = lots(300, 4)
    folds = [(np.arange(100), np.arange(100, 200)), (np.arange(200), np.arange(200, 300))]
    jury = GradeVote(GradeVoteParams(members=("logistic",))).fit(matrix, grade, folds)
    assert np.isnan(jury.out_of_fold[:100]).all()
    assert np.isfinite(jury.out_of_fold[100:]).all()


def test_the_jury_survives_the_disk(jury: GradeVote, tmp_path: Path) -> None:
    matrix, _ = lots(100, 5)
    jury.save(tmp_path)
    again = GradeVote.load(tmp_path)
    np.testing.assert_array_equal(again.proba(matrix), jury.proba(matrix))
    np.testing.assert_array_equal(again.member_proba("svm", matrix), jury.member_proba("svm", matrix))
    assert again.params == jury.params
    assert again.choice == jury.choice
    for place in (0, 99):
        np.testing.assert_array_equal(again.proba(matrix[[place]])[0], jury.proba(matrix)[place])


def test_a_changed_or_foreign_file_is_refused(jury: GradeVote, tmp_path: Path) -> None:
    jury.save(tmp_path)
    content = (tmp_path / "members.npz").read_bytes()
    (tmp_path / "members.npz").write_bytes(content[:-1] + b"x")
    with pytest.raises(ContractError, match="not the file"):
        GradeVote.load(tmp_path)
    state = json.loads((tmp_path / "vote.json").read_text())
    (tmp_path / "vote.json").write_text(json.dumps(state | {"format": "other/1"}))
    with pytest.raises(ContractError, match="grade-vote/1"):
        GradeVote.load(tmp_path)
    with pytest.raises(ContractError):
        GradeVote.load(tmp_path / "nowhere")


def test_inner_folds_keep_a_group_on_one_side() -> None:
    _, grade = lots(200, 6)
    group = np.arange(200) % 17
    for learnt, held in inner_folds(grade, 3, 1, group):
        assert not set(group[learnt]) & set(group[held])
    rare = np.array([0] * 50 + [1])
    assert sorted(np.concatenate([held for _, held in inner_folds(rare, 3, 1)])) == list(range(51))
    with pytest.raises(ContractError, match="groups"):
        inner_folds(grade, 3, 1, np.zeros(200))


def test_what_cannot_be_asked_says_so(jury: GradeVote) -> None:
    with pytest.raises(NotFitted):
        GradeVote(QUICK).proba(np.ones((1, 3)))
    with pytest.raises(UnknownValue, match="logistic"):
        jury.member_proba("mlp", np.ones((1, 3)))
    with pytest.raises(ContractError):
        GradeVote(QUICK).fit(np.ones((3, 1)), np.array([0, 1]))
    with pytest.raises(UnknownValue):
        GradeVote(GradeVoteParams(members=()))
    with pytest.raises(UnknownValue):
        Join("mean")
    with pytest.raises(UnknownValue):
        Curve("beta")
    with pytest.raises(ContractError):
        calibration_error(np.ones((2, 2)), np.array([0, 5]))
