"""Unusual rows rank above usual ones; false alarms are as many as asked for; nothing is lost on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.novelty import KINDS, Novelty, NoveltyParams, _isolation
from mandi.models.grading.tree_net import TreeNet


def usual(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, skewed, with units far apart."""
    draw = np.random.default_rng(seed)
    grade = draw.integers(0, 2, count)
    rows = draw.normal(size=(count, 3)) + 6.0 * grade[:, None]
    return np.column_stack([np.exp(rows[:, 0] / 4), rows[:, 1] * 1e5, rows[:, 2]]), grade


@pytest.fixture(scope="module", params=KINDS)
def seen(request: pytest.FixtureRequest) -> Novelty:
    params = NoveltyParams(kind=request.param, trees=50, power=request.param != "isolation")
    return Novelty(params).fit(*usual(1200, 1))


def test_rows_between_the_classes_are_unusual(seen: Novelty) -> None:
    between = np.column_stack([np.exp(np.full(60, 3.0) / 4), np.full(60, 3e5), np.linspace(-1.0, 7.0, 60)])
    score = np.concatenate([seen.score(usual(600, 2)[0]), seen.score(between)])
    assert score.min() >= 0.0
    assert score.max() <= 1.0
    reached = roc_auc_score(np.repeat([0, 1], [600, 60]), score)
    assert reached > (0.65 if seen.params.kind == "isolation" else 0.9)


def test_false_alarms_are_as_many_as_asked_for(seen: Novelty) -> None:
    p_value = seen.p_value(usual(4000, 3)[0])
    assert p_value.min() > 0.0
    for share in (0.05, 0.2):
        assert (p_value <= share).mean() == pytest.approx(share, abs=0.035)


def test_the_score_ranks_like_the_distance_even_beyond_every_usual_row(seen: Novelty) -> None:
    rows = np.vstack([usual(200, 4)[0], usual(3, 5)[0] + 40.0, usual(3, 5)[0] + 80.0])
    order = np.argsort(seen.distance(rows), kind="stable")
    assert (np.diff(seen.score(rows)[order]) >= 0).all()
    np.testing.assert_allclose(seen.p_value(rows), 1.0 - seen.score(rows), atol=2.5 / 1200)


def test_a_row_is_answered_alone_as_among_others_and_gaps_are_borne(seen: Novelty) -> None:
    rows, _ = usual(100, 6)
    rows[3, 1] = np.nan
    together = seen.score(rows)
    assert np.isfinite(together).all()
    for place in (0, 3, 99):
        assert seen.score(rows[[place]])[0] == together[place]
    assert seen.score(rows[:0]).shape == (0,)


def test_it_survives_the_disk_and_a_changed_file_is_refused(seen: Novelty, tmp_path: Path) -> None:
    rows, _ = usual(100, 7)
    seen.save(tmp_path)
    again = Novelty.load(tmp_path)
    np.testing.assert_array_equal(again.score(rows), seen.score(rows))
    assert again.params == seen.params
    (tmp_path / "novelty.npz").write_bytes((tmp_path / "novelty.npz").read_bytes() + b"x")
    with pytest.raises(ContractError, match="not the file"):
        Novelty.load(tmp_path)


def test_the_isolation_forest_is_the_librarys() -> None:
    rows = usual(700, 8)[0].astype(np.float32).astype(np.float64)
    theirs = IsolationForest(n_estimators=40, random_state=5).fit(rows)
    depth = TreeNet(_isolation(rows, 40, 5)).sums(rows)[:, 0]
    np.testing.assert_allclose(-np.exp2(-depth), theirs.score_samples(rows), atol=1e-5)


def test_many_rows_are_thinned_and_the_seed_decides() -> None:
    rows, grade = usual(900, 9)
    small = NoveltyParams(most_rows=300)
    one, other = Novelty(small).fit(rows, grade), Novelty(small).fit(rows, grade)
    assert len(one.kept["points"]) == 300
    np.testing.assert_array_equal(one.score(rows), other.score(rows))


def test_what_cannot_be_asked_says_so() -> None:
    with pytest.raises(NotFitted):
        Novelty().score(np.ones((1, 3)))
    with pytest.raises(UnknownValue, match="mahalanobis"):
        Novelty(NoveltyParams(kind="svm"))
    with pytest.raises(ContractError, match="12"):
        Novelty().fit(np.ones((5, 2)))
    with pytest.raises(ContractError):
        Novelty().fit(*(np.ones((50, 2)), np.zeros(3)))
