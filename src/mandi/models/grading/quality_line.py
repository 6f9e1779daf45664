"""Graders that know of commodities: a logistic layer and a support vector machine, each with a commodity's own slopes.

A commodity is graded by its own standard, so a measure means something else for each: the line has a slope per commodity
and measure, bent at one standard deviation on either side, while what an inspector and a supplier add is the same for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_kernel import ScaledSvm
from mandi.models.grading.grade_lines import logistic_layer
from mandi.models.grading.grade_scales import checked, product, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
BEND = 1.0  # standard deviations
FARTHEST = 8.0  # standard deviations; no slope is drawn further
LEAST_ROWS = 30  # a commodity with fewer rows is answered with the shares of grades


class StandardLine:
    """Multinomial logistic regression with slopes per commodity.

    The matrix is laid out as ``mandi.models.grading.quality_matrix``: a commodity's code, an inspector's code, ``measures`` columns in
    standard deviations, and what is said of the supplier. Missing counts as average; for a measure that is often missing its
    being missing has a weight of its own. An inspector not known adds nothing: the answer is that of a middling one.

    Parameters
    ----------
    C : float
        Inverse strength of the ridge.
    measures : int
        Columns after the two codes that are measures.
    inspectors : bool
        Whether each inspector has a weight.

    Examples
    --------
    >>> z = np.linspace(-2.0, 2.0, 200)
    >>> matrix = np.column_stack([np.zeros(200), np.full(200, np.nan), z])
    >>> line = StandardLine(measures=1).fit(matrix, (z < 0).astype(int), 2, 1)
    >>> line.proba(np.array([[0.0, np.nan, 1.5], [0.0, np.nan, -1.5]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "standard-line"

    def __init__(
        self, C: float = 10.0, measures: int = 10, inspectors: bool = True, max_iter: int = 2000
    ) -> None:
        self.C, self.measures, self.inspectors, self.max_iter = C, measures, inspectors, max_iter
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        rows = checked(matrix)
        commodity = rows[:, 0]
        known = np.unique(commodity[~np.isnan(commodity)])
        enough = [code for code in known if (commodity == code).sum() >= LEAST_ROWS]
        inspectors = np.unique(rows[:, 1][~np.isnan(rows[:, 1])]) if self.inspectors else np.zeros(0)
        self.kept = {
            "commodities": np.array(enough), "inspectors": inspectors, "measures": np.array(self.measures),
        }  # fmt: skip
        base, place, shared = self._parts(rows)
        width = base.shape[1]
        blocks = np.zeros((len(rows), len(enough) + 1, width))
        blocks[np.arange(len(rows)), place] = base
        flat = blocks.reshape(len(rows), -1)
        used = (flat != 0.0).any(axis=0)
        learnt = logistic_layer(np.hstack([flat[:, used], shared]), grade, grades, self.C, self.max_iter)
        slopes = np.zeros((flat.shape[1], grades))
        slopes[used] = learnt[: int(used.sum())]
        self.kept |= {
            "slopes": slopes.reshape(len(enough) + 1, width, grades),
            "shared": learnt[int(used.sum()) : -1],
            "constant": learnt[-1],
            "shares": np.bincount(grade, minlength=grades) / max(len(grade), 1),
        }
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if "slopes" not in self.kept:
            raise NotFitted("this line has seen no data", next_command="call fit or of")
        base, place, shared = self._parts(checked(matrix))
        own = np.matmul(base[:, None, :], self.kept["slopes"][place])[:, 0, :]
        proba = softmax(own + product(shared, self.kept["shared"]) + self.kept["constant"])
        proba[place == len(self.kept["commodities"])] = self.kept["shares"]
        return proba

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return weights as plain arrays."""
        return dict(self.kept)

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls(measures=int(arrays["measures"]))
        told.kept = dict(arrays)
        return told

    def _parts(self, rows: Floats) -> tuple[Floats, Ints, Floats]:
        """What has a slope per commodity, which commodity (the last is none of them), and what is shared."""
        count = int(self.kept["measures"])
        measured = rows[:, 2 : 2 + count]
        gap = np.isnan(measured)
        z = np.clip(np.where(gap, 0.0, measured), -FARTHEST, FARTHEST)
        above, below = np.maximum(z - BEND, 0.0), np.maximum(-z - BEND, 0.0)
        base = np.hstack([np.ones((len(rows), 1)), z, z * z, above, below, gap.astype(np.float64)])
        place = place_of(rows[:, 0], self.kept["commodities"])
        judge = (rows[:, 1][:, None] == self.kept["inspectors"]).astype(np.float64)
        supplier = np.nan_to_num(rows[:, 2 + count :])
        return np.ascontiguousarray(base), place, np.ascontiguousarray(np.hstack([judge, supplier]))


class StandardSvm(ScaledSvm):
    """Radial support vector machine where commodities stand apart; inspectors are not read.

    Parameters
    ----------
    most_rows : int
        Learns from a random sample of so many rows, since its cost grows with their square.
    apart : float
        Distance between two commodities, in standard deviations of a measure, over the root of two.
    """

    name: ClassVar[str] = "standard-svm"

    def __init__(
        self, C: float = 10.0, width: float = 0.5, held: float = 0.3, measures: int = 10, most_rows: int = 5000,
        apart: float = 2.0,
    ) -> None:  # fmt: skip
        super().__init__(C, width, held)
        self.measures, self.most_rows, self.apart = measures, most_rows, apart

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        rows = checked(matrix)
        known = np.unique(rows[:, 0][~np.isnan(rows[:, 0])])
        drawn = np.random.default_rng(seed).permutation(len(rows))[: self.most_rows]
        drawn.sort()
        design = self._design(rows[drawn], known, self.measures, self.apart)
        super().fit(design, np.asarray(grade)[drawn], grades, seed)
        self.kept |= {
            "commodities": known, "measures": np.array(self.measures), "apart": np.array(self.apart),
        }  # fmt: skip
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if "commodities" not in self.kept:
            raise NotFitted("this machine has seen no data", next_command="call fit or of")
        kept = self.kept
        design = self._design(
            checked(matrix), kept["commodities"], int(kept["measures"]), float(kept["apart"])
        )
        return super().proba(design)

    @staticmethod
    def _design(rows: Floats, known: NDArray[Any], measures: int, apart: float) -> Floats:
        # scaled here, and so that the parent's own scaling to one standard deviation changes distances little
        measured = np.nan_to_num(rows[:, 2 : 2 + measures])
        stands = (rows[:, 0][:, None] == known) * apart
        return np.hstack(
            [np.clip(measured, -FARTHEST, FARTHEST), stands, np.nan_to_num(rows[:, 2 + measures :])]
        )


def place_of(codes: Floats, known: NDArray[Any]) -> Ints:
    """Return the place of each code among the known ones, their number where it is none of them.

    Examples
    --------
    >>> place_of(np.array([3.0, np.nan, 1.0]), np.array([1.0, 3.0])).tolist()
    [1, 2, 0]
    """
    if not len(known):
        return np.zeros(len(codes), dtype=np.intp)
    found = np.minimum(np.searchsorted(known, np.nan_to_num(codes, nan=-1.0)), len(known) - 1)
    return np.where(known[found] == codes, found, len(known)).astype(np.intp)
