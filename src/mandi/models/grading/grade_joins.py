"""Ways to join the probabilities of several graders into one.

- vote: the geometric mean of all, each counting alike.
- pool: a geometric mean with a weight per grader, none below zero (logarithmic opinion pool).
- stack: a logistic layer over all logarithms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, UnknownValue
from mandi.models.grading.grade_calibration import log
from mandi.models.grading.grade_lines import logistic_layer
from mandi.models.grading.grade_scales import product, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
KINDS = ("vote", "pool", "stack")
LEAST = 1e-4  # one grader that excludes a grade must not outvote the rest
DRAW = 20.0  # rows' worth of the belief that graders count alike


class Join:
    """One way to join, fitted on probabilities of rows that no grader had learnt from.

    Parameters
    ----------
    kind : str
        vote, pool or stack.
    strength : float
        Inverse strength of the ridge of the stack.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = np.array([[0.8, 0.2]]), np.array([[0.2, 0.8]])
    >>> Join("vote").fit([one, other], np.array([0])).apply([one, other]).round(2).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, kind: str = "vote", strength: float = 0.01) -> None:
        if kind not in KINDS:
            raise UnknownValue(f"join {kind!r}", allowed=", ".join(KINDS))
        self.kind, self.strength = kind, strength
        self.weights: Floats = np.zeros(0)

    def fit(self, votes: Sequence[Floats], grade: Ints) -> Self:
        """Fit on one matrix (n_rows, n_grades) per grader, and true grades (n_rows,)."""
        if not votes:
            raise ContractError("no grader votes", allowed="at least one")
        grade = np.asarray(grade, dtype=np.intp)
        if self.kind == "vote":
            self.weights = np.full(len(votes), 1.0 / len(votes))
        elif self.kind == "pool":
            self.weights = _pool(np.stack([_logs(vote) for vote in votes]), grade)
        else:
            design = np.hstack([_logs(vote) for vote in votes])
            self.weights = logistic_layer(design, grade, votes[0].shape[1], self.strength)
        return self

    def apply(self, votes: Sequence[Floats]) -> Floats:
        """Return joined probabilities of shape (n_rows, n_grades)."""
        logs = [_logs(vote) for vote in votes]
        if self.kind == "stack":
            return softmax(product(np.hstack(logs), self.weights[:-1]) + self.weights[-1])
        total = np.zeros_like(logs[0])
        for weight, one in zip(self.weights, logs, strict=True):
            total += weight * one
        return softmax(total)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the join as plain arrays."""
        return {"kind": np.array(self.kind), "strength": np.array(self.strength), "weights": self.weights}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the join that ``arrays`` wrote down."""
        told = cls(str(arrays["kind"]), float(arrays["strength"]))
        told.weights = arrays["weights"]
        return told


def _logs(vote: Floats) -> Floats:
    """Logarithms about their mean over grades, so that only the differences between grades speak."""
    floored = log(np.maximum(vote, LEAST))
    return np.ascontiguousarray(floored - floored.mean(axis=1, keepdims=True))


def _pool(logs: Floats, grade: Ints) -> Floats:
    from scipy.optimize import minimize

    voters, rows, _ = logs.shape
    own = logs[:, np.arange(rows), grade]
    alike = 1.0 / voters

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = np.tensordot(weights, logs, axes=1)
        peak = scores.max(axis=1, keepdims=True)
        odds = np.exp(scores - peak)
        total = odds.sum(axis=1, keepdims=True)
        value = (np.log(total) + peak).sum() - weights @ own.sum(axis=1)
        away = weights - alike
        down = (logs * (odds / total)).sum(axis=(1, 2)) - own.sum(axis=1)
        return float((value + DRAW * away @ away) / rows), (down + 2 * DRAW * away) / rows

    start = np.full(voters, alike)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, 3.0)] * voters)
    return np.asarray(found.x, dtype=np.float64)
