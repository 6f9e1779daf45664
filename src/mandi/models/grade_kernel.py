"""Members made of a support vector machine: on scaled measurements, and on measurements made normal first.

Every pair of grades has its own boundary; a logistic layer over the distances from all boundaries, fitted on rows that the
machine behind them had not learnt from, turns them into probabilities (Platt 1999, for all grades at once).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grade_lines import logistic_layer
from mandi.models.grade_scales import Bend, Scale, product, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
LAYER = 0.3  # inverse strength of the ridge of the logistic layer
LEAST = 3  # rows of a grade below which no row can be kept aside for the layer


class ScaledSvm:
    """Radial support vector machine on scaled measurements.

    Parameters
    ----------
    C : float
        Cost of a row on the wrong side.
    width : float
        Width of the kernel times the number of columns: exp(-width / n_columns x squared distance).
    held : float
        Share of the rows kept aside to fit the logistic layer; the machine is then fitted again on all rows.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.linspace(0.0, 1.0, 60).reshape(-1, 1)
    >>> machine = ScaledSvm().fit(matrix, (matrix[:, 0] > 0.5).astype(int), 2, 1)
    >>> machine.proba(np.array([[0.1], [0.9]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "svm"
    bend: ClassVar[Bend] = "none"

    def __init__(self, C: float = 10.0, width: float = 1.0, held: float = 0.3) -> None:
        self.C, self.width, self.held = C, width, held
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        from sklearn.model_selection import train_test_split

        grade = np.asarray(grade, dtype=np.intp)
        scale = Scale.fit(matrix, self.bend)
        rows = scale.apply(matrix)
        self.kept = scale.arrays()
        if np.bincount(grade, minlength=grades)[np.unique(grade)].min() < LEAST or len(np.unique(grade)) < 2:
            # too few rows to keep some aside: distances of rows learnt from, drawn towards equal odds by the ridge
            machine = self._machine(rows, grade)
            asked, truth = rows, grade
        else:
            learnt, aside = train_test_split(
                np.arange(len(rows)), test_size=self.held, random_state=seed, stratify=grade
            )
            machine = self._machine(rows[learnt], grade[learnt])
            asked, truth = rows[aside], grade[aside]
        distances = self._distances(asked, machine)
        layer = logistic_layer(distances, truth, grades, LAYER)
        self.kept |= machine if asked is rows else self._machine(rows, grade)
        self.kept |= {"layer": layer}
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if "layer" not in self.kept:
            raise NotFitted("this machine has seen no data", next_command="call fit or of")
        distances = self._distances(Scale.of(self.kept).apply(matrix), self.kept)
        return softmax(product(distances, self.kept["layer"][:-1]) + self.kept["layer"][-1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return scale, support vectors and layer as plain arrays."""
        return dict(self.kept)

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls()
        told.kept = dict(arrays)
        return told

    def _machine(self, rows: Floats, grade: Ints) -> dict[str, NDArray[Any]]:
        from sklearn.svm import SVC

        gamma = self.width / rows.shape[1]
        if len(np.unique(grade)) < 2:
            return {
                "vectors": rows[:1],
                "pull": np.zeros((1, 1)),
                "shift": np.zeros(1),
                "gamma": np.array(gamma),
            }
        machine = SVC(C=self.C, gamma=gamma, cache_size=400).fit(rows, grade)
        counts = machine.n_support_
        ends = np.cumsum(counts)
        pairs = list(combinations(range(len(counts)), 2))
        pull = np.zeros((len(machine.support_vectors_), len(pairs)))
        for place, (one, other) in enumerate(pairs):
            mine = slice(ends[one] - counts[one], ends[one])
            theirs = slice(ends[other] - counts[other], ends[other])
            pull[mine, place] = machine.dual_coef_[other - 1, mine]
            pull[theirs, place] = machine.dual_coef_[one, theirs]
        return {
            "vectors": np.asarray(machine.support_vectors_),
            "pull": pull,
            "shift": np.asarray(machine.intercept_),
            "gamma": np.array(gamma),
        }

    @staticmethod
    def _distances(rows: Floats, machine: dict[str, NDArray[Any]]) -> Floats:
        """How far rows stand from the boundary of each pair of grades, of shape (n_rows, n_pairs)."""
        from scipy.spatial.distance import cdist

        apart = cdist(rows, machine["vectors"], "sqeuclidean")
        near = np.exp(np.ascontiguousarray(-float(machine["gamma"]) * apart))
        return product(near, machine["pull"]) + machine["shift"]


class PowerSvm(ScaledSvm):
    """Radial support vector machine on measurements made normal first (Yeo and Johnson)."""

    name: ClassVar[str] = "svm-power"
    bend: ClassVar[Bend] = "power"

    def __init__(self, C: float = 100.0, width: float = 0.16, held: float = 0.3) -> None:
        super().__init__(C, width, held)
