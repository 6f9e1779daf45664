from __future__ import annotations

from pathlib import Path

import numpy as np

from mandi.models.pricing.lot_readers import block_iterator, block_sequences
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
