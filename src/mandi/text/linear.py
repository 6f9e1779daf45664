"""Logistic regression as plain weights: fitted by scikit-learn, answered by one product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Linear:
    """Weights (columns x classes) and intercepts of each class; one class alone is always sure."""

    classes: tuple[str, ...]
    weights: Floats
    intercepts: Floats

    def logits(self, matrix: Any) -> Floats:
        """Return the score of each row and class."""
        return np.asarray(matrix @ self.weights, dtype=np.float64) + self.intercepts


def softmax(logits: Floats) -> Floats:
    """Return probabilities of scores, row by row.

    Examples
    --------
    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_linear(
    matrix: Any,
    labels: Sequence[str],
    strength: float,
    most_steps: int = 1000,
    weights: Sequence[float] | None = None,
    start: Linear | None = None,
) -> Linear:
    """Fit a multinomial logistic regression with an L2 penalty.

    Parameters
    ----------
    matrix : sparse or dense matrix
    labels : sequence of str
    strength : float
        ``C``: the larger, the weaker the penalty.
    most_steps : int
    weights : sequence of float, optional
        Of the rows.
    start : Linear, optional
        Of the same classes and columns: what is near the end saves steps on the way there.
    """
    from sklearn.linear_model import LogisticRegression

    classes = tuple(sorted(set(labels)))
    if len(classes) == 1:
        return Linear(classes, np.zeros((matrix.shape[1], 1)), np.zeros(1))
    model = LogisticRegression(C=strength, max_iter=most_steps, warm_start=start is not None)
    if start is not None and len(classes) > 2 and start.classes == classes:
        model.coef_, model.intercept_ = start.weights.T.copy(), start.intercepts.copy()
    fitted = model.fit(matrix, list(labels), sample_weight=None if weights is None else np.asarray(weights))
    found, intercepts = fitted.coef_.T, fitted.intercept_
    if len(classes) == 2:  # scikit-learn keeps the second class only
        found = np.hstack([np.zeros_like(found), found])
        intercepts = np.append(0.0, intercepts)
    return Linear(tuple(map(str, fitted.classes_)), np.asarray(found), np.asarray(intercepts))
