"""Trees are written whole, or it is said that they were not: also where a library's own writer would not notice."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from mandi.models.pricing.lot_trees import (
    LightGBMParams,
    LightGBMTrees,
    TreeParams,
    XGBoostParams,
    XGBoostTrees,
)

from ....small_disk import SmallDisk, disk

__all__ = ["disk"]
PAGE = 4096
PARAMS = TreeParams(
    xgboost=XGBoostParams(n_estimators=20), lightgbm=LightGBMParams(n_estimators=40), device="cpu"
)


@pytest.mark.parametrize(
    "kind, objective", [(XGBoostTrees, "reg:squarederror"), (LightGBMTrees, "regression")]
)
def test_a_full_disk_is_told_at_every_block(
    disk: SmallDisk, tmp_path: Path, kind: type[XGBoostTrees] | type[LightGBMTrees], objective: str
) -> None:
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(900, 4)).astype(np.float32)
    data = (matrix, matrix[:, 0] + rng.normal(0, 0.1, 900), np.ones(900))
    trees = kind.fit(data, PARAMS, "cpu", objective=objective, names=list("abcd"))
    trees.save(tmp_path / "whole")
    whole = (tmp_path / "whole").stat().st_size
    np.testing.assert_array_equal(kind.load(tmp_path / "whole").predict(matrix), trees.predict(matrix))
    assert whole > 2 * PAGE
    for left in (0, PAGE, (whole - 1) // PAGE * PAGE):
        with disk.full(left), pytest.raises(OSError) as told:
            trees.save(disk.folder / "trees")
        assert told.value.errno in (errno.ENOSPC, errno.EFBIG)
        (disk.folder / "trees").unlink()
