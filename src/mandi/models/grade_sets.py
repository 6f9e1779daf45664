"""Sets of grades that hold the true one as often as promised, and refusal to answer where the set is not one grade."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


class GradeSets:
    """Split-conformal sets: with ``by_grade`` the promise holds for each true grade (Mondrian)."""

    def __init__(self, level: float = 0.9, by_grade: bool = True) -> None:
        self.level = level
        self.by_grade = by_grade

    def fit(self, proba: Floats, grade: Ints) -> Self:
        """Learn limits from calibration rows that were not learnt from (n, k)."""
        raise NotImplementedError

    def sets(self, proba: Floats) -> Flags:
        """Return (n, k): whether each grade is in the set; never empty (the likeliest grade is always in)."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Return JSON-ready state."""
        raise NotImplementedError

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Return the sets that ``state`` wrote down."""
        raise NotImplementedError


class Abstention:
    """Answers only the surest rows: refuses below the confidence that ``keep`` of calibration rows reach."""

    def __init__(self, keep: float = 0.9) -> None:
        self.keep = keep
        self.floor = 0.0

    def fit(self, proba: Floats) -> Self:
        """Set ``floor`` from calibration rows."""
        raise NotImplementedError

    def answers(self, proba: Floats) -> Flags:
        """Return (n,): True where the model answers."""
        raise NotImplementedError
