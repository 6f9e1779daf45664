"""Nearest normal rows against a slow second opinion."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.models.detection import anomaly_neighbours
from mandi.models.detection.anomaly_neighbours import Neighbours


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(3)


def _slow(reference: np.ndarray, row: np.ndarray, k: int) -> float:
    return float(
        np.mean(sorted(sum(abs(a - b) for a, b in zip(row, other, strict=True)) for other in reference)[:k])
    )


def test_distance_is_the_mean_of_the_k_nearest(draw: np.random.Generator) -> None:
    reference, rows = draw.normal(size=(40, 5)), draw.normal(size=(7, 5))
    found = Neighbours(reference, 5).distances(rows)
    np.testing.assert_allclose(found, [_slow(reference, row, 5) for row in rows])


def test_a_row_left_out_does_not_meet_itself(draw: np.random.Generator) -> None:
    reference = draw.normal(size=(12, 3))
    found = Neighbours(reference, 4).distances(reference, skip=np.arange(12))
    others = [np.delete(reference, i, axis=0) for i in range(12)]
    np.testing.assert_allclose(
        found, [_slow(rest, row, 4) for rest, row in zip(others, reference, strict=True)]
    )


def test_parts_add_up_to_the_distance(draw: np.random.Generator) -> None:
    near = Neighbours(draw.normal(size=(50, 6)), 5)
    rows = draw.normal(size=(9, 6))
    np.testing.assert_allclose(near.parts(rows).sum(axis=1), near.distances(rows))


def test_fewer_rows_than_neighbours(draw: np.random.Generator) -> None:
    near = Neighbours(draw.normal(size=(3, 2)), 5)
    assert np.isfinite(near.distances(near.rows, skip=np.arange(3))).all()
    assert near.parts(near.rows).shape == (3, 2)


def test_blocks_and_single_rows_give_the_same_bits(
    draw: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = Neighbours(draw.normal(size=(60, 4)), 5)
    rows = draw.normal(size=(25, 4))
    whole = near.distances(rows)
    monkeypatch.setattr(anomaly_neighbours, "CELLS", 200)
    np.testing.assert_array_equal(near.distances(rows), whole)
    np.testing.assert_array_equal(np.concatenate([near.distances(row[None]) for row in rows]), whole)
    assert near.distances(rows[:0]).shape == (0,)
