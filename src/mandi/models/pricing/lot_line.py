"""A straight line beside the trees: per commodity, ridge regression of the log premium on what is said of a lot.

Trees need many lots to draw a slope that a line has at once; the mean of both errs less than either where lots are few.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.models.pricing.lot_matrix import ASSAYS, NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mandi.models.pricing.lot_trees import TreeParams

Floats = np.ndarray[Any, np.dtype[np.float64]]
CODES = (*NAMES[1:], "color_code")
CURVED = (*ASSAYS, "quantity_log", "supplier_credit_score")
CLIP = 4.0


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
        train: tuple[NDArray[np.float32], Floats, Floats],
        params: TreeParams,
        device: str,
        *,
        objective: str,
        names: list[str],
        validation: object = None,
        rounds: int | None = None,
    ) -> LotLine:
        """Fit on matrix and target; the validation part, weights, rounds and device are not used."""
        matrix, target = train[0].astype(np.float64), train[1]
        commodity = matrix[:, names.index("commodity")]
        fitted = cls(names, {})
        for code in np.unique(commodity[~np.isnan(commodity)]):
            here = commodity == code
            own = matrix[here]
            numbers = own[:, fitted._numbers()]
            empty = np.isnan(numbers).all(axis=0)
            centre = np.zeros(len(empty))
            centre[~empty] = np.nanmedian(numbers[:, ~empty], axis=0)
            spread = np.ones(len(empty))
            spread[~empty] = np.nanstd(numbers[:, ~empty], axis=0)
            line = {
                "centre": centre.tolist(),
                "spread": np.where(spread < 1e-9, 1.0, spread).tolist(),
                "codes": [
                    sorted(set(column[~np.isnan(column)].tolist())) for column in own[:, fitted._codes()].T
                ],
            }
            design, _ = fitted._design(own, line)
            square = design.T @ design + params.line_penalty * np.eye(design.shape[1])
            line["weights"] = np.linalg.solve(square, design.T @ target[here]).tolist()
            fitted.lines[int(code)] = line
        return fitted

    def predict(self, matrix: NDArray[np.float32]) -> Floats:
        """Return the target per row; nothing for a commodity not seen in training."""
        # added up in one order, so that a row's bits do not depend on how many are asked
        return self.contributions(matrix).cumsum(axis=1)[:, -1]

    def contributions(self, matrix: NDArray[np.float32]) -> Floats:
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
