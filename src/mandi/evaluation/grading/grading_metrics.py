"""Figures of ordered grades: F1 by grade, quadratic kappa, calibration error, coverage of sets, intervals over groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
BINS = 15


def confusion(truth: Ints, said: Ints, grades: int) -> Floats:
    """Return counts (truth, said).

    Examples
    --------
    >>> confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), 2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    counts = np.bincount(truth * grades + said, minlength=grades * grades)
    return counts.reshape(grades, grades).astype(np.float64)


def f1_by_grade(counts: Floats) -> Floats:
    """Return the F1 score of each grade from counts (..., truth, said); NaN for one neither given nor said.

    Examples
    --------
    >>> f1_by_grade(np.array([[1.0, 0.0], [1.0, 1.0]])).round(3).tolist()
    [0.667, 0.667]
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    either = counts.sum(axis=-1) + counts.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(either > 0.0, 2.0 * hits / either, np.nan)


def macro_f1(counts: Floats) -> Any:
    """Return the plain mean of the F1 scores of the grades that were given or said.

    Examples
    --------
    >>> round(float(macro_f1(np.array([[1.0, 0.0], [1.0, 1.0]]))), 3)
    0.667
    """
    found = f1_by_grade(counts)
    there = ~np.isnan(found)
    return np.where(there, found, 0.0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)


def quadratic_kappa(counts: Floats) -> float:
    """Return Cohen's kappa with quadratic weights: 1 is agreement, 0 is chance; two grades off weigh four times one off.

    Examples
    --------
    >>> quadratic_kappa(np.eye(4) * 10.0)
    1.0
    """
    place = np.arange(len(counts))
    weight = (place[:, None] - place[None, :]) ** 2.0
    chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1.0)
    expected = float((weight * chance).sum())
    return 1.0 - float((weight * counts).sum()) / expected if expected > 0.0 else float("nan")


def reliability(confidence: Floats, right: Floats, bins: int = BINS) -> pd.DataFrame:
    """Lay said confidence beside the share that was right, in bins of equal width.

    Returns
    -------
    DataFrame
        ``confidence, right`` (means) and ``lots`` of each bin that holds any.

    Examples
    --------
    >>> reliability(np.array([0.95, 0.95]), np.array([1.0, 0.0]))["right"].tolist()
    [0.5]
    """
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    told = pd.DataFrame({"bin": place, "confidence": confidence, "right": right})
    found = told.groupby("bin", sort=True).agg(
        confidence=("confidence", "mean"), right=("right", "mean"), lots=("right", "size")
    )
    return found.reset_index(drop=True)


def calibration_error(confidence: Floats, right: Floats, bins: int = BINS) -> float:
    """Return the expected calibration error of the grade said: mean gap of ``reliability``, by lots.

    Examples
    --------
    >>> round(calibration_error(np.array([0.9, 0.9]), np.array([1.0, 0.0])), 3)
    0.4
    """
    table = reliability(confidence, right, bins)
    return float(((table["confidence"] - table["right"]).abs() * table["lots"]).sum() / max(len(right), 1))


def accuracy_at(confidence: Floats, right: Floats, share: float) -> float:
    """Return the accuracy on the surest ``share`` of lots.

    Examples
    --------
    >>> accuracy_at(np.array([0.9, 0.8, 0.6, 0.5]), np.array([1.0, 1.0, 1.0, 0.0]), 0.75)
    1.0
    """
    kept = np.argsort(-confidence, kind="stable")[: max(round(share * len(right)), 1)]
    return float(right[kept].mean())


def grouped_counts(truth: Ints, said: Ints, group: Any, grades: int) -> Floats:
    """Return counts (group, truth, said), a slice per group in order of appearance."""
    codes = pd.factorize(np.asarray(group, dtype=object), use_na_sentinel=False)[0]
    size = int(codes.max()) + 1 if len(codes) else 0
    flat = np.bincount((codes * grades + truth) * grades + said, minlength=size * grades * grades)
    return flat.reshape(size, grades, grades).astype(np.float64)


def interval(values: Sequence[float] | Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the middle ``level`` of bootstrap values.

    Examples
    --------
    >>> interval([0.0] * 50 + [1.0] * 50)
    (0.0, 1.0)
    """
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(np.asarray(values, dtype=np.float64), [tail, 1.0 - tail])
    return float(low), float(high)


def redrawn(counts: Floats, draws: int, seed: int) -> Floats:
    """Return bootstrap counts (draws, truth, said): groups are drawn with replacement, whole.

    Parameters
    ----------
    counts : array of shape (groups, k, k)
        What ``grouped_counts`` returned.
    draws, seed : int
    """
    rng = np.random.default_rng(seed)
    groups = len(counts)
    weights = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=draws).astype(np.float64)
    grades = counts.shape[-1]
    return (weights @ counts.reshape(groups, -1)).reshape(draws, grades, grades)
