"""Makes confidence mean what it says: of the answers given with confidence 0.8, eight in ten are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mandi.text.linear import Floats, softmax

Whole = np.ndarray[Any, np.dtype[np.int64]]
Way = Literal["as_is", "temperature", "temperature_and_bias"]
WAYS: tuple[Way, ...] = ("as_is", "temperature", "temperature_and_bias")
BINS = 15
ENOUGH = (
    0.005  # of expected calibration error, about its noise; a way with more numbers must be better by this
)


@dataclass(frozen=True)
class Calibrator:
    """Turns scores into probabilities: softmax of ``slope`` times the score plus the ``bias`` of each class.

    Platt's and Guo's scaling (Platt, 1999; Guo et al., 2017), by maximum likelihood on scores of texts the classifier had not
    seen. The order of the answers of one text changes only with a bias.
    """

    way: Way
    slope: float
    bias: tuple[float, ...]

    def probabilities(self, logits: Floats) -> Floats:
        """Return one row of probabilities per row of scores."""
        return softmax(logits * self.slope + np.array(self.bias))


def fit_calibrator(logits: Floats, right: Whole, way: Way) -> Calibrator:
    """Fit one way.

    Parameters
    ----------
    logits : ndarray, rows x classes
        Out-of-fold scores.
    right : ndarray of int
        Index of the right class.
    way : str
    """
    from scipy.optimize import minimize

    classes = logits.shape[1]
    if way == "as_is" or classes == 1:
        return Calibrator("as_is", 1.0, (0.0,) * classes)
    free = classes if way == "temperature_and_bias" else 0

    def loss(values: Floats) -> float:
        moved = logits * np.exp(values[0]) + (values[1:] if free else 0.0)
        top = moved.max(axis=1)
        total = top + np.log(np.exp(moved - top[:, None]).sum(axis=1))
        return float((total - moved[np.arange(len(right)), right]).mean() + 1e-4 * (values[1:] ** 2).sum())

    found = minimize(loss, np.zeros(1 + free), method="L-BFGS-B").x
    return Calibrator(
        way, float(np.exp(found[0])), tuple(map(float, found[1:])) if free else (0.0,) * classes
    )


def choose_calibrator(logits: Floats, right: Whole, fold: Whole) -> tuple[Calibrator, dict[str, float]]:
    """Choose the way with the least cross-fitted calibration error; the simpler one when they are about equal.

    Parameters
    ----------
    logits, right
        As in ``fit_calibrator``.
    fold : ndarray of int
        Each way is judged on one fold after being fitted on the others.

    Returns
    -------
    Calibrator, dict
        Fitted on everything, and the error of each way.
    """
    errors: dict[str, float] = {}
    for way in WAYS:
        judged = np.zeros_like(logits)
        for number in np.unique(fold):
            held = fold == number
            judged[held] = fit_calibrator(logits[~held], right[~held], way).probabilities(logits[held])
        errors[way] = calibration_error(judged.max(axis=1), judged.argmax(axis=1) == right)
    best: Way = WAYS[0]
    for way in WAYS[1:]:
        if errors[way] < errors[best] - ENOUGH:
            best = way
    return fit_calibrator(logits, right, best), errors


def calibration_error(confidence: Floats, correct: Any, bins: int = BINS) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy over bins of equal width.

    Examples
    --------
    >>> round(calibration_error(np.array([0.9, 0.9, 0.9, 0.9]), np.array([1, 1, 1, 0])), 3)
    0.15
    """
    at = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(at, np.asarray(correct, dtype=np.float64) - confidence, bins)
    return float(np.abs(gaps).sum() / len(confidence))


def bands(confidence: Floats, correct: Any, high: float = 0.75, low: float = 0.40) -> dict[str, float | None]:
    """Return share and accuracy of the three routing bands: the student's, the teacher's, a person's.

    Accuracy of an empty band is None.

    Examples
    --------
    >>> found = bands(np.array([0.9, 0.8, 0.5, 0.3]), np.array([1, 1, 0, 0]))
    >>> found["student_share"], found["student_accuracy"], found["human_share"]
    (0.5, 1.0, 0.25)
    """
    right = np.asarray(correct, dtype=np.float64)
    parts = {
        "student": confidence >= high,
        "teacher": (confidence >= low) & (confidence < high),
        "human": confidence < low,
    }
    found: dict[str, float | None] = {}
    for name, rows in parts.items():
        found[f"{name}_share"] = float(rows.mean())
        found[f"{name}_accuracy"] = float(right[rows].mean()) if rows.any() else None
    return found
