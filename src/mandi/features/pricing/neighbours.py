"""Averages the day's innovations (log price) of each market's nearest companions, learnt from past co-movement.

Companions are the markets whose innovations were most correlated so far; the list is renewed at fixed spacing from the
first day, always from innovations strictly earlier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NeighbourParams:
    """How companions are chosen.

    Attributes
    ----------
    companions : int
        Companions per market.
    renew_days : int
        Days between two choices.
    memory_days : int
        Days of innovations the correlation is taken of.
    least_reports : int
        Reports in that memory without which a market has no companions and is nobody's.
    shrink_days : float
        Pseudo-days of zero correlation.
    """

    companions: int = 15
    renew_days: int = 90
    memory_days: int = 730
    least_reports: int = 30
    shrink_days: float = 60.0


def neighbour_moves(innovation: Floats, params: NeighbourParams) -> Floats:
    """Weighted mean of companions' innovations of the same day.

    Parameters
    ----------
    innovation : days x markets
        Own report minus what was forecast for it, log price; NaN without a report.
    params : NeighbourParams

    Returns
    -------
    days x markets
        Log price; 0 where no companion reported. A market's own innovation of the day has no part in its value.

    Examples
    --------
    >>> together = np.random.default_rng(3).normal(0.0, 0.01, (200, 1)).repeat(4, axis=1)
    >>> moves = neighbour_moves(together, NeighbourParams(renew_days=100))
    >>> bool(np.allclose(moves[100:], together[100:])), bool((moves[:100] == 0.0).all())
    (True, True)
    """
    days, markets = innovation.shape
    there = np.isfinite(innovation)
    bound = 4.0 * _typical(innovation, there, params)
    value = np.where(there, np.clip(innovation, -bound, bound), 0.0)
    moves = np.zeros((days, markets))
    for start in range(params.renew_days, days, params.renew_days):
        past, now = slice(max(0, start - params.memory_days), start), slice(start, start + params.renew_days)
        who = np.flatnonzero(there[past].sum(axis=0) >= params.least_reports)
        weight = _weights(value[past, who], there[past, who].astype(np.float64), params)
        total = there[now, who].astype(np.float64) @ weight
        moves[now, who] = value[now, who] @ weight / np.maximum(total, 1e-9) * (total > 0)
    return moves


def _typical(innovation: Floats, there: NDArray[np.bool_], params: NeighbourParams) -> Floats:
    size = np.full((len(innovation), 1), 0.05)
    for start in range(params.renew_days, len(innovation), params.renew_days):
        past = innovation[max(0, start - params.memory_days) : start]
        known = np.abs(past[there[max(0, start - params.memory_days) : start]])
        if len(known):
            size[start : start + params.renew_days] = max(float(np.median(known)) * 1.4826, 1e-3)
    return size


def _weights(value: Floats, seen: Floats, params: NeighbourParams) -> Floats:
    both = seen.T @ seen
    square = (value**2).T @ seen
    root = np.sqrt(square * square.T)
    correlation = np.where(root > 0, value.T @ value / np.where(root > 0, root, 1.0), 0.0)
    correlation *= both / (both + params.shrink_days)
    np.fill_diagonal(correlation, 0.0)
    correlation = np.maximum(correlation, 0.0)
    if len(correlation) > params.companions:
        least = np.partition(correlation, -params.companions, axis=0)[-params.companions]
        correlation = np.where(correlation >= least, correlation, 0.0)
    return correlation
