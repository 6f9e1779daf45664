"""A member made of boosted trees (LightGBM)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from mandi.core.errors import NotFitted
from mandi.models.grading.grade_scales import checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]


class Boosting:
    """LightGBM's multinomial boosting; settings go by its own names.

    Examples
    --------
    >>> import numpy as np
    >>> matrix = np.linspace(0.0, 1.0, 200).reshape(-1, 1)
    >>> boosting = Boosting(n_estimators=20).fit(matrix, (matrix[:, 0] > 0.5).astype(int), 2, 1)
    >>> boosting.proba(np.array([[0.1], [0.9]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "lightgbm"
    defaults: ClassVar[dict[str, Any]] = {
        "n_estimators": 120,
        "num_leaves": 15,
        "learning_rate": 0.07,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
    }

    def __init__(self, **settings: Any) -> None:
        self.settings = self.defaults | settings
        self.text = b""
        self.seen: Ints = np.zeros(0, dtype=np.intp)
        self.grades = 0
        self._booster: Any = None

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn as every member does."""
        import lightgbm

        rows = checked(matrix)
        self.seen, code = np.unique(np.asarray(grade, dtype=np.intp), return_inverse=True)
        self.grades, self._booster, self.text = grades, None, b""
        if len(self.seen) < 2:
            return self
        settings = {name: value for name, value in self.settings.items() if name != "n_estimators"}
        settings = {"objective": "multiclass", "num_class": len(self.seen), "seed": seed, "num_threads": 1, "verbose": -1,
                    "deterministic": True, "force_col_wise": True} | settings  # fmt: skip
        data = lightgbm.Dataset(rows, code, params={"verbose": -1})
        grown = lightgbm.train(settings, data, num_boost_round=self.settings["n_estimators"])
        self.text = grown.model_to_string().encode("utf-8")
        return self

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades)."""
        import lightgbm

        rows = checked(matrix)
        if not len(self.seen):
            raise NotFitted("these trees have seen no data", next_command="call fit or of")
        out = np.zeros((len(rows), self.grades))
        if len(self.seen) < 2:
            out[:, self.seen] = 1.0
        elif len(rows):
            # the trees answer from their text, fitted or loaded, so that both give the same bits
            self._booster = self._booster or lightgbm.Booster(model_str=self.text.decode("utf-8"))
            checked(rows, self._booster.num_feature())
            out[:, self.seen] = self._booster.predict(rows, num_threads=1)
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return LightGBM's text as bytes, and the grades seen."""
        return {
            "text": np.frombuffer(self.text, dtype=np.uint8),
            "seen": self.seen,
            "grades": np.array(self.grades),
        }

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        told = cls()
        told.text, told.seen, told.grades = arrays["text"].tobytes(), arrays["seen"], int(arrays["grades"])
        return told
