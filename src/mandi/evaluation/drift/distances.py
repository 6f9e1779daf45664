"""How far apart two samples are, as Evidently measures it: Wasserstein in reference deviations, PSI of categories."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mandi.models.base import Kind

Values = np.ndarray[Any, Any]
LEAST_SPREAD, LEAST_SHARE = 1e-3, 1e-4  # Evidently's own


def method_of(kind: Kind) -> str:
    """Return Evidently's name of the distance for a kind of column.

    Examples
    --------
    >>> method_of("number"), method_of("category")
    ('wasserstein', 'psi')
    """
    return "wasserstein" if kind in ("number", "time") else "psi"


def wasserstein(reference: Values, current: Values) -> float:
    """Return the mean distance by which values must move, in standard deviations of the reference.

    Parameters
    ----------
    reference, current : array of float
        None missing.

    Examples
    --------
    >>> wasserstein(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
    1.0
    """
    from scipy.stats import wasserstein_distance

    spread = max(float(np.std(reference)), LEAST_SPREAD)
    return float(wasserstein_distance(reference, current)) / spread


def psi(reference: Values, current: Values) -> float:
    """Return the population stability index of categories; a share of nothing counts as a ten-thousandth, or less.

    Parameters
    ----------
    reference, current : array of object
        None missing.

    Examples
    --------
    >>> round(psi(np.array(["a", "a", "b", "b"]), np.array(["a", "b", "b", "b"])), 3)
    0.275
    """
    codes, names = pd.factorize(np.concatenate([reference, current]))
    before, now = codes[: len(reference)], codes[len(reference) :]
    old, new = (_shares(np.bincount(part, minlength=len(names))) for part in (before, now))
    return float(np.sum((old - new) * np.log(old / new)))


def distance(kind: Kind, reference: Values, current: Values) -> float:
    """Return the distance of two samples of a column of some kind."""
    measure = wasserstein if method_of(kind) == "wasserstein" else psi
    return measure(reference, current)


def _shares(counts: Values) -> Values:
    shares = counts / counts.sum()
    least = shares[shares > 0].min()
    return np.where(shares == 0, least / 10**6 if least <= LEAST_SHARE else LEAST_SHARE, shares)
