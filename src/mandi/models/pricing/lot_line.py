"""A straight line beside the trees: per commodity, ridge regression of the log premium on what is said of a lot.

Trees need many lots to draw a slope that a line has at once; the mean of both errs less than either where lots are few.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
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
            design = _Design(names, line).of(matrix[here])
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
        designs = {code: _Design(self.names, line) for code, line in scales.items()}
        sums: dict[int, list[Floats]] = {}
        for (start, stop), block in zip(blocks.bounds(), blocks):
            values, own = block.astype(np.float64), target[start:stop]
            for code, made in designs.items():
                here = values[:, place] == code
                design = made.of(values[here])
                found = [design.T @ design, design.T @ own[here]]
                sums[code] = [a + b for a, b in zip(sums[code], found)] if code in sums else found
        self.lines = {
            code: _solved(line, sums[code][0], sums[code][1], params) for code, line in scales.items()
        }
        return self

    def _scales(self, own: Floats) -> dict[str, Any]:
        numbers = own[:, _numbers(self.names)]
        empty = np.asarray(np.isnan(numbers).all(axis=0))
        centre = np.zeros(len(empty))
        centre[~empty] = np.nanmedian(numbers[:, ~empty], axis=0)
        spread = np.ones(len(empty))
        spread[~empty] = np.nanstd(numbers[:, ~empty], axis=0)
        return {
            "centre": centre.tolist(),
            "spread": np.where(spread < 1e-9, 1.0, spread).tolist(),
            "codes": [
                sorted(set(column[~np.isnan(column)].tolist())) for column in own[:, _codes(self.names)].T
            ],
        }

    def predict(self, matrix: Any) -> Floats:
        """Return the target per row of a matrix or of blocks; nothing for a commodity not seen in training."""
        return over(matrix, self._sums)

    def contributions(self, matrix: Matrix) -> Floats:
        """Return what each feature adds and, last, the constant."""
        found = np.zeros((len(matrix), len(self.names) + 1))
        for here, design, effects in self._effects(matrix):
            added = np.add.reduceat(effects[:, design.order], design.first, axis=1)
            found[np.ix_(here, design.place)] = added
        return found

    def _sums(self, matrix: Matrix) -> Floats:
        found = np.zeros(len(matrix))
        for here, _, effects in self._effects(matrix):
            # added up in one order, so that a row's bits do not depend on how many are asked
            found[here] = effects.cumsum(axis=1)[:, -1]
        return found

    def _effects(self, matrix: Matrix) -> Iterator[tuple[Any, _Design, Floats]]:
        values = matrix.astype(np.float64)
        commodity = values[:, self.names.index("commodity")]
        for code, design in self._designs.items():
            here = np.flatnonzero(commodity == code)
            if len(here):
                yield here, design, design.of(values[here]) * design.weights

    @cached_property
    def _designs(self) -> dict[int, _Design]:
        return {code: _Design(self.names, line) for code, line in self.lines.items()}

    def save(self, path: Path) -> None:
        """Write plain JSON."""
        content = {"names": self.names, "lines": {str(code): line for code, line in self.lines.items()}}
        path.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> LotLine:
        """Read what ``save`` wrote."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(content["names"], {int(code): line for code, line in content["lines"].items()})


class _Design:
    """The regressors of one commodity: a constant, numbers scaled, squares of some, a column per known name."""

    def __init__(self, names: list[str], line: dict[str, Any]) -> None:
        self.numbers = np.array(_numbers(names), dtype=np.intp)
        self.centre, self.spread = np.array(line["centre"]), np.array(line["spread"])
        self.curved = np.array([k for k, i in enumerate(self.numbers) if names[i] in CURVED], dtype=np.intp)
        known = list(zip(_codes(names), line["codes"]))
        self.coded = np.array([i for i, values in known for _ in values], dtype=np.intp)
        self.known = np.array([value for _, values in known for value in values], dtype=np.float64)
        source = np.concatenate([[len(names)], self.numbers, self.numbers[self.curved], self.coded])
        # what a feature adds is the sum of its regressors: which they are, and where those of the next begin
        self.order = np.argsort(source, kind="stable")
        self.place, self.first = np.unique(source[self.order], return_index=True)
        self.weights = np.array(line.get("weights", ()))

    def of(self, values: Floats) -> Floats:
        scaled = (values[:, self.numbers] - self.centre) / self.spread
        scaled = np.clip(scaled, -CLIP, CLIP, out=scaled)
        scaled[np.isnan(scaled)] = 0.0
        named = (values[:, self.coded] == self.known).astype(np.float64)
        return np.hstack([np.ones((len(values), 1)), scaled, scaled[:, self.curved] ** 2, named])


def _numbers(names: list[str]) -> list[int]:
    skipped = {*NAMES, "color_code"}
    return [i for i, name in enumerate(names) if name not in skipped and not name.endswith("_missing")]


def _codes(names: list[str]) -> list[int]:
    return [i for i, name in enumerate(names) if name in CODES]


def _solved(line: dict[str, Any], square: Floats, moment: Floats, params: TreeParams) -> dict[str, Any]:
    penalty = params.line_penalty * np.eye(len(square))
    return {**line, "weights": np.linalg.solve(square + penalty, moment).tolist()}
