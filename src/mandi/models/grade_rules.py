"""Which grade to say, given probabilities: accuracy, quadratic kappa, macro-F1 and a table of costs each want their own rule.

- accuracy: the likeliest grade.
- kappa: the expected grade, stretched about the mean grade and rounded. Quadratic kappa divides the squared error by that of
  saying grades at random, so a bold answer is forgiven more than by the squared error alone; for a fixed kappa its best
  rule is this stretch, and one number tunes it.
- macro_f1: the likeliest grade after each probability is divided by a power of the grade's share.
- cost: the grade of least expected cost.
"""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

import numpy as np

from mandi.core.errors import ContractError, NotFitted, UnknownValue
from mandi.models.grade_calibration import checked_rows

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
Aim = Literal["accuracy", "kappa", "macro_f1", "cost"]
STRETCHES = np.linspace(0.0, 0.75, 31)
POWERS = np.linspace(0.0, 1.2, 25)
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
        self.share: Floats = np.zeros(0)
        self.size = 0.0

    def fit(self, proba: Floats, grade: Ints) -> Self:
        """Tune on out-of-fold probabilities (n_rows, n_grades) and true grades (n_rows,)."""
        proba, grade = checked_rows(proba, grade)
        count = np.bincount(grade, minlength=proba.shape[1])
        self.share = (count + 0.5) / (len(grade) + 0.5 * len(count))
        if self.aim in ("kappa", "macro_f1"):
            sizes = STRETCHES if self.aim == "kappa" else POWERS
            judge = quadratic_kappa if self.aim == "kappa" else macro_f1
            found = np.array([judge(grade, self._said(proba, size), proba.shape[1]) for size in sizes])
            near = np.flatnonzero(found >= found.max() - NEAR)
            self.size = float(np.median(sizes[near]))
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
        if not len(self.share):
            raise NotFitted(f"the rule for {self.aim} is not tuned", next_command="call fit")
        return self._said(proba, self.size)

    def state(self) -> dict[str, Any]:
        """Return the rule as plain values."""
        return {
            "aim": self.aim,
            "cost": None if self.cost is None else self.cost.tolist(),
            "share": self.share.tolist(),
            "size": self.size,
        }

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """Return the rule that ``state`` wrote down."""
        told = cls(state["aim"], state["cost"])
        told.share, told.size = np.asarray(state["share"], dtype=np.float64), float(state["size"])
        return told

    def _said(self, proba: Floats, size: float) -> Ints:
        if self.aim == "macro_f1":
            return (proba * self.share**-size).argmax(axis=1)
        places = np.arange(proba.shape[1], dtype=np.float64)
        middle = float(self.share @ places)
        stretched = (expected_grade(proba, places) - size * middle) / (1.0 - size)
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


def _counts(truth: Ints, said: Ints, grades: int) -> Floats:
    flat = np.bincount(np.asarray(truth) * grades + np.asarray(said), minlength=grades * grades)
    return flat.reshape(grades, grades).astype(np.float64)
