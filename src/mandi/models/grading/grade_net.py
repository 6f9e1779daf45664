"""A member made of small networks on the directions of the logarithms (scikit-learn's multi-layer perceptron)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_directions import Directions
from mandi.models.grading.grade_scales import Scale, product, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


class Net:
    """Networks of two hidden layers, trained for a fixed number of rounds from different starts; their mean logarithm answers.

    Parameters
    ----------
    nets : int
        Networks.
    **settings
        Settings of scikit-learn's MLPClassifier, by its own names.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.linspace(-1.0, 1.0, 200).reshape(-1, 1)
    >>> net = Net(max_iter=30).fit(matrix, (matrix[:, 0] > 0.0).astype(int), 2, 1)
    >>> net.proba(np.array([[-0.9], [0.9]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "mlp"
    turned: ClassVar[bool] = True
    defaults: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": (64, 32),
        "alpha": 1e-2,
        "learning_rate_init": 1e-3,
        "batch_size": 128,
        "max_iter": 30,
    }

    def __init__(self, nets: int = 1, **settings: Any) -> None:
        self.nets = nets
        self.settings = self.defaults | settings
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        found: Directions | Scale = Directions.fit(matrix) if self.turned else Scale.fit(matrix, "power")
        rows, code = found.apply(matrix), np.asarray(grade, dtype=np.intp)
        seen = np.unique(code)
        self.kept = found.arrays() | {"seen": seen, "grades": np.array(grades), "nets": np.array(self.nets)}
        if len(seen) < 2:
            return self
        settings = dict(self.settings)
        settings["hidden_layer_sizes"] = tuple(settings["hidden_layer_sizes"])
        settings["batch_size"] = min(settings["batch_size"], len(rows))
        self.kept["layers"] = np.array(len(settings["hidden_layer_sizes"]) + 1)
        for place in range(self.nets):
            with warnings.catch_warnings():
                # the rounds are fixed: that a longer training would still move is no news
                warnings.simplefilter("ignore", ConvergenceWarning)
                net = MLPClassifier(random_state=seed + place, **settings).fit(rows, code)
            for layer, (weights, shift) in enumerate(zip(net.coefs_, net.intercepts_, strict=True)):
                self.kept |= {f"weights{place}.{layer}": weights, f"shift{place}.{layer}": shift}
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if not self.kept:
            raise NotFitted("this network has seen no data", next_command="call fit or of")
        rows = (Directions if self.turned else Scale).of(self.kept).apply(matrix)
        out, seen = np.zeros((len(rows), int(self.kept["grades"]))), self.kept["seen"]
        if len(seen) < 2:
            out[:, seen] = 1.0
            return out
        total = np.zeros((len(rows), len(seen)))
        for place in range(int(self.kept["nets"])):
            scores = self._scores(rows, place)
            # the library keeps one output for two grades
            total[:, -scores.shape[1] :] += scores
        out[:, seen] = softmax(total / int(self.kept["nets"]))
        return out

    def _scores(self, rows: Floats, place: int) -> Floats:
        last = int(self.kept["layers"]) - 1
        for layer in range(last + 1):
            rows = product(rows, self.kept[f"weights{place}.{layer}"]) + self.kept[f"shift{place}.{layer}"]
            rows = np.maximum(rows, 0.0) if layer < last else rows
        return rows

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return directions and layers as plain arrays."""
        return dict(self.kept)

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls()
        told.kept = dict(arrays)
        return told


class PowerNet(Net):
    """The same on measurements made normal one by one (Yeo and Johnson), not turned: it errs differently."""

    name: ClassVar[str] = "mlp-power"
    turned: ClassVar[bool] = False
