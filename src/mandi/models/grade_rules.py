"""Which grade to say, given probabilities: each purpose (accuracy, quadratic kappa, macro-F1, a table of costs) has its own rule."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Aim = Literal["accuracy", "kappa", "macro_f1", "cost"]


class GradeRule:
    """A decision rule for one aim, tuned on probabilities of rows not learnt from."""

    def __init__(self, aim: Aim, cost: Floats | None = None) -> None:
        self.aim = aim
        self.cost = cost  # (truth, said); for the aim cost

    def fit(self, proba: Floats, grade: Ints) -> Self:
        """Tune thresholds or weights on out-of-fold probabilities (n, k)."""
        raise NotImplementedError

    def decide(self, proba: Floats) -> Ints:
        """Return grades (n,)."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Return JSON-ready state."""
        raise NotImplementedError

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Return the rule that ``state`` wrote down."""
        raise NotImplementedError


def expected_grade(proba: Floats, values: Floats) -> Floats:
    """Return the expected value (n,) of the grade, for example values 90, 75, 60, 40 of A to D."""
    raise NotImplementedError
