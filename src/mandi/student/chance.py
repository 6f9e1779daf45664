"""The probability that an answer is right, from signs of it: a logistic regression in which no good sign counts against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
EDGE = 1e-4


def logit(probability: Any) -> Floats:
    """Return the log odds, kept from both ends."""
    inside = np.clip(np.asarray(probability, dtype=np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(inside / (1 - inside)))


def logistic(score: Any) -> Floats:
    """Return the probability of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(np.asarray(score, dtype=np.float64), -30, 30))))


@dataclass(frozen=True)
class Chance:
    """Log odds as a weighted sum of signs, each first brought to mean 0 and deviation 1; no weight is below zero.

    Examples
    --------
    >>> signs = np.array([[0.1], [0.2], [0.8], [0.9]] * 20)
    >>> chance = fit_chance(signs, np.array([0, 0, 1, 1] * 20))
    >>> low, high = chance.of(np.array([[0.1], [0.9]]))
    >>> bool(low < 0.2 < 0.8 < high)
    True
    """

    weights: tuple[float, ...]
    intercept: float
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def of(self, signs: Floats) -> Floats:
        """Return the probability of each row of signs."""
        scaled = (np.asarray(signs, dtype=np.float64) - np.array(self.means)) / np.array(self.deviations)
        return logistic(scaled @ np.array(self.weights) + self.intercept)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "weights": self.weights, "intercept": self.intercept, "means": self.means, "deviations": self.deviations,
        }  # fmt: skip

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> Chance:
        """Take up what ``as_dict`` returned."""
        numbers = {name: tuple(map(float, told[name])) for name in ("weights", "means", "deviations")}
        return cls(numbers["weights"], float(told["intercept"]), numbers["means"], numbers["deviations"])


def fit_chance(signs: Floats, right: Any, weights: Any = None, penalty: float = 1.0) -> Chance:
    """Fit by penalised maximum likelihood.

    Parameters
    ----------
    signs : ndarray, rows x signs
        Larger speaks for the answer.
    right : sequence of float
        Whether, or how probably, each answer was right, in [0, 1].
    weights : sequence of float, optional
        Of the rows.
    penalty : float
        Of the squared weights; the intercept is free.
    """
    from scipy.optimize import minimize

    signs = np.asarray(signs, dtype=np.float64)
    truth = np.asarray(right, dtype=np.float64)
    heavy = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    means, deviations = signs.mean(axis=0), signs.std(axis=0)
    deviations = np.where(deviations > 1e-9, deviations, 1.0)
    # one right and one wrong answer more, of average signs: nothing is certain because a few answers were all right
    scaled = np.vstack([(signs - means) / deviations, np.zeros((2, signs.shape[1]))])
    truth, heavy = np.append(truth, [0.0, 1.0]), np.append(heavy, [0.5, 0.5])

    def loss(values: Floats) -> tuple[float, Floats]:
        score = scaled @ values[:-1] + values[-1]
        gap = heavy * (logistic(score) - truth)
        total = float(
            (heavy * (np.logaddexp(0.0, score) - truth * score)).sum() + penalty * (values[:-1] ** 2).sum()
        )
        return total, np.append(scaled.T @ gap + 2 * penalty * values[:-1], gap.sum())

    bounds = [(0.0, None)] * signs.shape[1] + [(None, None)]
    mean = float(np.average(truth, weights=heavy))
    start = np.append(np.zeros(signs.shape[1]), logit(mean))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Chance(
        tuple(map(float, found[:-1])),
        float(found[-1]),
        tuple(map(float, means)),
        tuple(map(float, deviations)),
    )
