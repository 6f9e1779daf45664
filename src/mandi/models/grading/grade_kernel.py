"""Members made of a support vector machine: on scaled measurements, and on measurements made normal first.

Every pair of grades has its own boundary; a logistic curve per boundary, fitted on rows that the machine behind it had not
learnt from (Platt 1999), says how sure the pair is, and the pairs are joined in closed form (Price, Knerr, Personnaz and
Dreyfus 1995): the odds against a grade are the sum of the odds against it in all its pairs.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_scales import Bend, Scale, product
from mandi.models.ranking.pair_line import fit_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
LEAST = 4  # rows of a grade below which none can be kept aside for the curves
SUREST = 30.0  # log-odds of one pair


class ScaledSvm:
    """Radial support vector machine on scaled measurements.

    Parameters
    ----------
    C : float
        Cost of a row on the wrong side.
    width : float
        Width of the kernel times the number of columns: exp(-width / n_columns x squared distance).
    held : float
        Share of the rows kept aside to fit the curves; the machine is then fitted again on all rows.

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
        seen, counts = np.unique(grade, return_counts=True)
        scale = Scale.fit(matrix, self.bend)
        rows = scale.apply(matrix)
        self.kept = scale.arrays() | {"seen": seen, "grades": np.array(grades)}
        if len(seen) < 2:
            return self
        full = self._machine(rows, grade)
        if counts.min() < LEAST:  # too few rows to keep some aside: distances of the very rows learnt from
            distances, truth = self._distances(rows, full), grade
        else:
            everyone = np.arange(len(rows))
            learnt, aside = train_test_split(everyone, test_size=self.held, random_state=seed, stratify=grade)
            distances = self._distances(rows[aside], self._machine(rows[learnt], grade[learnt]))
            truth = grade[aside]
        curves = []
        for place, (one, other) in enumerate(combinations(seen, 2)):
            either = (truth == one) | (truth == other)
            curves.append(fit_curve(distances[either, place], truth[either] == one))
        self.kept |= full | {"curves": np.array(curves).T}
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if not self.kept:
            raise NotFitted("this machine has seen no data", next_command="call fit or of")
        rows = Scale.of(self.kept).apply(matrix)
        seen = self.kept["seen"]
        out = np.zeros((len(rows), int(self.kept["grades"])))
        if len(seen) < 2:
            out[:, seen] = 1.0
            return out
        odds = self._distances(rows, self.kept) * self.kept["curves"][0] + self.kept["curves"][1]
        against = np.exp(np.ascontiguousarray(np.clip(odds, -SUREST, SUREST)))
        total = np.ones((len(rows), len(seen)))
        for place, (one, other) in enumerate(combinations(range(len(seen)), 2)):
            total[:, one] += 1.0 / against[:, place]
            total[:, other] += against[:, place]
        share = 1.0 / total
        out[:, seen] = share / share.sum(axis=1, keepdims=True)
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return scale, support vectors and curves as plain arrays."""
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
        # with two grades the library counts towards the second, with more towards the first of a pair
        sign = -1.0 if len(pairs) == 1 else 1.0
        return {
            "vectors": np.asarray(machine.support_vectors_),
            "pull": sign * pull,
            "shift": sign * np.asarray(machine.intercept_),
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
