"""A jury of graders: members, how their votes are joined and how the joined vote is calibrated, chosen by inner folds.

Two ways to join are weighed: the geometric mean of the members' probabilities, and a logistic curve over their logarithms
(stacking). Which one answers, and with which calibration, is decided by the likelihood of rows that the members had not
learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class GradeVoteParams:
    """Settings of the jury.

    Attributes
    ----------
    members : tuple of str
        Names of members that vote (``grade_members.PLACES``).
    beside : tuple of str
        Members fitted on the same rows and asked alone, which do not vote (shown in tables).
    settings : dict
        Settings by member name.
    joins, curves : tuple of str
        Ways to join (vote, stack) and to calibrate (none, temperature, vector, isotonic) among which inner folds choose.
    inner_folds : int
        Inner folds, where ``fit`` is not given its own.
    stack_strengths : tuple of float
        Inverse strengths of the ridge of the stacked logistic, chosen among by the same inner scores.
    """

    members: tuple[str, ...] = ("svm-power", "log-ratio", "lightgbm", "mlp")
    beside: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    joins: tuple[str, ...] = ("vote", "stack")
    curves: tuple[str, ...] = ("none", "temperature")
    inner_folds: int = 3
    stack_strengths: tuple[float, ...] = (0.003, 0.03)
    seed: int = 20240611


class GradeVote:
    """Members joined into one calibrated probability per grade."""

    def __init__(self, params: GradeVoteParams | None = None) -> None:
        self.params = params or GradeVoteParams()
        self.choice: dict[str, Any] = {}  # join, curve, and the inner log loss of each way weighed
        self.out_of_fold: Floats = np.zeros(
            (0, 0)
        )  # (n_rows, n_grades), NaN for rows in no inner test fold; not saved

    def fit(
        self,
        matrix: Floats,
        grade: Ints,
        folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]] | None = None,
        grades: int | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Self:
        """Learn from ``matrix`` (n, d; NaN is missing) and ``grade`` (n,), with inner ``folds`` of (learnt, held) rows."""
        raise NotImplementedError

    def proba(self, matrix: Floats) -> Floats:
        """Return calibrated probabilities (n, grades)."""
        raise NotImplementedError

    def member_proba(self, name: str, matrix: Floats) -> Floats:
        """Return the probabilities (n, grades) of one member alone, voting or beside, as it gives them."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write vote.json and members.npz into an existing folder."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote."""
        raise NotImplementedError


def inner_folds(
    grade: Ints, number: int, seed: int, group: NDArray[Any] | None = None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return stratified folds of (learnt, held) rows; with ``group`` no group is on both sides."""
    raise NotImplementedError
