"""Limits for the next window from windows in which nothing changed: prediction limits that know how few those were."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
LEAST_SPREAD = 1e-9


def upper_limit(past: Floats, blocks: float, level: float) -> float:
    """Return the value that the next window exceeds with probability ``level``, if nothing changes.

    Student's prediction limit. Windows that overlap tell the spread better than a few that do not, but they are no more
    observations: the degrees of freedom are those of ``blocks`` windows without overlap.

    Parameters
    ----------
    past : array of float
        A roughly normal figure of each earlier window.
    blocks : float
        Windows without overlap that they amount to; at least 2.
    level : float

    Examples
    --------
    >>> few, many = (upper_limit(np.array([-1.0, 0.0, 1.0]), blocks, 0.01) for blocks in (5, 50))
    >>> few > many > 2.3
    True
    """
    from scipy.stats import t

    spread = max(float(np.std(past, ddof=1)), LEAST_SPREAD)
    return float(np.mean(past)) + float(t.ppf(1 - level, blocks - 1)) * spread * float(
        np.sqrt(1 + 1 / blocks)
    )


def chance_above(now: float, past: Floats, blocks: float) -> float:
    """Return the probability that the next window is at least ``now``, if nothing changes; see ``upper_limit``.

    Examples
    --------
    >>> round(chance_above(0.0, np.array([-1.0, 0.0, 1.0]), 10), 3)
    0.5
    """
    from scipy.stats import t

    spread = max(float(np.std(past, ddof=1)), LEAST_SPREAD)
    return float(t.sf((now - float(np.mean(past))) / (spread * float(np.sqrt(1 + 1 / blocks))), blocks - 1))


def chance_of_squares(now: float, past: Floats, blocks: float, groups: int) -> float:
    """Return the probability that the next sum of squared deviations of several groups is at least ``now``.

    Groups that move together count as fewer: the degrees of freedom come from the mean and the variance of the past sums
    (Satterthwaite), and those of the denominator from ``blocks``.

    Parameters
    ----------
    now : float
    past : array of float
        The same sum of each earlier window, not negative.
    blocks : float
    groups : int

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=(4000, 6))
    >>> sums = (draws**2).sum(axis=1)
    >>> round(chance_of_squares(12.6, sums, 4000, 6), 2)
    0.05
    """
    from scipy.stats import f

    mean, variance = float(np.mean(past)), float(np.var(past, ddof=1))
    if mean <= 0:
        return 1.0 if now <= 0 else 0.0
    freedom = float(np.clip(2 * mean**2 / max(variance, LEAST_SPREAD), 1.0, groups))
    return float(f.sf(now / mean, freedom, max(blocks - 1, 1.0)))
