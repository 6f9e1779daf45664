"""Where the router's bands begin for one version of a student, chosen on answers to questions it had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
NEVER = 1.0
"""High threshold of a student that reaches the target nowhere; no confidence is quite 1."""
LEAST_ABOVE = 20
LOW = 0.4


def wilson(share: float, rows: float, z: float) -> tuple[float, float]:
    """Return both Wilson bounds of a share.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson(0.95, 400, 1.96)]
    [0.924, 0.967]
    """
    if rows <= 0:
        return 0.0, 1.0
    spread = z * z / rows
    centre = (share + spread / 2) / (1 + spread)
    half = z * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))) / (1 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def thresholds(
    confidence: Any,
    right: Any,
    weights: Sequence[float] | None = None,
    *,
    target: float = 0.93,
    z: float = 1.28,
    low_target: float = LOW,
) -> dict[str, float]:
    """Choose both thresholds.

    Parameters
    ----------
    confidence : sequence of float
        Of answers to questions that were not learned.
    right : sequence of float
        Whether, or how probably, each was right, in [0, 1].
    weights : sequence of float, optional
    target : float
        ``high`` is the smallest confidence such that of the answers from it on the lower Wilson bound of accuracy reaches this.
    z : float
        Of the bound.
    low_target : float
        ``low`` is the largest confidence, below ``high``, such that answers below it are right less often than this.

    Returns
    -------
    dict
        ``high`` and ``low``; high is 1 when the target is reached nowhere.

    Examples
    --------
    >>> sure = np.linspace(0, 1, 1000)
    >>> found = thresholds(sure, sure > 0.3)
    >>> found["low"] < found["high"] < 0.4
    True
    """
    sure, truth = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    heavy = np.ones(len(sure)) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(-sure, kind="stable")
    sure, truth, heavy = sure[order], truth[order], heavy[order]
    sums, rights, squares = np.cumsum(heavy), np.cumsum(heavy * truth), np.cumsum(heavy**2)
    ends = np.flatnonzero(np.append(sure[1:] != sure[:-1], True)) if len(sure) else np.zeros(0, dtype=int)
    high = NEVER
    for k in ends:  # rows from this confidence on; weights count as so many rows as they are worth
        rows = sums[k] ** 2 / squares[k]
        if k + 1 >= LEAST_ABOVE and wilson(rights[k] / sums[k], rows, z)[0] >= target:
            high = float(sure[k])
    below = [
        float(sure[k])
        for k in ends
        if sure[k] < high
        and sums[-1] > sums[k]
        and (rights[-1] - rights[k]) / (sums[-1] - sums[k]) < low_target
    ]
    low = max(below, default=min(LOW, high / 2))
    return {"high": round(high, 4), "low": round(min(low, high - 1e-3), 4)}
