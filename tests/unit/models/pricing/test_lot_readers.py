from __future__ import annotations

from pathlib import Path

import numpy as np

from mandi.models.pricing.lot_readers import LOWEST, block_iterator, block_sequences
from mandi.models.pricing.lot_trees import TreeParams, XGBoostParams, XGBoostTrees
from mandi.tables.blocks import Blocks, write_block


def _blocks(folder: Path) -> tuple[Blocks, np.ndarray]:
    whole = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    paths = tuple(folder / f"{k}.npy" for k in range(3))
    for k, path in enumerate(paths):
        write_block(path, whole[30 * k : 30 * (k + 1)])
    return Blocks(paths, (30, 30, 30)), whole


def test_xgboost_is_handed_every_row_with_its_target(tmp_path: Path) -> None:
    blocks, whole = _blocks(tmp_path)
    target = np.arange(90.0)
    reader, found = block_iterator((blocks, target, target + 1.0), ["a", "b", "c"]), []
    for _ in range(2):  # a library goes through them more than once
        reader.reset()
        while reader.next(lambda **given: found.append(given)):
            pass
    assert len(found) == 6
    np.testing.assert_array_equal(np.concatenate([one["data"] for one in found[:3]]), whole)
    np.testing.assert_array_equal(np.concatenate([one["label"] for one in found[3:]]), target)
    np.testing.assert_array_equal(np.concatenate([one["weight"] for one in found[3:]]), target + 1.0)


def test_lightgbm_is_handed_rows_in_any_order(tmp_path: Path) -> None:
    blocks, whole = _blocks(tmp_path)
    sequences = block_sequences(blocks.share(1, 2))
    assert [len(s) for s in sequences] == [15, 15, 15]
    np.testing.assert_array_equal(sequences[2][3], whole[60 + 7])
    np.testing.assert_array_equal(sequences[0][2:5], whole[[5, 7, 9]])
    np.testing.assert_array_equal(sequences[1][[0, 14]], whole[[31, 59]])


def test_a_missing_value_goes_where_the_lowest_went(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(3000, 4)).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.3] = np.nan
    target = np.nan_to_num(matrix[:, 0]) + np.where(np.isnan(matrix[:, 1]), 1.5, 0.0)
    write_block(tmp_path / "0.npy", matrix)
    params = TreeParams(xgboost=XGBoostParams(n_estimators=60, learning_rate=0.2), device="cpu")
    data = (Blocks((tmp_path / "0.npy",), (3000,)), target, np.ones(3000))
    trees = XGBoostTrees.fit(data, params, "cpu", objective="reg:squarederror", names=list("abcd"))
    told = trees.predict(matrix)
    np.testing.assert_array_equal(told, trees.predict(np.nan_to_num(matrix, nan=float(LOWEST))))
    assert np.abs(told - target).mean() < 0.15
