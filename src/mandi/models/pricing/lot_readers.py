"""Hands blocks of lots to XGBoost and LightGBM in the shapes they ask for, one block in memory at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mandi.tables.blocks import Blocks, Data

BATCH = 50_000  # rows that LightGBM takes at a time
LOWEST = np.float32(-1e30)


def block_iterator(data: Data, names: list[str]) -> Any:
    """Return an ``xgboost.DataIter`` over blocks with their targets and weights.

    Of a matrix with missing values XGBoost keeps four bytes a value and their places, of a full one a byte: they are handed over
    as the lowest value there is. :func:`missing_as_lowest` has to follow.
    """
    import xgboost

    blocks, target, weight = data
    bounds = blocks.bounds()

    class Reader(xgboost.DataIter):
        def __init__(self) -> None:
            self.place = 0
            super().__init__()

        def next(self, input_data: Any) -> bool:
            if self.place == len(bounds):
                return False
            start, stop = bounds[self.place]
            input_data(
                data=np.nan_to_num(blocks.read(self.place), copy=False, nan=float(LOWEST)),
                label=target[start:stop],
                weight=weight[start:stop],
                feature_names=names,
            )
            self.place += 1
            return True

        def reset(self) -> None:
            self.place = 0

    return Reader()


def missing_as_lowest(booster: Any) -> Any:
    """Return the booster with every missing value sent where the lowest would go, which is left of every split."""
    import xgboost

    told = json.loads(booster.save_raw("json"))
    for tree in told["learner"]["gradient_booster"]["model"]["trees"]:
        tree["default_left"] = [1] * len(tree["default_left"])
    return xgboost.Booster(model_file=bytearray(json.dumps(told).encode()))


def block_sequences(blocks: Blocks) -> list[Any]:
    """Return one ``lightgbm.Sequence`` per block; of all of them the one read last is in memory."""
    import lightgbm

    last: dict[int, Any] = {}

    class Reader(lightgbm.Sequence):
        batch_size = BATCH

        def __init__(self, number: int, length: int) -> None:
            self.number, self.length = number, length

        def __len__(self) -> int:
            return self.length

        def __getitem__(self, place: Any) -> Any:
            if self.number not in last:
                last.clear()
                last[self.number] = blocks.read(self.number)
            return last[self.number][place].astype(np.float64)

    return [Reader(number, length) for number, length in enumerate(blocks.lengths()) if length]
