"""Every member learns, answers rows alone as together, bears gaps and missing grades, and survives as plain arrays."""

from __future__ import annotations

import io

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.preprocessing import PowerTransformer
from sklearn.svm import SVC

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.grade_directions import Directions
from mandi.models.grading.grade_forest import RandomForest
from mandi.models.grading.grade_kernel import ScaledSvm
from mandi.models.grading.grade_members import PLACES, Member, member, member_class
from mandi.models.grading.grade_scales import Scale, checked, product
from mandi.models.grading.tree_net import TreeNet, forest_arrays

GENERAL = sorted(
    name for name in PLACES if not name.startswith("standard-")
)  # those read columns by their place
QUICK = {
    "random-forest": {"n_estimators": 30},
    "extra-trees": {"n_estimators": 30},
    "ordinal-trees": {"n_estimators": 30},
    "lightgbm": {"n_estimators": 30},
}


def lots(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positive measurements, the third nearly a multiple of the first; three ordered grades by the first two, with noise."""
    draw = np.random.default_rng(seed)
    matrix = np.exp(draw.normal(size=(count, 4)) * 0.4)
    matrix[:, 2] = 3.0 * matrix[:, 0] * np.exp(draw.normal(size=count) * 0.02)
    worth = np.log(matrix[:, 0]) - np.log(matrix[:, 1]) + draw.normal(size=count) * 0.15
    return matrix, np.digitize(-worth, [-0.3, 0.3])


@pytest.fixture(scope="module", params=GENERAL)
def fitted(request: pytest.FixtureRequest) -> Member:
    return member(request.param, **QUICK.get(request.param, {})).fit(*lots(500, 1), 3, 7)


def test_a_member_grades_lots_it_has_not_seen(fitted: Member) -> None:
    matrix, grade = lots(400, 2)
    proba = fitted.proba(matrix)
    assert proba.shape == (400, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-9)
    assert proba.min() >= 0.0
    assert (proba.argmax(axis=1) == grade).mean() > 0.75


def test_a_row_is_answered_alone_as_among_others_to_the_last_bit(fitted: Member) -> None:
    matrix, _ = lots(257, 3)
    matrix[5, 1] = np.nan
    together = fitted.proba(matrix)
    for place in (0, 5, 100, 256):
        np.testing.assert_array_equal(fitted.proba(matrix[[place]]), together[[place]])
    np.testing.assert_array_equal(fitted.proba(matrix[:33][::-1])[::-1], together[:33])
    assert fitted.proba(matrix[:0]).shape == (0, 3)


def test_a_member_survives_as_plain_arrays(fitted: Member) -> None:
    matrix, _ = lots(50, 4)
    held = io.BytesIO()
    np.savez(held, **fitted.arrays())
    held.seek(0)
    with np.load(held, allow_pickle=False) as kept:
        again = member_class(fitted.name).of({name: kept[name] for name in kept.files})
    np.testing.assert_array_equal(again.proba(matrix), fitted.proba(matrix))


def test_the_seed_decides(fitted: Member) -> None:
    matrix, _ = lots(50, 4)
    again = member(fitted.name, **QUICK.get(fitted.name, {})).fit(*lots(500, 1), 3, 7)
    np.testing.assert_array_equal(again.proba(matrix), fitted.proba(matrix))


@pytest.mark.parametrize("name", GENERAL)
def test_gaps_missing_grades_and_a_flat_column_are_borne(name: str) -> None:
    matrix, grade = lots(300, 5)
    matrix[::7, 1] = np.nan
    matrix = np.hstack([matrix, np.full((300, 1), 4.0), np.full((300, 1), np.nan)])
    grade = np.where(grade == 1, 3, grade)  # of five grades the second and the last are never seen
    told = member(name, **QUICK.get(name, {})).fit(matrix, grade, 5, 7)
    proba = told.proba(matrix)
    assert np.isfinite(proba).all()
    assert proba[:, [1, 4]].max() < 1e-6 or name == "ordinal-trees"
    assert (proba.argmax(axis=1) == grade).mean() > 0.7


@pytest.mark.parametrize("name", GENERAL)
def test_one_grade_alone_is_certain_and_an_unfitted_member_says_so(name: str) -> None:
    matrix, _ = lots(40, 6)
    told = member(name, **QUICK.get(name, {})).fit(matrix, np.full(40, 1), 3, 7)
    np.testing.assert_allclose(told.proba(matrix)[:, 1], 1.0)
    with pytest.raises(NotFitted):
        member(name).proba(matrix)


def test_unknown_members_wrong_shapes_and_infinities_are_refused(fitted: Member) -> None:
    with pytest.raises(UnknownValue, match="did you mean"):
        member("random-forrest")
    with pytest.raises(ContractError):
        fitted.proba(np.ones((3, 9)))
    with pytest.raises(ContractError, match="infinite"):
        fitted.proba(np.full((1, 4), np.inf))
    with pytest.raises(ContractError):
        checked(np.ones(3))


def test_the_forest_is_the_specified_one() -> None:
    matrix, grade = lots(400, 1)
    matrix[::9, 0] = np.nan
    theirs = RandomForestClassifier(
        n_estimators=200, max_depth=15, min_samples_split=10, class_weight="balanced", random_state=42
    ).fit(matrix, grade)
    ours = RandomForest().fit(matrix, grade, 3, 999)
    asked, _ = lots(300, 2)
    asked[::5, 2] = np.nan
    np.testing.assert_allclose(ours.proba(asked), theirs.predict_proba(asked), atol=2e-6)


def test_trees_part_rows_exactly_at_their_thresholds() -> None:
    """Rows that stand on a threshold, or the nearest float beside it, fall to the side scikit-learn puts them."""
    matrix, grade = lots(200, 8)
    forest = RandomForestClassifier(n_estimators=5, random_state=1).fit(matrix, grade)
    net = TreeNet(forest_arrays(forest.estimators_, lambda t: t.value[:, 0, :] / 5, 4))
    asked = np.repeat(matrix[:40], 3, axis=0)
    cuts = [
        t
        for e in forest.estimators_
        for f, t in zip(e.tree_.feature, e.tree_.threshold, strict=True)
        if f == 0
    ]
    for place, cut in enumerate(cuts[:40]):
        near = np.float32(cut)
        around = (np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf)))
        asked[3 * place : 3 * place + 3, 0] = around
    np.testing.assert_allclose(net.sums(asked), forest.predict_proba(asked.astype(np.float32)), atol=1e-6)


def test_broken_trees_are_refused() -> None:
    matrix, _ = lots(60, 8)
    forest = IsolationForest(n_estimators=3, random_state=1).fit(matrix)
    arrays = forest_arrays(forest.estimators_, lambda t: np.ones((t.node_count, 1)), 4)
    arrays["onnx"] = arrays["onnx"][:50]
    with pytest.raises(ContractError, match="no trees"):
        TreeNet(arrays).sums(matrix)


@pytest.mark.parametrize("grades", [2, 3])
def test_the_machine_has_the_distances_of_the_library(grades: int) -> None:
    matrix, grade = lots(300, 9)
    grade = np.minimum(grade, grades - 1)
    machine = ScaledSvm(C=2.0).fit(matrix, grade, grades, 1)
    rows = Scale.of(machine.kept).apply(matrix)
    theirs = SVC(C=2.0, gamma=1.0 / 4, decision_function_shape="ovo").fit(rows, grade)
    distances = theirs.decision_function(rows)
    expected = -distances[:, None] if grades == 2 else distances
    np.testing.assert_allclose(machine._distances(rows, machine.kept), expected, atol=1e-8)


def test_a_scale_makes_a_skewed_column_normal_as_the_library_does() -> None:
    matrix, _ = lots(300, 10)
    ours = Scale.fit(matrix, "power").apply(matrix)
    np.testing.assert_allclose(ours, PowerTransformer().fit_transform(matrix), atol=1e-6)
    whole = Scale.fit(matrix * 1e6, "scaled-power").apply(matrix * 1e6)
    np.testing.assert_allclose(whole, Scale.fit(matrix, "scaled-power").apply(matrix), atol=1e-5)
    with pytest.raises(UnknownValue, match="scaled-power"):
        Scale.fit(matrix, "bent")  # type: ignore[arg-type]
    with pytest.raises(ContractError):
        Scale.fit(matrix[:0])


def test_directions_bring_out_a_ratio_of_measurements_that_nearly_repeat() -> None:
    matrix, _ = lots(400, 11)
    ratio = np.log(matrix[:, 2]) - np.log(matrix[:, 0])
    turned = Directions.fit(matrix).apply(matrix)
    assert max(abs(np.corrcoef(turned.T, ratio)[:-1, -1])) > 0.99
    np.testing.assert_allclose(np.cov(turned.T), np.eye(4), atol=0.02)
    twice = np.hstack([matrix, matrix[:, :1] ** 2])  # on the log scale a copy: no direction of its own
    assert Directions.fit(twice).apply(twice).shape[1] == 4


def test_the_product_is_the_matrix_product() -> None:
    draw = np.random.default_rng(0)
    one, other = draw.normal(size=(7, 5)), draw.normal(size=(5, 3))
    np.testing.assert_allclose(product(one, other), one @ other)
