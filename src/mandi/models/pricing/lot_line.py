"""A straight line beside the trees: per commodity, ridge regression of the log premium on what is said of a lot.

Trees need many lots to draw a slope that a line has at once; the mean of both errs less than either where lots are few.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.models.pricing.lot_matrix import ASSAYS, NAMES
from mandi.tables.blocks import Blocks, over, thinned

if TYPE_CHECKING:
    from mandi.models.pricing.lot_trees import TreeParams
    from mandi.tables.blocks import Data, Matrix

Floats = np.ndarray[Any, np.dtype[np.float64]]
CODES = (*NAMES[1:], "color_code")
CURVED = (*ASSAYS, "quantity_log", "supplier_credit_score")
CLIP = 4.0
SCALE_ROWS = 250_000  # of blocks, that centres and spreads are taken from


class LotLine:
    """Fitted ridge lines, one per commodity code, with the face of the trees."""

    suffix = "json"
    rounds = 1

    def __init__(self, names: list[str], lines: dict[int, dict[str, Any]]) -> None:
        self.names = names
        self.lines = lines

    @classmethod
    def fit(
        cls,
        train: Data,
        params: TreeParams,
        device: str,
        *,
        objective: str,
        names: list[str],
        validation: object = None,
        rounds: int | None = None,
    ) -> LotLine:
        """Fit on matrix and target; the validation part, weights, rounds and device are not used."""
        fitted = cls(names, {})
        if isinstance(train[0], Blocks):
            return fitted._from_blocks(train, params)
        matrix, target = train[0].astype(np.float64), train[1]
        commodity = matrix[:, names.index("commodity")]
        for code in np.unique(commodity[~np.isnan(commodity)]):
            here = commodity == code
            line = fitted._scales(matrix[here])
            design, _ = fitted._design(matrix[here], line)
            fitted.lines[int(code)] = _solved(line, design.T @ design, design.T @ target[here], params)
        return fitted

    def _from_blocks(self, train: Data, params: TreeParams) -> LotLine:
        # centres and spreads of a part of the rows, evenly taken; the weights are of all of them
        blocks, target, _ = train
        few = thinned(train, SCALE_ROWS)[0].astype(np.float64)
        place = self.names.index("commodity")
        scales = {
            int(c): self._scales(few[few[:, place] == c])
            for c in np.unique(few[~np.isnan(few[:, place]), place])
        }
        sums: dict[int, list[Floats]] = {}
        for (start, stop), block in zip(blocks.bounds(), blocks):
            values, own = block.astype(np.float64), target[start:stop]
            for code, line in scales.items():
                here = values[:, place] == code
                design, _ = self._design(values[here], line)
                found = [design.T @ design, design.T @ own[here]]
                sums[code] = [a + b for a, b in zip(sums[code], found)] if code in sums else found
        self.lines = {
            code: _solved(line, sums[code][0], sums[code][1], params) for code, line in scales.items()
        }
        return self

    def _scales(self, own: Floats) -> dict[str, Any]:
        numbers = own[:, self._numbers()]
        empty = np.asarray(np.isnan(numbers).all(axis=0))
        centre = np.zeros(len(empty))
        centre[~empty] = np.nanmedian(numbers[:, ~empty], axis=0)
        spread = np.ones(len(empty))
        spread[~empty] = np.nanstd(numbers[:, ~empty], axis=0)
        return {
            "centre": centre.tolist(),
            "spread": np.where(spread < 1e-9, 1.0, spread).tolist(),
            "codes": [sorted(set(column[~np.isnan(column)].tolist())) for column in own[:, self._codes()].T],
        }

    def predict(self, matrix: Any) -> Floats:
        """Return the target per row of a matrix or of blocks; nothing for a commodity not seen in training."""
        # added up in one order, so that a row's bits do not depend on how many are asked
        return over(matrix, lambda rows: self.contributions(rows).cumsum(axis=1)[:, -1])

    def contributions(self, matrix: Matrix) -> Floats:
        """Return what each feature adds and, last, the constant."""
        values = matrix.astype(np.float64)
        found = np.zeros((len(values), len(self.names) + 1))
        commodity = values[:, self.names.index("commodity")]
        for code, line in self.lines.items():
            here = commodity == code
            if not here.any():
                continue
            design, source = self._design(values[here], line)
            effects = design * np.array(line["weights"])
            part = np.zeros((len(design), found.shape[1]))
            for column, place in enumerate(source):
                part[:, place] += effects[:, column]
            found[here] = part
        return found

    def save(self, path: Path) -> None:
        """Write plain JSON."""
        content = {"names": self.names, "lines": {str(code): line for code, line in self.lines.items()}}
        path.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> LotLine:
        """Read what ``save`` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(content["names"], {int(code): line for code, line in content["lines"].items()})

    def _numbers(self) -> list[int]:
        skipped = {*NAMES, "color_code"}
        return [
            i for i, name in enumerate(self.names) if name not in skipped and not name.endswith("_missing")
        ]

    def _codes(self) -> list[int]:
        return [i for i, name in enumerate(self.names) if name in CODES]

    def _design(self, values: Floats, line: dict[str, Any]) -> tuple[Floats, list[int]]:
        numbers, source = self._numbers(), [len(self.names)]
        scaled = (values[:, numbers] - np.array(line["centre"])) / np.array(line["spread"])
        scaled = np.nan_to_num(np.clip(scaled, -CLIP, CLIP))
        curved = [place for place, i in enumerate(numbers) if self.names[i] in CURVED]
        columns = [np.ones((len(values), 1)), scaled, scaled[:, curved] ** 2]
        source += [*numbers, *(numbers[place] for place in curved)]
        for i, known in zip(self._codes(), line["codes"]):
            columns.append((values[:, [i]] == np.array(known)[None, :]).astype(np.float64))
            source += [i] * len(known)
        return np.hstack(columns), source


def _solved(line: dict[str, Any], square: Floats, moment: Floats, params: TreeParams) -> dict[str, Any]:
    penalty = params.line_penalty * np.eye(len(square))
    return {**line, "weights": np.linalg.solve(square + penalty, moment).tolist()}
