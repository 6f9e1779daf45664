"""Probabilities that mean what they say: curves fitted on rows not learnt from, and how far from the truth they stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, UnknownValue
from mandi.models.grading.grade_scales import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
KINDS = ("none", "temperature", "platt", "isotonic")
LEAST = 1e-6  # no probability is taken as lower
STEPS = 60  # points kept of an isotonic curve


class Curve:
    """A calibration curve over probabilities of k grades.

    Parameters
    ----------
    kind : str
        none; temperature (one slope of the log-probabilities, Guo and others 2017); platt (a slope and a constant per
        grade); isotonic (one rising curve per grade, then scaled to sum to 1).

    Examples
    --------
    >>> import numpy as np
    >>> sure = np.array([[0.99, 0.01]] * 10)
    >>> curve = Curve("temperature").fit(sure, np.array([0] * 8 + [1] * 2))
    >>> curve.apply(sure)[0].round(2).tolist()
    [0.8, 0.2]
    """

    def __init__(self, kind: str = "temperature") -> None:
        if kind not in KINDS:
            raise UnknownValue(f"curve {kind!r}", allowed=", ".join(KINDS))
        self.kind = kind
        self.kept: dict[str, NDArray[Any]] = {}

    def fit(self, proba: Floats, grade: Ints) -> Self:
        """Fit on probabilities (n_rows, n_grades) of rows not learnt from, with their true grades (n_rows,)."""
        proba, grade = checked_rows(proba, grade)
        if self.kind == "temperature":
            self.kept = {"slope": np.array(_slope(log(proba), grade))}
        elif self.kind == "platt":
            self.kept = _platt(log(proba), grade)
        elif self.kind == "isotonic":
            self.kept = {f"curve{k}": _rising(proba[:, k], grade == k) for k in range(proba.shape[1])}
        return self

    def apply(self, proba: Floats) -> Floats:
        """Return calibrated probabilities of shape (n_rows, n_grades)."""
        if self.kind == "none":
            return np.array(proba, dtype=np.float64)
        if self.kind == "isotonic":
            columns = [np.interp(proba[:, k], *self.kept[f"curve{k}"]) for k in range(proba.shape[1])]
            bent = np.maximum(np.column_stack(columns), LEAST)
            return bent / bent.sum(axis=1, keepdims=True)
        return softmax(self.kept["slope"] * log(proba) + self.kept.get("constant", 0.0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the curve as plain arrays."""
        return {"kind": np.array(self.kind)} | self.kept

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the curve that ``arrays`` wrote down."""
        told = cls(str(arrays["kind"]))
        told.kept = {name: value for name, value in arrays.items() if name != "kind"}
        return told


def log(proba: Floats) -> Floats:
    """Return logarithms of probabilities, none taken lower than 1e-6."""
    return np.log(np.ascontiguousarray(np.maximum(proba, LEAST)))


def log_loss(proba: Floats, grade: Ints) -> float:
    """Return the mean of -ln of the probability given to the true grade.

    Examples
    --------
    >>> import numpy as np
    >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([1])), 3)
    0.693
    """
    proba, grade = checked_rows(proba, grade)
    return float(-log(proba)[np.arange(len(grade)), grade].mean())


def calibration_error(proba: Floats, grade: Ints, bins: int = 15) -> float:
    """Return the expected calibration error of the likeliest grade: bins of equal width, weighed by their rows.

    Parameters
    ----------
    proba : array of shape (n_rows, n_grades)
    grade : integer array of shape (n_rows,)
    bins : int

    Returns
    -------
    float
        Mean gap between confidence and share of right answers, 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> calibration_error(np.array([[0.9, 0.1]] * 10), np.array([0] * 9 + [1]))
    0.0
    """
    proba, grade = checked_rows(proba, grade)
    sure = proba.max(axis=1)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    right = (proba.argmax(axis=1) == grade).astype(float)
    gap = np.bincount(place, right - sure, minlength=bins)
    return round(float(np.abs(gap).sum() / len(grade)), 12)


def checked_rows(proba: Any, grade: Any) -> tuple[Floats, Ints]:
    """Return probabilities and grades as arrays; refuse other shapes, no rows and grades outside 0..k-1."""
    shares, truth = np.asarray(proba, dtype=np.float64), np.asarray(grade, dtype=np.intp)
    if shares.ndim != 2 or truth.shape != (len(shares),) or not len(shares):
        raise ContractError(
            f"probabilities of shape {shares.shape} for grades of shape {truth.shape}",
            allowed="(n_rows, n_grades) and (n_rows,), at least one row",
        )
    if truth.min() < 0 or truth.max() >= shares.shape[1]:
        raise ContractError(
            f"grades from {truth.min()} to {truth.max()}", allowed=f"0 to {shares.shape[1] - 1}"
        )
    if not np.isfinite(shares).all():
        raise ContractError("a probability is not finite", allowed="finite numbers")
    return shares, truth


def _slope(odds: Floats, grade: Ints) -> float:
    from scipy.optimize import minimize_scalar

    def loss(size: float) -> float:
        scores = np.exp(size) * odds
        scores = scores - scores.max(axis=1, keepdims=True)
        own = scores[np.arange(len(grade)), grade]
        return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - own))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 1.5), method="bounded").x))


def _platt(odds: Floats, grade: Ints) -> dict[str, NDArray[Any]]:
    from scipy.optimize import minimize

    rows, grades = odds.shape
    truth = np.eye(grades)[grade]
    ridge = 1.0 / rows  # one row's worth: constants of grades hardly seen stay near 0

    def loss(knobs: Floats) -> tuple[float, Floats]:
        slope, constant = knobs[0], knobs[1:]
        share = softmax(slope * odds + constant)
        gap = (share - truth) / rows
        value = -np.log(np.maximum(share[np.arange(rows), grade], 1e-300)).mean()
        value += ridge * (constant @ constant + (slope - 1.0) ** 2)
        down = np.concatenate([[(gap * odds).sum() + 2 * ridge * (slope - 1.0)], gap.sum(axis=0)])
        down[1:] += 2 * ridge * constant
        return float(value), down

    start = np.concatenate([[1.0], np.zeros(grades)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.05, 5.0)] + [(-5.0, 5.0)] * grades)
    return {"slope": np.array(found.x[0]), "constant": found.x[1:]}


def _rising(share: Floats, hit: NDArray[np.bool_]) -> Floats:
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(share, hit.astype(float))
    at = np.unique(np.concatenate([[0.0, 1.0], np.quantile(share, np.linspace(0.0, 1.0, STEPS))]))
    return np.vstack([at, curve.predict(at)])
