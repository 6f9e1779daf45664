"""Which grade to say, given probabilities: accuracy, quadratic kappa, macro-F1 and a table of costs each want their own rule.

- accuracy: the likeliest grade.
- kappa: the expected grade, stretched about the mean grade and rounded. Quadratic kappa divides the squared error by that of
  saying grades at random, so a bold answer is forgiven more than by the squared error alone; for a fixed kappa its best
  rule is this stretch, and one number tunes it.
- macro_f1: each probability times a slope less a toll per grade. The derivative of macro-F1 by one more right or wrong
  answer is such a line, so the best rule is its own fixed point.
- cost: the grade of least expected cost.
"""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

import numpy as np

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grading.grade_calibration import checked_rows

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Aim = Literal["accuracy", "kappa", "macro_f1", "cost"]
STRETCHES = np.linspace(0.0, 0.75, 31)
ROUNDS = 30  # of the fixed point of macro-F1, each half the way
NEAR = 0.002  # gains smaller than this are noise: among rules that near to the best the middle one is taken


class GradeRule:
    """A decision rule for one aim, tuned on probabilities of rows not learnt from.

    Parameters
    ----------
    aim : str
        accuracy, kappa, macro_f1 or cost.
    cost : array of shape (n_grades, n_grades), optional
        What it costs to say the column's grade of a lot of the row's grade; for the aim cost. Default: the squared
        distance, so that A called D is nine times as wrong as A called B.

    Examples
    --------
    >>> import numpy as np
    >>> unsure = np.array([[0.4, 0.2, 0.1, 0.3]])
    >>> GradeRule("accuracy").decide(unsure).tolist(), GradeRule("cost").decide(unsure).tolist()
    ([0], [1])
    """

    def __init__(self, aim: Aim, cost: Floats | None = None) -> None:
        if aim not in get_args(Aim):
            raise UnknownValue(f"aim {aim!r}", allowed=", ".join(get_args(Aim)))
        self.aim: Aim = aim
        self.cost = None if cost is None else np.asarray(cost, dtype=np.float64)
        self.size = 0.0  # of the stretch, for kappa
        self.middle = 0.0  # mean grade, for kappa
        self.slope: Floats = np.zeros(0)  # per grade, for macro_f1
        self.toll: Floats = np.zeros(0)
        self.tuned = aim in ("accuracy", "cost")

    def fit(self, proba: Floats, grade: Ints) -> Self:
        """Tune on out-of-fold probabilities (n_rows, n_grades) and true grades (n_rows,)."""
        proba, grade = checked_rows(proba, grade)
        if self.aim == "kappa":
            self.middle = float(grade.mean())
            found = []
            for size in STRETCHES:
                self.size = float(size)
                found.append(quadratic_kappa(grade, self._stretched(proba), proba.shape[1]))
            near = np.flatnonzero(np.array(found) >= max(found) - NEAR)
            self.size = float(np.median(STRETCHES[near]))
        elif self.aim == "macro_f1":
            self.slope, self.toll = _fixed_point(proba, grade)
        self.tuned = True
        return self

    def decide(self, proba: Floats) -> Ints:
        """Return the grade said of each row, of shape (n_rows,)."""
        proba = np.asarray(proba, dtype=np.float64)
        if self.aim == "accuracy":
            return proba.argmax(axis=1)
        if self.aim == "cost":
            places = np.arange(proba.shape[1])
            cost = (places[:, None] - places) ** 2.0 if self.cost is None else self.cost
            if cost.shape != (proba.shape[1], proba.shape[1]):
                raise ContractError(
                    f"a table of costs of shape {cost.shape}", allowed="one row and column per grade"
                )
            return (proba[:, :, None] * cost).sum(axis=1).argmin(axis=1)
        if not self.tuned:
            raise NotFitted(f"the rule for {self.aim} is not tuned", next_command="call fit")
        if self.aim == "macro_f1":
            return (proba * self.slope - self.toll).argmax(axis=1)
        return self._stretched(proba)

    def state(self) -> dict[str, Any]:
        """Return the rule as plain values."""
        return {
            "aim": self.aim,
            "cost": None if self.cost is None else self.cost.tolist(),
            "size": self.size,
            "middle": self.middle,
            "slope": self.slope.tolist(),
            "toll": self.toll.tolist(),
            "tuned": self.tuned,
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Return the rule that ``state`` wrote down."""
        told = cls(state["aim"], state["cost"])
        told.size, told.middle, told.tuned = (
            float(state["size"]),
            float(state["middle"]),
            bool(state["tuned"]),
        )
        told.slope, told.toll = (np.asarray(state[name], dtype=np.float64) for name in ("slope", "toll"))
        return told

    def _stretched(self, proba: Floats) -> Ints:
        expected = expected_grade(proba, np.arange(proba.shape[1]))
        stretched = (expected - self.size * self.middle) / (1.0 - self.size)
        return np.clip(np.rint(stretched), 0, proba.shape[1] - 1).astype(np.intp)


def expected_grade(proba: Floats, values: Any) -> Floats:
    """Return the expected value of the grade, of shape (n_rows,), in the unit of ``values`` (n_grades,).

    Examples
    --------
    >>> import numpy as np
    >>> expected_grade(np.array([[0.5, 0.5, 0.0, 0.0]]), [90.0, 75.0, 60.0, 40.0]).tolist()
    [82.5]
    """
    return (np.asarray(proba, dtype=np.float64) * np.asarray(values, dtype=np.float64)).sum(axis=1)


def quadratic_kappa(truth: Ints, said: Ints, grades: int) -> float:
    """Return Cohen's kappa with squared distances: 1 is perfect, 0 no better than chance.

    Examples
    --------
    >>> import numpy as np
    >>> quadratic_kappa(np.array([0, 1, 2]), np.array([0, 1, 2]), 3)
    1.0
    """
    seen = _counts(truth, said, grades)
    apart = (np.arange(grades)[:, None] - np.arange(grades)) ** 2.0
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(seen.sum(), 1.0)
    against = float((apart * chance).sum())
    return 1.0 if against == 0.0 else 1.0 - float((apart * seen).sum()) / against


def macro_f1(truth: Ints, said: Ints, grades: int) -> float:
    """Return the mean over grades of F1; a grade neither true nor said is left out, as scikit-learn does.

    Examples
    --------
    >>> import numpy as np
    >>> macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 3).__round__(3)
    0.667
    """
    seen = _counts(truth, said, grades)
    both = seen.sum(axis=1) + seen.sum(axis=0)
    return float((2.0 * np.diag(seen)[both > 0] / both[both > 0]).mean())


def _fixed_point(proba: Floats, grade: Ints) -> tuple[Floats, Floats]:
    grades = proba.shape[1]
    true = np.bincount(grade, minlength=grades)
    slope, toll = np.full(grades, 1.0 / grades), np.zeros(grades)
    best, found = -1.0, (slope, toll)
    for _ in range(ROUNDS):
        said = (proba * slope - toll).argmax(axis=1)
        reached = macro_f1(grade, said, grades)
        if reached > best:
            best, found = reached, (slope, toll)
        right = np.bincount(said[said == grade], minlength=grades)
        both = np.maximum(true + np.bincount(said, minlength=grades), 1)
        size = (2.0 / both).sum()
        slope = (slope + 2.0 / both / size) / 2.0
        toll = (toll + 2.0 * right / both**2 / size) / 2.0
    return found


def _counts(truth: Ints, said: Ints, grades: int) -> Floats:
    flat = np.bincount(np.asarray(truth) * grades + np.asarray(said), minlength=grades * grades)
    return flat.reshape(grades, grades).astype(np.float64)
