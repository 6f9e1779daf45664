"""Who grades is decided on later lots of suppliers not learnt from."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from mandi.core.errors import ConfigError, NotFitted, UnknownValue
from mandi.models.grading import grade_members
from mandi.models.grading.quality_jury import Jury, JuryParams, simplest, supplier_groups

from .test_quality_line import lots

PARAMS = JuryParams(
    members=("standard-line", "logistic", "random-forest"),
    settings={"standard-line": {"measures": 2}, "random-forest": {"n_estimators": 10}},
)


def setting(count: int = 1500) -> tuple[Any, ...]:
    matrix, grade = lots(count)
    later = np.arange(count) >= count * 2 // 3
    supplier = np.array([f"S{n % 17}" for n in range(count)], dtype=object)
    return matrix, grade, 3, later, supplier


def test_the_grader_that_holds_on_other_suppliers_later_lots_is_taken_alone() -> None:
    jury = Jury(PARAMS).fit(*setting())
    assert set(jury.losses) == {"standard-line", "logistic", "random-forest", "vote", "stack"}
    assert jury.chosen == "standard-line" and list(jury.members) == ["standard-line"]
    assert jury.losses["standard-line"] < jury.losses["random-forest"]


class Spy:
    """Remembers which rows it learnt from and which it was asked about."""

    name: ClassVar[str] = "spy"
    learnt: ClassVar[list[np.ndarray]] = []
    asked: ClassVar[list[np.ndarray]] = []

    def fit(self, matrix: Any, grade: Any, grades: int, seed: int) -> Spy:
        Spy.learnt.append(matrix[:, 0])
        self.grades = grades
        return self

    def proba(self, matrix: Any) -> Any:
        Spy.asked.append(matrix[:, 0])
        return np.full((len(matrix), self.grades), 1.0 / self.grades)

    def arrays(self) -> dict[str, Any]:
        return {}


def test_no_fold_knows_the_time_or_the_supplier_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(grade_members.PLACES, "spy", f"{__name__}:Spy")
    matrix, grade, grades, later, supplier = setting(300)
    matrix[:, 0] = np.arange(300)
    Spy.learnt, Spy.asked = [], []
    Jury(JuryParams(members=("spy",), joins=(), folds=3)).fit(matrix, grade, grades, later, supplier)
    *folds, last = Spy.learnt
    assert len(folds) == 3 and len(last) == 300
    for learnt, asked in zip(folds, Spy.asked):
        mine, theirs = learnt.astype(int), asked.astype(int)
        assert not later[mine].any() and later[theirs].all()
        assert not set(supplier[mine]) & set(supplier[theirs])
    assert sorted(np.concatenate(Spy.asked).astype(int)) == np.flatnonzero(later).tolist()


def test_a_join_of_all_answers_as_it_was_weighed_and_survives_saving(tmp_path: Any) -> None:
    matrix, grade, grades, later, supplier = setting(600)
    jury = Jury(PARAMS).fit(matrix, grade, grades, later, supplier)
    for join in ("vote", "stack"):
        jury.chosen = join
        jury.members = {name: jury._taught(name, matrix, grade) for name in PARAMS.members}
        held = {name: one.proba(matrix[later]) for name, one in jury.members.items()}
        jury.layer = jury._stacked(
            np.hstack([np.log(np.clip(p, 1e-6, 1)) for p in held.values()]), grade[later]
        )
        told = jury.proba(matrix)
        np.testing.assert_allclose(told.sum(axis=1), 1.0)
        np.testing.assert_array_equal(jury.proba(matrix[[5]]), told[[5]])
        folder = tmp_path / join
        folder.mkdir()
        jury.save(folder)
        np.testing.assert_array_equal(Jury.load(folder, PARAMS).proba(matrix), told)


def test_with_too_few_lots_to_hold_out_the_first_member_answers() -> None:
    matrix, grade, grades, _, supplier = setting(200)
    jury = Jury(PARAMS).fit(matrix, grade, grades, np.zeros(200, dtype=bool), supplier)
    assert jury.chosen == "standard-line" and jury.losses == {}


def test_the_simplest_way_within_chance_is_taken() -> None:
    rng = np.random.default_rng(0)
    alone = rng.random(400)
    noisy, better = alone - rng.normal(0.001, 0.2, 400), alone - 0.2
    assert simplest({"line": alone, "stack": noisy}, ["line"]) == "line"
    assert simplest({"line": alone, "stack": better}, ["line"]) == "stack"


def test_groups_are_the_same_for_a_supplier_and_for_a_seed() -> None:
    supplier = np.array([f"S{n % 40}" for n in range(400)], dtype=object)
    groups = supplier_groups(supplier, 3, 7)
    assert set(groups) == {0, 1, 2}
    assert all(len(set(groups[supplier == name])) == 1 for name in set(supplier))
    np.testing.assert_array_equal(groups, supplier_groups(supplier, 3, 7))


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(UnknownValue, match="standart-line"):
        JuryParams(members=("standart-line",))
    with pytest.raises(ConfigError, match="mean"):
        JuryParams(joins=("mean",))
    with pytest.raises(ConfigError, match="1 folds"):
        JuryParams(folds=1)
    with pytest.raises(NotFitted):
        Jury().proba(np.zeros((1, 16)))
