"""Companions: found by co-movement, never the market itself, never from the day's future."""

from __future__ import annotations

import numpy as np

from mandi.features.pricing.neighbours import NeighbourParams, neighbour_moves

PARAMS = NeighbourParams(companions=2, renew_days=50)


def _innovations() -> np.ndarray:
    rng = np.random.default_rng(8)
    shared = rng.normal(0.0, 0.01, (300, 2))
    return np.repeat(shared, 3, axis=1) + rng.normal(0.0, 0.002, (300, 6))


def test_companions_are_those_that_move_together() -> None:
    innovation = _innovations()
    moves = neighbour_moves(innovation, PARAMS)
    assert (moves[:50] == 0.0).all()
    for market in range(6):
        assert np.corrcoef(moves[100:, market], innovation[100:, market])[0, 1] > 0.9


def test_a_markets_own_innovation_has_no_part_in_its_value() -> None:
    innovation = _innovations()
    other = innovation.copy()
    other[220, 0] = 0.3
    first, second = neighbour_moves(innovation, PARAMS), neighbour_moves(other, PARAMS)
    assert first[220, 0] == second[220, 0]
    assert first[220, 1] != second[220, 1]
    np.testing.assert_array_equal(first[:220], second[:220])


def test_a_day_without_companions_reports_nothing() -> None:
    innovation = _innovations()
    innovation[210, [1, 2]] = np.nan
    assert neighbour_moves(innovation, PARAMS)[210, 0] == 0.0
