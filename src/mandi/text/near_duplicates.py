"""Which short texts are nearly the same, so that they are never on both sides of a split."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

Whole = np.ndarray[Any, np.dtype[np.int64]]

NEAR = 0.6
SHINGLE = 4  # letters
BANDS, ROWS = 40, 3  # two texts of similarity s meet with probability 1 - (1 - s ** 3) ** 40: 0.9999 at 0.6
_PRIME = (1 << 31) - 1
_SPACE = re.compile(r"[\W_]+")


def clusters(texts: Sequence[str], near: float = NEAR) -> Whole:
    """Number the clusters of nearly equal texts; a chain of near texts is one cluster.

    Two texts are near when the Jaccard similarity of their runs of four letters, case and punctuation aside, is at least
    ``near``. Pairs are found by MinHash in bands (Broder, 1997; Leskovec, Rajaraman and Ullman, ch. 3) and each is checked
    exactly, so that nothing is joined by chance; the same texts give the same numbers on every machine.

    Parameters
    ----------
    texts : sequence of str
    near : float
        In (0, 1]. Below 0.5 the bands may miss pairs.

    Returns
    -------
    ndarray of int
        Number of the cluster of each text, counted from 0 by first appearance.

    Examples
    --------
    >>> clusters(["Gold falls to $1,160", "gold falls to 1,160!", "Silver mine opens in Udaipur"]).tolist()
    [0, 0, 1]
    """
    shingles = [_shingles(text) for text in texts]
    parents = list(range(len(texts)))
    tried: set[tuple[int, int]] = set()
    first: dict[frozenset[int], int] = {}
    for k, runs in enumerate(shingles):
        parents[k] = first.setdefault(runs, k)  # equal ones need no comparing
    for group in _buckets(shingles, sorted(first.values())):
        for k, one in enumerate(group):
            for other in group[k + 1 :]:
                if (one, other) in tried:
                    continue
                tried.add((one, other))
                if _root(parents, one) != _root(parents, other) and _similar(
                    shingles[one], shingles[other], near
                ):
                    parents[_root(parents, other)] = _root(parents, one)
    roots = [_root(parents, k) for k in range(len(texts))]
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root, len(numbers)) for root in roots], dtype=np.int64)


def folds(groups: Sequence[int] | Whole, count: int, seed: int = 0) -> Whole:
    """Deal whole clusters to folds of about equal size, the largest first.

    Parameters
    ----------
    groups : sequence of int
        Cluster of each text.
    count : int
        Folds.
    seed : int
        Of the order among clusters of one size.

    Examples
    --------
    >>> fold = folds([0, 0, 1, 2, 3, 3], 2)
    >>> fold[0] == fold[1], fold[4] == fold[5], sorted(np.bincount(fold).tolist())
    (np.True_, np.True_, [3, 3])
    """
    names, sizes = np.unique(np.asarray(groups), return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    filled = np.zeros(count, dtype=np.int64)
    home: dict[int, int] = {}
    for k in sorted(shuffled, key=lambda k: -sizes[k]):
        fold = int(filled.argmin())
        home[int(names[k])] = fold
        filled[fold] += sizes[k]
    return np.array([home[int(group)] for group in groups], dtype=np.int64)


def _shingles(text: str) -> frozenset[int]:
    plain = " " + _SPACE.sub(" ", text.casefold()).strip() + " "
    runs = {plain[k : k + SHINGLE] for k in range(max(len(plain) - SHINGLE + 1, 1))}
    return frozenset(zlib.crc32(run.encode("utf-8", "replace")) for run in runs)


def _similar(one: frozenset[int], other: frozenset[int], near: float) -> bool:
    shared = len(one & other)
    return shared >= near * (len(one) + len(other) - shared)


def _buckets(shingles: Sequence[frozenset[int]], asked: Sequence[int]) -> list[list[int]]:
    draw = np.random.default_rng(20240611)
    factors = draw.integers(1, _PRIME, BANDS * ROWS, dtype=np.int64)
    shifts = draw.integers(0, _PRIME, BANDS * ROWS, dtype=np.int64)
    found: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for number in asked:
        runs = shingles[number]
        values = np.fromiter(sorted(runs), dtype=np.int64, count=len(runs)) % _PRIME
        least = ((values[:, None] * factors + shifts) % _PRIME).min(axis=0).reshape(BANDS, ROWS)
        for band in range(BANDS):
            found[band, least[band].tobytes()].append(number)
    return [group for group in found.values() if len(group) > 1]


def _root(parents: list[int], k: int) -> int:
    while parents[k] != k:
        parents[k] = parents[parents[k]]
        k = parents[k]
    return k
