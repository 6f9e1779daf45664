"""Members made of one logistic layer: on scaled measurements, and on logarithms of measurements with all their products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_directions import Directions
from mandi.models.grading.grade_scales import Bend, Scale, product, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


class Logistic:
    """Multinomial logistic regression on scaled measurements.

    Parameters
    ----------
    C : float
        Inverse strength of the ridge.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.linspace(0.0, 1.0, 40).reshape(-1, 1)
    >>> line = Logistic().fit(matrix, (matrix[:, 0] > 0.5).astype(int), 2, 1)
    >>> line.proba(np.array([[0.1], [0.9]])).round(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    name: ClassVar[str] = "logistic"
    bend: ClassVar[Bend] = "none"

    def __init__(self, C: float = 10.0, max_iter: int = 1000) -> None:
        self.settings: dict[str, Any] = {"C": C, "max_iter": max_iter}
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        self._learn(matrix)
        self.kept["weights"] = logistic_layer(self._design(matrix), grade, grades, **self.settings)
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if "weights" not in self.kept:
            raise NotFitted("this line has seen no data", next_command="call fit or of")
        design = self._design(matrix)
        return softmax(product(design, self.kept["weights"][:-1]) + self.kept["weights"][-1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return scale and weights as plain arrays."""
        return dict(self.kept)

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls()
        told.kept = dict(arrays)
        return told

    def _learn(self, matrix: Floats) -> None:
        self.kept = Scale.fit(matrix, self.bend).arrays()

    def _design(self, matrix: Floats) -> Floats:
        return Scale.of(self.kept).apply(matrix)


class LogRatio(Logistic):
    """Logistic regression on the directions of the logarithms (``Directions``) and all their products."""

    name: ClassVar[str] = "log-ratio"
    bend: ClassVar[Bend] = "log"

    def _learn(self, matrix: Floats) -> None:
        found = Directions.fit(matrix, self.bend)
        crossed = _products(found.apply(matrix))
        self.kept = found.arrays() | {
            "cross_middle": crossed.mean(axis=0),
            "cross_spread": np.maximum(crossed.std(axis=0), 1e-9),
        }

    def _design(self, matrix: Floats) -> Floats:
        turned = Directions.of(self.kept).apply(matrix)
        crossed = (_products(turned) - self.kept["cross_middle"]) / self.kept["cross_spread"]
        return np.hstack([turned, crossed])


def logistic_layer(design: Floats, grade: Ints, grades: int, C: float, max_iter: int = 1000) -> Floats:
    """Fit a multinomial logistic regression and return weights of shape (n_columns + 1, n_grades), the constant last.

    A grade that no row has gets a constant so low that its probability is 0.

    Examples
    --------
    >>> import numpy as np
    >>> logistic_layer(np.array([[0.0], [1.0]]), np.array([0, 1]), 3, 1.0).shape
    (2, 3)
    """
    from sklearn.linear_model import LogisticRegression

    seen = np.unique(grade)
    weights = np.zeros((design.shape[1] + 1, grades))
    weights[-1] = -1e3
    weights[-1, seen] = 0.0
    if len(seen) < 2:
        return weights
    line = LogisticRegression(C=C, max_iter=max_iter).fit(design, grade)
    coefficients, constants = line.coef_, line.intercept_
    if len(seen) == 2:
        coefficients = np.vstack([-coefficients[0] / 2, coefficients[0] / 2])
        constants = np.array([-constants[0] / 2, constants[0] / 2])
    weights[:-1, seen], weights[-1, seen] = coefficients.T, constants
    return weights


def _products(rows: Floats) -> Floats:
    first, second = np.triu_indices(rows.shape[1])
    return np.ascontiguousarray(rows[:, first]) * rows[:, second]
