"""Members of a jury of graders: each learns grades 0..k-1 from a matrix of numbers and answers probabilities.

A member keeps what it learnt as plain arrays and answers from them alone, so that it can be written without pickle and a
row's answer is the same to the last bit alone and among others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from mandi.core.errors import UnknownValue, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]

PLACES = {
    "random-forest": "mandi.models.grading.grade_forest:RandomForest",
    "extra-trees": "mandi.models.grading.grade_forest:ExtraTrees",
    "ordinal-trees": "mandi.models.grading.grade_forest:OrdinalTrees",
    "logistic": "mandi.models.grading.grade_lines:Logistic",
    "log-ratio": "mandi.models.grading.grade_lines:LogRatio",
    "svm": "mandi.models.grading.grade_kernel:ScaledSvm",
    "svm-power": "mandi.models.grading.grade_kernel:PowerSvm",
    "lightgbm": "mandi.models.grading.grade_boost:Boosting",
    "mlp": "mandi.models.grading.grade_net:Net",
    "mlp-power": "mandi.models.grading.grade_net:PowerNet",
    "standard-line": "mandi.models.grading.quality_line:StandardLine",
    "standard-svm": "mandi.models.grading.quality_line:StandardSvm",
}


@runtime_checkable
class Member(Protocol):
    """What every member does. Grades are whole numbers 0..k-1; where they are ordered, 0 is the best."""

    name: ClassVar[str]

    def fit(self, matrix: Floats, grade: Ints, grades: int, seed: int) -> Self:
        """Learn from ``matrix`` (n_rows, n_features; NaN is missing) and ``grade`` (n_rows,), out of ``grades`` in all."""
        ...

    def proba(self, matrix: Floats) -> Floats:
        """Return probabilities of shape (n_rows, n_grades); each row sums to 1, a grade never seen has 0."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that was learnt as plain arrays (no object arrays)."""
        ...

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the member that ``arrays`` wrote down."""
        ...


def member(name: str, **settings: Any) -> Member:
    """Return an unfitted member by name.

    Parameters
    ----------
    name : str
        random-forest, extra-trees, ordinal-trees, logistic, log-ratio, svm, svm-power, lightgbm, mlp or mlp-power.
    **settings
        Settings of that member, by the names of the library behind it.

    Raises
    ------
    UnknownValue
        No member has that name.
    """
    return member_class(name)(**settings)


def member_class(name: str) -> Any:
    """Return the class of a member by name."""
    import importlib

    if name not in PLACES:
        raise UnknownValue(f"member {name!r}{nearest(name, PLACES)}", allowed=", ".join(PLACES))
    module, _, wanted = PLACES[name].partition(":")
    return getattr(importlib.import_module(module), wanted)
