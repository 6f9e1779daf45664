"""Collective steps against slow ones, and what they promise about a batch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.ranking.assignment import assign, soft_one_to_one


def batch(seed: int, lefts: int, rights: int, share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    left, right = np.nonzero(draw.random((lefts, rights)) < share)
    return draw.normal(size=len(left)), left, right + 100


def best_by_trying(scores: np.ndarray, left: np.ndarray, right: np.ndarray) -> tuple[int, float]:
    """Number and sum of the best choice, over every choice there is."""
    best = (0, 0.0)
    for size in range(1, min(len(set(left)), len(set(right))) + 1):
        for chosen in itertools.combinations(range(len(scores)), size):
            rows = list(chosen)
            if len(set(left[rows])) == size == len(set(right[rows])):
                best = max(best, (size, float(scores[rows].sum())))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_assignment_is_the_best_there_is(seed: int) -> None:
    scores, left, right = batch(seed, 4, 4, 0.6)
    chosen = assign(scores, left, right)
    assert len(set(left[chosen])) == len(chosen) == len(set(right[chosen]))
    count, total = best_by_trying(scores, left, right)
    assert len(chosen) == count
    assert scores[chosen].sum() == pytest.approx(total)


def test_assignment_meets_scipy_on_a_full_table() -> None:
    from scipy.optimize import linear_sum_assignment

    table = np.random.default_rng(0).normal(size=(30, 45))
    left, right = (side.ravel() for side in np.indices(table.shape))
    chosen = assign(table.ravel(), left, right)
    assert table.ravel()[chosen].sum() == pytest.approx(
        table[linear_sum_assignment(table, maximize=True)].sum()
    )


def test_order_of_pairs_does_not_matter_and_a_floor_holds() -> None:
    scores, left, right = batch(3, 20, 25, 0.3)
    turned = np.random.default_rng(1).permutation(len(scores))
    chosen = assign(scores, left, right)
    assert sorted(turned[assign(scores[turned], left[turned], right[turned])]) == chosen.tolist()
    assert (scores[assign(scores, left, right, floor=0.5)] >= 0.5).all()
    assert assign(scores, left, right, floor=99.0).tolist() == []
    assert assign([], [], []).tolist() == []
    assert assign([2.0, 2.0], [0, 1], [0, 1]).tolist() == [0, 1]


def test_soft_step_against_the_definition() -> None:
    scores, left, right = batch(5, 6, 5, 0.8)
    found = soft_one_to_one(scores, left, right, temperature=0.7, strength=1.5)
    mass = [np.exp(s / 0.7) / np.exp(scores[left == a] / 0.7).sum() for s, a in zip(scores, left)]
    for place, (a, b) in enumerate(zip(left, right)):
        others = sum(m for m, i, j in zip(mass, left, right) if j == b and i != a)
        assert found[place] == pytest.approx(np.log(mass[place]) - 1.5 * np.log1p(others))


def test_soft_step_leaves_questions_without_rivals_alone() -> None:
    scores, left, right = batch(6, 10, 12, 0.5)
    own = left * 1000 + right
    lowered = soft_one_to_one(scores, left, own)
    for a in np.unique(left):
        rows = left == a
        assert (np.argsort(lowered[rows]) == np.argsort(scores[rows])).all()
    still = soft_one_to_one(scores, left, right, strength=0.0)
    assert all((np.argsort(still[left == a]) == np.argsort(scores[left == a])).all() for a in np.unique(left))
    assert np.isfinite(soft_one_to_one(scores * 1e4, left, right)).all()
    assert soft_one_to_one([], [], []).shape == (0,)


def test_odd_batches_are_refused() -> None:
    for call in (assign, soft_one_to_one):
        with pytest.raises(ContractError, match="shapes"):
            call([1.0, 2.0], [0], [0, 1])
        with pytest.raises(ContractError, match="finite"):
            call([np.nan], [0], [0])
        with pytest.raises(ContractError, match="twice"):
            call([1.0, 2.0], [0, 0], [1, 1])
    with pytest.raises(ContractError, match="temperature"):
        soft_one_to_one([1.0], [0], [0], temperature=0.0)
