"""Members made of trees: the specified random forest, extremely random trees, and trees that know the order of grades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_scales import checked
from mandi.models.grading.tree_net import TreeNet, forest_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


class _Forest:
    """Trees whose leaves hold what they saw of each grade; the mean over trees answers. A gap goes the way it learnt."""

    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, **settings: Any) -> None:
        self.settings = self.defaults | settings
        self.net: TreeNet | None = None
        self.grades = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees as plain arrays."""
        return self._known().arrays | {"grades": np.array(self.grades)}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls()
        told.net, told.grades = TreeNet(arrays), int(arrays["grades"])
        return told

    def _known(self) -> TreeNet:
        if self.net is None:
            raise NotFitted("these trees have seen no data", next_command="call fit or of")
        return self.net

    def _grow(self, estimator: Any, rows: Floats, target: NDArray[Any]) -> Any:
        return estimator(n_jobs=1, **self.settings).fit(rows.astype(np.float32), target)


class RandomForest(_Forest):
    """Random forest with the specified settings: 200 trees, depth 15, 10 rows to split, grades weighed alike, seed 42.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.linspace(0.0, 1.0, 40).reshape(-1, 1)
    >>> forest = RandomForest(n_estimators=5).fit(matrix, (matrix[:, 0] > 0.5).astype(int), 2, 1)
    >>> forest.proba(np.array([[0.1], [0.9]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "random-forest"
    defaults: ClassVar[dict[str, Any]] = {
        "n_estimators": 200,
        "max_depth": 15,
        "min_samples_split": 10,
        "class_weight": "balanced",
        "random_state": 42,
    }

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does; the seed given is used where the settings name none."""
        from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

        rows = checked(matrix)
        self.settings = {"random_state": seed} | self.settings
        kind = ExtraTreesClassifier if self.name == "extra-trees" else RandomForestClassifier
        forest = self._grow(kind, rows, grade)
        trees, seen = len(forest.estimators_), np.asarray(forest.classes_, dtype=np.intp)

        def leaf(tree: Any) -> NDArray[Any]:
            out = np.zeros((tree.node_count, grades))
            share = tree.value[:, 0, :]
            out[:, seen] = share / share.sum(axis=1, keepdims=True) / trees
            return out

        self.net, self.grades = TreeNet(forest_arrays(forest.estimators_, leaf, rows.shape[1])), grades
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        mean = self._known().sums(checked(matrix))
        return mean / mean.sum(axis=1, keepdims=True)


class ExtraTrees(RandomForest):
    """Extremely random trees, grown to leaves of two rows; thresholds are drawn, not searched."""

    name: ClassVar[str] = "extra-trees"
    defaults: ClassVar[dict[str, Any]] = {"n_estimators": 200, "min_samples_leaf": 2}


class OrdinalTrees(_Forest):
    """Extremely random trees that split by the ranked score of ordered grades (the spread of "worse than j", summed over j).

    One forest of many outputs; its leaf means are cumulative probabilities and fall with j by themselves.
    """

    name: ClassVar[str] = "ordinal-trees"
    defaults: ClassVar[dict[str, Any]] = {"n_estimators": 150, "min_samples_leaf": 3, "max_features": 0.5}

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        from sklearn.ensemble import ExtraTreesRegressor

        rows = checked(matrix)
        self.settings = {"random_state": seed} | self.settings
        worse = (grade[:, None] > np.arange(grades - 1)).astype(np.float64)
        forest = self._grow(ExtraTreesRegressor, rows, worse)
        trees = len(forest.estimators_)
        leaves = forest_arrays(forest.estimators_, lambda t: t.value[:, :, 0] / trees, rows.shape[1])
        self.net, self.grades = TreeNet(leaves), grades
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        worse = self._known().sums(checked(matrix))
        edge = np.ones((len(worse), 1))
        mass = np.maximum(-np.diff(np.hstack([edge, worse, 0.0 * edge]), axis=1), 0.0)
        return mass / mass.sum(axis=1, keepdims=True)
