"""Turns parts of a frame into what the lot pricer learns from: matrices in files, and a few numbers of every row in memory.

Two passes, each part by itself, here or by workers: the names and quantities that the matrix needs to know first, then the
matrices of the parts train, validation and calibration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.compute import current
from mandi.core.errors import ContractError
from mandi.models.pricing.level_line import READ as LINE_READ
from mandi.models.pricing.level_line import LevelLine
from mandi.models.pricing.lot_matrix import NAMES, READ, LotMatrix
from mandi.tables.blocks import Blocks, Data, write_block

if TYPE_CHECKING:
    from pandas import DataFrame

    from mandi.tables.parts import Parts

LEARNT = ("train", "validation", "calibration")
MOST_REPORTS = 1_000_000
KEPT = ("label", "level", "asof", "scale")  # of every row, in memory
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class LotRows:
    """Lots in parts of a frame, with their level moved.

    Attributes
    ----------
    parts : Parts
    line : LevelLine
    """

    parts: Parts
    line: LevelLine

    def of(self, number: int) -> DataFrame:
        """Read the lots of one part that can be learnt from; those without a level are left out."""
        import pandas as pd

        wanted = dict.fromkeys((*READ, "kind", "part", "label", "asof", "scale"))
        if self.line.weights:
            wanted |= dict.fromkeys((*LINE_READ, *self.line.details))
        frame = self.parts.read(number, tuple(wanted))
        frame = frame[(frame["kind"] == "lot") & frame["part"].isin(LEARNT)]
        usable = frame[np.isfinite(frame["level"]) & (frame["label"] > 0)]
        moved = usable["level"].to_numpy(np.float64) + self.line.move(usable)
        return pd.DataFrame(usable).assign(level=moved)

    def told(self, number: int) -> tuple[dict[str, set[str]], Floats]:
        """Return names and quantities of the training lots of one part."""
        train = self.of(number).query("part == 'train'")
        names = {name: {str(value) for value in train[name].dropna().unique()} for name in NAMES}
        return names, train["quantity"].to_numpy(np.float64)


@dataclass(frozen=True)
class LotBlocks:
    """Writes the matrices of one part of a frame."""

    rows: LotRows
    matrix: LotMatrix
    room: Path

    def path(self, part: str, number: int) -> Path:
        """Return where a matrix is written."""
        return self.room / part / f"{number:05d}.npy"

    def __call__(self, number: int) -> dict[str, DataFrame]:
        """Write one part's matrices; return the rows that are kept in memory."""
        frame = self.rows.of(number)
        kept = {}
        for name in LEARNT:
            own = frame[frame["part"] == name]
            write_block(self.path(name, number), self.matrix.build(own))
            kept[name] = own[list(KEPT)].reset_index(drop=True)
        return kept


def lots_in_blocks(
    rows: LotRows, room: Path, left_out: tuple[str, ...], bulk_quantile: float
) -> tuple[LotMatrix, dict[str, Blocks], dict[str, DataFrame]]:
    """Learn the matrix from the training lots, and write it.

    Parameters
    ----------
    rows : LotRows
    room : Path
        A folder that everybody who works sees.
    left_out, bulk_quantile
        As of ``LotMatrix.learn``.

    Returns
    -------
    tuple
        The matrix; by part the blocks, and label, level (log INR/quintal), asof and scale of their rows.

    Raises
    ------
    ContractError
        A column is missing, or a part has no lots.
    """
    import pandas as pd

    everyone = list(range(len(rows.parts)))
    told = current().map(rows.told, everyone)
    names: Mapping[str, set[str]] = {name: set().union(*(own[name] for own, _ in told)) for name in NAMES}
    matrix = LotMatrix.of(
        names, np.concatenate([q for _, q in told] or [np.zeros(0)]), left_out, bulk_quantile
    )
    writer = LotBlocks(rows, matrix, room)
    written = current().map(writer, everyone)
    blocks, kept = {}, {}
    for name in LEARNT:
        sizes = tuple(len(own[name]) for own in written)
        full = [number for number in everyone if sizes[number]]
        if not full:
            raise ContractError(f"no lots in {name}", allowed="lots in train, validation and calibration")
        blocks[name] = Blocks(
            tuple(writer.path(name, number) for number in full), tuple(sizes[number] for number in full)
        )
        kept[name] = pd.concat([written[number][name] for number in full], ignore_index=True)
    return matrix, blocks, kept


def weighed(matrix: Any, rows: DataFrame, target_scale: float) -> Data:
    """Return matrix or blocks, the target (log premium over the level, scaled) and the weight (errors count in rupees)."""
    level = rows["level"].to_numpy(np.float64)
    target = (np.log(rows["label"].to_numpy(np.float64)) - level) * target_scale
    weight = np.exp(level)  # errors count in rupees, as they are judged
    return matrix, target, weight / weight.mean()


def market_questions(parts: Parts) -> DataFrame:
    """Read the market questions of a frame in parts, more than a million of them thinned evenly.

    They are one a market, day and horizon, and no part of the model learns from more of them.
    """
    import pandas as pd

    places = []
    for number in range(len(parts)):
        told = parts.read(number, ("kind", "part"))
        places.append(np.flatnonzero((told["kind"] == "market") & told["part"].isin(LEARNT)))
    every = max(1, -(-sum(map(len, places)) // MOST_REPORTS))
    found = [parts.read(number).iloc[own[::every]] for number, own in enumerate(places) if len(own)]
    return pd.concat(found or [parts.read(0).iloc[:0]])
