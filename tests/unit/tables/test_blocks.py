from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mandi.tables.blocks import Blocks, joined, over, shared, thinned, write_block

SIZES = (5, 0, 8, 3)


@pytest.fixture
def whole() -> np.ndarray:
    return np.arange(sum(SIZES) * 2, dtype=np.float32).reshape(-1, 2)


@pytest.fixture
def blocks(whole: np.ndarray, tmp_path: Path) -> Blocks:
    paths = [tmp_path / f"{k}.npy" for k in range(len(SIZES))]
    for path, rows in zip(paths, np.split(whole, np.cumsum(SIZES)[:-1]), strict=True):
        write_block(path, rows)
    return Blocks(tuple(paths), SIZES)


def test_blocks_are_the_matrix_they_were_cut_from(blocks: Blocks, whole: np.ndarray) -> None:
    assert len(blocks) == len(whole) and blocks.bounds() == [(0, 5), (5, 5), (5, 13), (13, 16)]
    np.testing.assert_array_equal(over(blocks, lambda rows: rows * 2.0), whole * 2.0)
    np.testing.assert_array_equal(over(whole, lambda rows: rows * 2.0), whole * 2.0)


def test_shares_hold_every_row_once(blocks: Blocks, whole: np.ndarray) -> None:
    target = whole[:, 0].astype(float)
    parts = [shared((blocks, target, target), k, 3) for k in range(3)]
    assert sum(len(matrix) for matrix, _, _ in parts) == len(whole)
    for matrix, own, weight in parts:
        rows = np.concatenate(list(matrix))
        np.testing.assert_array_equal(rows[:, 0], own)
        np.testing.assert_array_equal(own, weight)
    assert sorted(np.concatenate([own for _, own, _ in parts])) == sorted(target)


def test_in_memory_and_in_files_are_handled_alike(blocks: Blocks, whole: np.ndarray) -> None:
    target = whole[:, 0].astype(float)
    here, there = (whole, target, target), (blocks, target, target)
    twice = [joined(data, data) for data in (here, there)]
    np.testing.assert_array_equal(np.concatenate(list(twice[1][0])), twice[0][0])
    np.testing.assert_array_equal(twice[1][1], twice[0][1])
    few = thinned(there, 6)
    assert len(few[0]) <= 8 and list(few[0][:, 0]) == list(few[1])
    assert thinned(here, 6) is here
