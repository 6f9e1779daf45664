"""The three public sets that quality grading is measured on, as they are read, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, DataNotFound
from mandi.models.grading.grade_vote import GradeVoteParams

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
PLAIN = ("svm-power", "log-ratio", "lightgbm", "mlp", "mlp-power")
ORDERED = ("ordinal-trees", "lightgbm", "log-ratio", "mlp", "mlp-power")


@dataclass(frozen=True)
class Set:
    """One set: its file, its label, the members of its jury, the level of its conformal sets and the goals."""

    name: str
    file: str
    label: str
    jury: GradeVoteParams
    level: float
    ordered: bool = False
    published: float | None = None
    goals: dict[str, str] = field(default_factory=dict)

    def read(self, data: Path) -> tuple[Floats, Ints, list[str], int]:
        """Return measurements (n, d), grades (n,), names of the grades, and how many rows repeated another's measurements.

        Repeats are removed where the set is cut to grades anew (wine); sets with published figures stay whole.
        """
        path = data / "quality" / self.file
        if not path.is_file():
            raise DataNotFound(
                f"benchmark data not found at {path}",
                next_command="export MANDI_BENCH_DATA=/path/to/the/files",
            )
        frame = pd.read_csv(path)
        columns = [name for name in frame if name != self.label]
        repeats = int(frame.duplicated(columns).sum())
        if self.ordered:
            frame = frame.drop_duplicates(columns)
        refuse_numbering(frame[columns])
        matrix = frame[columns].to_numpy(np.float64)
        if self.ordered:
            points = frame[self.label].to_numpy()
            grade = np.select([points >= 7, points == 6, points == 5], [0, 1, 2], 3)
            return matrix, grade, list("ABCD"), repeats
        grade, names = pd.factorize(frame[self.label], sort=True)
        return matrix, grade, [str(name) for name in names], repeats


def refuse_numbering(frame: pd.DataFrame) -> None:
    """Raise a ContractError when a column numbers the rows: files sorted by class would give the answer away."""
    for name in frame:
        values = frame[name].to_numpy()
        numbered = len(values) > 2 and bool((np.diff(values) > 0).all() or (np.diff(values) < 0).all())
        if numbered or str(name).lower().replace("_", " ").split()[-1] in ("id", "index", "no"):
            raise ContractError(f"the column {name!r} numbers the rows", allowed="measurements")


SETS = (
    # inner folds: two where each half still has thousands of rows, three in the small sets
    Set("bean", "dry_bean.csv.gz", "Class", GradeVoteParams(members=PLAIN, inner_folds=2), 0.95, published=0.9313,
        goals={"accuracy": ">= 0.932", "macro_f1": ">= 0.943", "ece": "<= 0.015", "accuracy_at_90": ">= 0.968"}),
    Set("rice", "rice_cammeo_osmancik.csv.gz", "Class", GradeVoteParams(members=PLAIN), 0.95, published=0.9353,
        goals={"accuracy": ">= 0.931", "ece": "<= 0.012"}),
    Set("wine", "wine_quality_white.csv.gz", "quality", GradeVoteParams(members=ORDERED), 0.9, ordered=True,
        goals={"macro_f1": ">= 0.51", "kappa": ">= 0.595"}),
)  # fmt: skip
