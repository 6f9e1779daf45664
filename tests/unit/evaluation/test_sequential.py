"""The tests keep their level however often one looks, and find what is there."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.sequential import STAKES, MeanSequence, Wealth, clipped

Rng = np.random.Generator
# all of mean zero: the worst that the hypothesis "not above zero" allows
FAIR: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "coins": lambda rng, n: rng.choice([-1.0, 1.0], n),
    "small": lambda rng, n: rng.normal(0, 0.05, n).clip(-1, 1),
    "skewed": lambda rng, n: np.where(rng.random(n) < 0.1, 0.9, -0.1),
    "skewed the other way": lambda rng, n: np.where(rng.random(n) < 0.1, -0.9, 0.1),
    "spread that follows the past": lambda rng, n: _follows(rng, n),
}


def _follows(rng: Rng, n: int) -> np.ndarray:
    found, spread = np.empty(n), 0.1
    for i in range(n):
        found[i] = rng.choice([-spread, spread])
        spread = 0.9 if found[i] > 0 else 0.1
    return found


@pytest.mark.parametrize("kind", FAIR)
def test_looking_after_every_observation_raises_no_more_false_alarms_than_the_level(kind: str) -> None:
    level, trials, steps = 0.1, 400, 600
    rng = np.random.default_rng(11)
    alarms = sum(Wealth.start().after(FAIR[kind](rng, steps)).reached(level) for _ in range(trials))
    # of 400 with a chance of 0.1 each, more than 58 would be seen once in a thousand
    assert alarms <= 58, alarms


def test_an_ordinary_test_that_is_peeked_at_does_raise_them() -> None:
    rng, alarms = np.random.default_rng(11), 0
    for _ in range(200):
        x = rng.choice([-1.0, 1.0], 600)
        n = np.arange(1, 601)
        z = x.cumsum() / np.sqrt(n)
        alarms += bool((z[29:] > 1.2816).any())  # one-sided 10 % at each look
    assert alarms > 60  # the trial above is one that can fail


def test_what_is_there_is_found() -> None:
    rng, found = np.random.default_rng(3), 0
    for _ in range(100):
        x = rng.normal(0.03, 0.25, 2000).clip(-1, 1)
        found += Wealth.start().after(x).reached(0.02)
    assert found >= 97


def test_wealth_is_a_martingale_under_a_fair_coin() -> None:
    # all 2 ** 10 ways ten fair coins can fall: the mean wealth is exactly what it was at the start
    ways = [[1.0 if way >> i & 1 else -1.0 for i in range(10)] for way in range(1 << 10)]
    assert np.mean([Wealth.start().after(way).now for way in ways]) == pytest.approx(1.0)


def test_wealth_by_hand_and_in_pieces() -> None:
    x = [0.3, -0.2, 0.9]
    wealth = Wealth.start().after(x)
    by_hand = np.mean([np.prod([1 + stake * value for value in x]) for stake in STAKES])
    assert wealth.now == pytest.approx(by_hand)
    pieces = Wealth.of(json.loads(json.dumps(Wealth.start().after(x[:1]).as_dict()))).after(x[1:])
    assert pieces == wealth


def test_evidence_once_won_is_not_lost() -> None:
    wealth = Wealth.start().after([1.0] * 20 + [-1.0] * 200)
    assert wealth.now < 1 and wealth.reached(0.02)


def test_the_sequence_holds_the_mean_at_all_times_at_once() -> None:
    rng, missed = np.random.default_rng(7), 0
    for _ in range(200):
        sequence, outside = MeanSequence(0.1), False
        for x in rng.normal(0.1, 0.3, 300).clip(-1, 1):
            sequence = sequence.after([float(x)])
            low, high = sequence.interval
            outside |= not low <= 0.1 <= high  # clipping moves the mean by less than 0.001
        missed += outside
    assert missed <= 34, missed  # once in a thousand with a chance of 0.1


def test_the_sequence_narrows_and_is_kept() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(-0.05, 0.1, 3000).clip(-1, 1)
    sequence = MeanSequence(0.05).after(x)
    low, high = sequence.interval
    assert -0.1 < low < -0.05 < high < 0.0 and high - low < 0.05
    assert sequence.mean == pytest.approx(x.mean())
    assert MeanSequence.of(json.loads(json.dumps(sequence.as_dict()))) == sequence
    assert MeanSequence().interval == (-1.0, 1.0)


@pytest.mark.parametrize("x", [1.01, -1.01, float("nan"), float("inf")])
def test_what_cannot_be_bet_on_is_refused(x: float) -> None:
    with pytest.raises(ContractError):
        Wealth.start().after([x])
    with pytest.raises(ContractError):
        MeanSequence().after([x])


def test_a_difference_is_cut_at_its_scale() -> None:
    assert [clipped(d, 2.0) for d in (1.0, -1.0, 9.0, -9.0, 0.0)] == [0.5, -0.5, 1.0, -1.0, 0.0]
    assert [clipped(d, 0.0) for d in (1.0, -1.0, 0.0)] == [1.0, -1.0, 0.0]
