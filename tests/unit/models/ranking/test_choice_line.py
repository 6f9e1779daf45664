"""The choice line: it finds weights, sellers and tastes that made the choices, and its gradient is right."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import check_grad

from mandi.core.errors import ContractError, NotFitted
from mandi.models.ranking.choice_line import ChoiceLine, ChoiceParams, _Problem

WEIGHTS = np.array([1.5, -1.0])


def market(questions: int = 600, offers: int = 8, seed: int = 0):  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(seed)
    count = questions * offers
    group = np.repeat(np.arange(questions), offers)
    matrix = draw.normal(size=(count, 2))
    seller = draw.integers(0, 6, count)
    buyer = np.repeat(draw.integers(0, 4, questions), offers)
    likes = np.where((seller % 2) == (buyer % 2), 1.0, -1.0)  # even buyers like even sellers
    worth = matrix @ WEIGHTS + likes + 2.0 * (seller == 5) + 0.3 * draw.gumbel(size=count)
    taken = np.zeros(count, dtype=bool)
    taken[np.arange(questions) * offers + worth.reshape(questions, offers).argmax(axis=1)] = True
    names = (
        np.array([f"S{i}" for i in range(6)], dtype=object),
        np.array([f"B{i}" for i in range(4)], dtype=object),
    )
    return matrix, group, taken, names[0][seller], names[1][buyer]


@pytest.fixture(scope="module")
def fitted() -> ChoiceLine:
    return ChoiceLine(ChoiceParams(tastes=1, taste_penalty=0.5)).fit(*market())


def test_weights_point_where_the_choices_did(fitted: ChoiceLine) -> None:
    assert fitted.weights[0] / -fitted.weights[1] == pytest.approx(1.5, rel=0.2)
    assert fitted.effects[fitted.sellers["S5"]] == fitted.effects.max()


def test_it_learns_who_likes_whom(fitted: ChoiceLine) -> None:
    same = (
        fitted.margin(np.zeros((1, 2)), ["S2"], ["B0"])[0]
        - fitted.margin(np.zeros((1, 2)), ["S2"], ["B1"])[0]
    )
    assert same > 1.0


def test_later_choices_are_foretold_better_with_tastes(fitted: ChoiceLine) -> None:
    matrix, group, taken, sellers, buyers = market(300, seed=9)
    plain = ChoiceLine(ChoiceParams(tastes=0)).fit(*market())
    hits = []
    for line in (fitted, plain):
        margin = line.margin(matrix, sellers, buyers).reshape(300, -1)
        hits.append(taken.reshape(300, -1)[np.arange(300), margin.argmax(axis=1)].mean())
    assert hits[0] > 0.7 and hits[0] > hits[1] + 0.05


def test_the_gradient_is_that_of_the_loss() -> None:
    matrix, group, taken, sellers, buyers = market(40)
    _, sizes = np.unique(group, return_counts=True)
    codes = [np.unique(side, return_inverse=True)[1] for side in (sellers, buyers)]
    problem = _Problem(matrix, sizes, taken, codes[0], codes[1], (6, 4), ChoiceParams(tastes=2))
    at = np.random.default_rng(0).normal(size=len(problem.start())) / 3
    assert check_grad(lambda x: problem.loss(x)[0], lambda x: problem.loss(x)[1], at) < 1e-3


def test_who_was_never_seen_is_nobody_in_particular(fitted: ChoiceLine) -> None:
    matrix = np.array([[1.0, 0.0]])
    parts = fitted.parts(matrix, ["new"], ["new"])
    assert parts[0, 2:].tolist() == [0.0, 0.0]
    assert fitted.parts(matrix, ["S5"], ["new"])[0, 2] != 0.0


def test_parts_sum_to_the_margin_and_a_row_is_the_same_alone(fitted: ChoiceLine) -> None:
    matrix, _, _, sellers, buyers = market(50, seed=3)
    matrix[3, 0] = np.nan
    margin = fitted.margin(matrix, sellers, buyers)
    np.testing.assert_allclose(fitted.parts(matrix, sellers, buyers).sum(axis=1), margin)
    assert fitted.margin(matrix[[7]], sellers[[7]], buyers[[7]])[0] == margin[7]
    assert np.isfinite(margin).all()


def test_a_column_of_one_value_says_nothing() -> None:
    matrix, *rest = market(80)
    line = ChoiceLine(ChoiceParams(tastes=1)).fit(np.column_stack([matrix, np.full(len(matrix), 3.0)]), *rest)
    assert line.weights[2] == pytest.approx(0.0, abs=1e-6)
    other = line.margin(np.array([[0.0, 0.0, 3.0], [0.0, 0.0, 9.0]]), ["S1", "S1"], ["B1", "B1"])
    assert other[0] == other[1]


def test_written_down_and_read_back_it_is_the_same(fitted: ChoiceLine) -> None:
    again = ChoiceLine.of(json.loads(json.dumps(fitted.state())), fitted.params)
    matrix, _, _, sellers, buyers = market(20, seed=4)
    np.testing.assert_array_equal(
        again.margin(matrix, sellers, buyers), fitted.margin(matrix, sellers, buyers)
    )


def test_the_same_choices_give_the_same_line(fitted: ChoiceLine) -> None:
    assert ChoiceLine(fitted.params).fit(*market()).state() == fitted.state()


def test_unfitted_or_of_other_width_it_says_so(fitted: ChoiceLine) -> None:
    with pytest.raises(NotFitted):
        ChoiceLine().margin(np.zeros((1, 2)), ["a"], ["b"])
    with pytest.raises(ContractError, match="3 features"):
        fitted.margin(np.zeros((1, 3)), ["a"], ["b"])
