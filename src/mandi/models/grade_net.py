"""A member made of a small network on measurements made normal first (scikit-learn's multi-layer perceptron)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grade_scales import Scale, product, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


class Net:
    """Two hidden layers, trained until rows kept aside no longer gain.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.linspace(-1.0, 1.0, 200).reshape(-1, 1)
    >>> net = Net(max_iter=30).fit(matrix, (matrix[:, 0] > 0.0).astype(int), 2, 1)
    >>> net.proba(np.array([[-0.9], [0.9]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "mlp"
    defaults: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": (64, 32),
        "alpha": 1e-3,
        "learning_rate_init": 3e-3,
        "batch_size": 128,
        "max_iter": 60,
        "n_iter_no_change": 8,
        "early_stopping": True,
    }

    def __init__(self, **settings: Any) -> None:
        self.settings = self.defaults | settings
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        scale = Scale.fit(matrix, "power")
        rows, code = scale.apply(matrix), np.asarray(grade, dtype=np.intp)
        seen, counts = np.unique(code, return_counts=True)
        self.kept = scale.arrays() | {"seen": seen, "grades": np.array(grades)}
        if len(seen) < 2:
            return self
        settings = {"random_state": seed} | self.settings
        settings["hidden_layer_sizes"] = tuple(settings["hidden_layer_sizes"])
        settings["early_stopping"] = bool(settings["early_stopping"] and counts.min() >= 20)
        settings["batch_size"] = min(settings["batch_size"], len(rows))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            net = MLPClassifier(**settings).fit(rows, code)
        for number, (weights, shift) in enumerate(zip(net.coefs_, net.intercepts_, strict=True)):
            self.kept |= {f"weights{number}": weights, f"shift{number}": shift}
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        if not self.kept:
            raise NotFitted("this network has seen no data", next_command="call fit or of")
        rows = Scale.of(self.kept).apply(matrix)
        out, seen = np.zeros((len(rows), int(self.kept["grades"]))), self.kept["seen"]
        if len(seen) < 2:
            out[:, seen] = 1.0
            return out
        last = sum(name.startswith("weights") for name in self.kept) - 1
        for number in range(last + 1):
            rows = product(rows, self.kept[f"weights{number}"]) + self.kept[f"shift{number}"]
            rows = np.maximum(rows, 0.0) if number < last else rows
        if len(seen) == 2:  # the library keeps one output for two grades
            rows = np.hstack([np.zeros_like(rows), rows])
        out[:, seen] = softmax(rows)
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return scale and layers as plain arrays."""
        return dict(self.kept)

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls()
        told.kept = dict(arrays)
        return told
