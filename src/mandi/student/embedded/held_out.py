"""Which questions are held back when confidence is fitted: whole groups of alike wordings, and later ones from what was known before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from mandi.text.near_duplicates import folds

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
APART = 0.6
"""Mean distance (one less the cosine) from which wordings are of different groups."""
LATER_FROM = (0.4, 0.6, 0.8)
"""Shares of the questions, by time, at which a block of later ones begins."""


def moments(when: Sequence[datetime]) -> Floats:
    """Return seconds since 1970.

    Examples
    --------
    >>> from datetime import UTC
    >>> moments([datetime(1970, 1, 1, 0, 1, tzinfo=UTC)]).tolist()
    [60.0]
    """
    return np.array([one.timestamp() for one in when], dtype=np.float64)


def alike(similarity: Any, cluster: Whole) -> Whole:
    """Group questions whose wordings are alike on average; near-duplicates are in one group.

    People go on to ask in words nobody learned. What a student does then is only seen where all wordings like that of a question are
    held back with it, not its near-duplicates alone.

    Parameters
    ----------
    similarity : ndarray, questions x questions
        In [0, 1].
    cluster : ndarray of int
        Of near-duplicates.

    Examples
    --------
    >>> near = np.array([[1.0, 0.8, 0.1], [0.8, 1.0, 0.1], [0.1, 0.1, 1.0]])
    >>> alike(near, np.array([0, 1, 2])).tolist()
    [0, 0, 1]
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(cluster) < 2:
        return np.zeros(len(cluster), dtype=np.int64)
    near = np.asarray(similarity, dtype=np.float64)
    apart = np.clip(1.0 - (near + near.T) / 2.0, 0.0, None)
    np.fill_diagonal(apart, 0.0)
    found = fcluster(linkage(squareform(apart, checks=False), "average"), APART, "distance")
    _, first, home = np.unique(cluster, return_index=True, return_inverse=True)
    return np.asarray(np.unique(found[first[home]], return_inverse=True)[1], dtype=np.int64)


def dealt(similarity: Any, cluster: Whole, asked: Whole, count: int, seed: int) -> Whole:
    """Return the fold of each question, groups of alike wordings whole; the near-duplicates alone where there are too few groups.

    Parameters
    ----------
    similarity, cluster
        As in ``alike``.
    asked : ndarray of int
        The questions that are asked of the others; they must come from at least ``count`` groups.
    count, seed : int
        Of folds, and of their order.
    """
    group = alike(similarity, cluster)
    if len(np.unique(group[asked])) < count:
        group = cluster
    return folds(group, min(count, len(np.unique(group))), seed)


def later_blocks(asked: Floats) -> list[tuple[float, float]]:
    """Return begin and end of each block of later questions; none where all were asked at once.

    Parameters
    ----------
    asked : ndarray
        Seconds, of the questions that decide where blocks begin.

    Examples
    --------
    >>> later_blocks(np.arange(10.0))[0]
    (3.0, 5.0)
    """
    if not len(asked):
        return []
    ordered = np.sort(asked)
    begins = [float(ordered[int(share * (len(ordered) - 1))]) for share in LATER_FROM]
    edges = sorted({*begins, float(np.nextafter(ordered[-1], np.inf))})
    return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if a > ordered[0]]
