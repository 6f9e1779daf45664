"""Sets of grades that hold the true one as often as promised, and refusal to answer where the grade is not clear.

Method: split-conformal classification on 1 - probability of the true grade; per grade it is the Mondrian form (Vovk,
Gammerman and Shafer 2005), which keeps the promise for rare grades too, where one limit for all would let them pay for
the common ones.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from mandi.core.errors import NotFitted, UnknownValue
from mandi.models.grading.grade_calibration import checked_rows

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


class GradeSets:
    """Conformal sets of grades.

    Parameters
    ----------
    level : float
        Promised share of rows whose set holds the true grade.
    by_grade : bool
        The promise holds among the lots of each true grade, not only over all lots.

    Examples
    --------
    >>> import numpy as np
    >>> proba = np.array([[0.9, 0.1]] * 9 + [[0.4, 0.6]])
    >>> sets = GradeSets(0.8, by_grade=False).fit(proba, np.zeros(10, dtype=int))
    >>> sets.sets(np.array([[0.95, 0.05], [0.5, 0.5]])).tolist()
    [[True, False], [True, False]]
    """

    def __init__(self, level: float = 0.9, by_grade: bool = True) -> None:
        if not 0.0 < level < 1.0:
            raise UnknownValue(f"level is {level}", allowed="between 0 and 1")
        self.level, self.by_grade = level, by_grade
        self.limits: Floats = np.zeros(0)

    def fit(self, proba: Floats, grade: Ints) -> Self:
        """Set the limits from calibration rows not learnt from: probabilities (n_rows, n_grades), true grades (n_rows,).

        A grade with too few rows for the level is in every set.
        """
        proba, grade = checked_rows(proba, grade)
        need = 1.0 - proba[np.arange(len(grade)), grade]
        grades = range(proba.shape[1])
        limits = [self._limit(need[grade == k] if self.by_grade else need) for k in grades]
        self.limits = np.array(limits)
        return self

    def sets(self, proba: Floats) -> Flags:
        """Return whether each grade is in the set, of shape (n_rows, n_grades); the likeliest grade always is."""
        if not len(self.limits):
            raise NotFitted("the sets have seen no calibration rows", next_command="call fit")
        proba = np.asarray(proba, dtype=np.float64)
        # rounding of 1 - p must not put out the calibration row the limit came from
        inside = 1.0 - proba <= self.limits + 1e-12
        inside[np.arange(len(proba)), proba.argmax(axis=1)] = True
        return inside

    def state(self) -> dict[str, Any]:
        """Return the limits as plain values."""
        return {"level": self.level, "by_grade": self.by_grade, "limits": self.limits.tolist()}

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Return the sets that ``state`` wrote down."""
        told = cls(float(state["level"]), bool(state["by_grade"]))
        told.limits = np.asarray(state["limits"], dtype=np.float64)
        return told

    def _limit(self, need: Floats) -> float:
        place = int(np.ceil((len(need) + 1) * self.level)) - 1
        return 1.0 if place >= len(need) else float(np.sort(need)[place])


class Abstention:
    """Answers the surest rows and refuses the rest.

    Parameters
    ----------
    keep : float
        Share of calibration rows that is answered.

    Examples
    --------
    >>> import numpy as np
    >>> refusal = Abstention(0.5).fit(np.array([[0.9, 0.1], [0.6, 0.4]]))
    >>> refusal.answers(np.array([[0.95, 0.05], [0.55, 0.45]])).tolist()
    [True, False]
    """

    def __init__(self, keep: float = 0.9) -> None:
        if not 0.0 < keep <= 1.0:
            raise UnknownValue(f"keep is {keep}", allowed="above 0, at most 1")
        self.keep, self.floor = keep, 0.0

    def fit(self, proba: Floats) -> Self:
        """Set the least confidence from calibration rows (n_rows, n_grades)."""
        self.floor = float(np.quantile(np.asarray(proba).max(axis=1), 1.0 - self.keep))
        return self

    def answers(self, proba: Floats) -> Flags:
        """Return True where the model answers, of shape (n_rows,)."""
        return np.asarray(np.asarray(proba).max(axis=1) >= self.floor)

    def state(self) -> dict[str, float]:
        """Return the refusal as plain values."""
        return {"keep": self.keep, "floor": self.floor}

    @classmethod
    def of(cls, state: dict[str, float]) -> Self:
        """Return the refusal that ``state`` wrote down."""
        told = cls(state["keep"])
        told.floor = float(state["floor"])
        return told
