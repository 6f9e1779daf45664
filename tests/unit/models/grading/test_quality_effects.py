"""Effects sum to the score, agree with a slow second opinion, and say nothing of what did not differ."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from mandi.models.grading.quality_effects import alone, shapley

CAUSES = {"a": [0], "b": [1, 2], "c": [3]}


def score(rows: np.ndarray) -> np.ndarray:
    return np.tanh(rows[:, 0] * rows[:, 1]) + rows[:, 2] ** 2 - np.nan_to_num(rows[:, 3]) * rows[:, 0]


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((20, 4)), rng.standard_normal((20, 4))


def test_effects_are_the_mean_gain_over_all_orders_and_sum_to_the_score(rows) -> None:
    asked, usual = rows
    base, effects = shapley(asked, usual, CAUSES, score)
    np.testing.assert_allclose(base, score(usual))
    for place in range(len(asked)):
        mean = dict.fromkeys(CAUSES, 0.0)
        orders = list(permutations(CAUSES))
        for order in orders:
            here = usual[[place]].copy()
            for name in order:
                before = score(here)[0]
                here[0, CAUSES[name]] = asked[place, CAUSES[name]]
                mean[name] += (score(here)[0] - before) / len(orders)
        assert effects[place] == pytest.approx(mean)
    total = base + [sum(e.values()) for e in effects]
    np.testing.assert_allclose(total, score(asked))


def test_a_cause_that_does_not_differ_is_left_out(rows) -> None:
    asked, usual = rows
    same = asked.copy()
    same[:, 3], asked[:, 3] = np.nan, np.nan
    same[:, 0] += 1.0
    base, effects = shapley(asked, same, CAUSES, score)
    assert all(set(e) == {"a"} for e in effects)
    np.testing.assert_allclose(base + [e["a"] for e in effects], score(asked))


def test_alone_is_what_replacing_one_cause_changes(rows) -> None:
    asked, usual = rows
    usual[:5, 0] = asked[:5, 0]
    found = alone(asked, usual, CAUSES, score, score(asked))
    for name, columns in CAUSES.items():
        other = asked.copy()
        other[:, columns] = usual[:, columns]
        np.testing.assert_allclose(found[name], score(asked) - score(other))
    assert (found["a"][:5] == 0.0).all()
    nothing = alone(asked, asked, CAUSES, score, score(asked))
    assert all((effect == 0.0).all() for effect in nothing.values())
