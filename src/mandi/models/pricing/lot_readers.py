"""Hands blocks of lots to XGBoost and LightGBM in the shapes they ask for, one block in memory at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mandi.tables.blocks import Blocks, Data

BATCH = 50_000  # rows that LightGBM takes at a time


def block_iterator(data: Data, names: list[str]) -> Any:
    """Return an ``xgboost.DataIter`` over blocks with their targets and weights."""
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
                data=blocks.read(self.place),
                label=target[start:stop],
                weight=weight[start:stop],
                feature_names=names,
            )
            self.place += 1
            return True

        def reset(self) -> None:
            self.place = 0

    return Reader()


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
