"""Which short texts are nearly the same, so that they are never on both sides of a split; a million of them in minutes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Whole = np.ndarray[Any, np.dtype[np.int64]]
Array = np.ndarray[Any, Any]
Tell = Callable[[int, int, str], None]

NEAR = 0.6
SHINGLE = 4  # letters
MISSED = 1e-4  # share of the pairs just near enough that may meet in no band
MOST_HASHES = 128
BLOCK = 2_000  # texts hashed at a time: their runs fit the cache
SMALL_BUCKET = 40  # texts of a larger bucket are not compared pair by pair
NEIGHBOURS = 12  # but with so many that follow in the order of their other hashes
BATCH = 20_000  # pairs compared at a time
_END = "\x00"
_SPACE = re.compile(rf"[^\w{_END}]+")
_LETTERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64
)
_SEED = 20240611


def clusters(texts: Sequence[str], near: float = NEAR, tell: Tell | None = None) -> Whole:
    """Number the clusters of nearly equal texts; a chain of near texts is one cluster.

    Two texts are near when the Jaccard similarity of their runs of four letters, case and punctuation aside, is at least
    ``near``. Pairs are found by MinHash in bands (Broder, 1997; Leskovec, Rajaraman and Ullman, ch. 3) and each is checked
    exactly, so that nothing is joined by chance; the same texts give the same clusters in any order and on every machine.
    Time and memory grow with the number of texts: in a bucket of more than 40 different texts each is compared with the 12
    that follow in the order of its other hashes, not with all.

    Parameters
    ----------
    texts : sequence of str
    near : float
        In (0, 1]. Below 0.5 the bands may miss pairs.
    tell : callable, optional
        Called with steps done, steps in all and a word.

    Returns
    -------
    ndarray of int
        Number of the cluster of each text, counted from 0 by first appearance.

    Examples
    --------
    >>> clusters(["Gold falls to $1,160", "gold falls to 1,160!", "Silver mine opens in Udaipur"]).tolist()
    [0, 0, 1]
    """
    if not len(texts):
        return np.zeros(0, dtype=np.int64)
    rows, bands = _plan(near)
    found = _hashed(texts, rows, bands, tell)
    label = np.arange(len(found.first), dtype=np.int64)
    for band in range(bands):
        one, other, leads = _meeting(found.bands[band], found.order)
        for looked in (
            leads,
            ~leads,
        ):  # whoever joins the first of a bucket need not be compared with the rest
            a, b = one[looked], other[looked]
            apart = label[a] != label[b]
            label = _joined(label, a[apart], b[apart], found, near)
        if tell:
            tell(len(texts) + len(texts) * (band + 1) // bands, 2 * len(texts), "bands")
    return _numbered(label[found.same])


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


@dataclass(frozen=True)
class _Hashed:
    """Different texts as columns: their runs end to end, where each begins, one hash a band, and eight bits a hash."""

    runs: Array  # uint32, sorted and different within a text
    starts: Whole
    bands: Array  # bands x texts, uint32
    bits: Array  # texts x hashes, uint8
    order: Whole  # place of each text among all, by what it says
    first: Whole  # of the different texts among all
    same: Whole  # of all among the different texts


def _plan(near: float) -> tuple[int, int]:
    # more rows tell unlike texts apart sooner; the bands make up for the near pairs that then miss each other
    plans = [
        (rows, math.ceil(math.log(MISSED) / math.log1p(-(near**rows)))) for rows in range(2, 17) if near < 1
    ]
    within = [(rows, bands) for rows, bands in plans if rows * bands <= MOST_HASHES]
    return within[-1] if within else (3, 40)


def _hashed(texts: Sequence[str], rows: int, bands: int, tell: Tell | None) -> _Hashed:
    draw = np.random.default_rng(_SEED)
    factors = draw.integers(1, 1 << 63, rows * bands, dtype=np.uint64) | np.uint64(1)
    shifts = draw.integers(0, 1 << 63, rows * bands, dtype=np.uint64)
    names: list[Array] = []
    runs, lengths, keys, bits = [], [], [], []
    known: dict[int, int] = {}
    first: list[int] = []
    same = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), BLOCK):
        values, counts = _runs(texts[start : start + BLOCK])
        begins = np.cumsum(counts) - counts
        whole = np.add.reduceat(_mixed(values.astype(np.uint64)), begins)
        new = np.zeros(len(counts), dtype=bool)
        for k, name in enumerate(whole.tolist()):
            number = known.setdefault(name, len(first))
            same[start + k] = number
            if number == len(first):
                first.append(start + k)
                new[k] = True
        if new.any():
            kept = np.repeat(new, counts)
            values, counts = values[kept], counts[new]
            least = _least(values.astype(np.uint64), np.cumsum(counts) - counts, factors, shifts)
            names.append(whole[new])
            runs.append(values)
            lengths.append(counts)
            keys.append(_keys(least.reshape(bands, rows, -1)))
            bits.append(least.T.astype(np.uint8))
        if tell:
            tell(min(start + BLOCK, len(texts)), 2 * len(texts), "hashes")
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(np.concatenate(names), kind="stable")] = np.arange(len(first))
    return _Hashed(np.concatenate(runs), starts, np.concatenate(keys, axis=1), np.concatenate(bits), order,
                   np.array(first, dtype=np.int64), same)  # fmt: skip


def _runs(texts: Sequence[str]) -> tuple[Array, Whole]:
    joined = _END.join(text.replace(_END, " ") for text in texts).casefold().replace("_", " ")
    plain = [f" {text.strip()} " for text in _SPACE.sub(" ", joined).split(_END)]
    plain = [text if len(text) >= SHINGLE else text + " " * (SHINGLE - len(text)) for text in plain]
    sizes = np.array([len(text) for text in plain], dtype=np.int64)
    letters = np.frombuffer("".join(plain).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    total = len(letters) - SHINGLE + 1
    mixed = np.zeros(total, dtype=np.uint64)
    for k in range(SHINGLE):
        mixed += letters[k : k + total] * _LETTERS[k]
    row = np.repeat(np.arange(len(texts)), sizes)
    inside = row[:total] == row[SHINGLE - 1 :]
    named = (row[:total][inside].astype(np.uint64) << np.uint64(32)) | (
        _mixed(mixed[inside]) >> np.uint64(32)
    )
    named.sort()
    named = named[np.concatenate([[True], named[1:] != named[:-1]])]
    counts = np.bincount((named >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    return named.astype(np.uint32), counts


def _mixed(values: Array) -> Array:
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def _least(values: Array, begins: Whole, factors: Array, shifts: Array) -> Array:
    least = np.empty((len(factors), len(begins)), dtype=np.uint32)
    for k, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
        least[k] = np.minimum.reduceat(((values * factor + shift) >> np.uint64(32)).astype(np.uint32), begins)
    return least


def _keys(least: Array) -> Array:
    key = np.zeros((least.shape[0], least.shape[2]), dtype=np.uint64)
    for row in range(least.shape[1]):
        key = _mixed(key * _LETTERS[0] + least[:, row].astype(np.uint64))
    return key.astype(np.uint32)


def _meeting(keys: Array, order: Whole) -> tuple[Whole, Whole, Array]:
    """Pairs that share a bucket, and which of them hold the bucket's first text."""
    place = np.lexsort((order, keys))
    sorted_keys = keys[place]
    begins = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    sizes = np.diff(np.concatenate([begins, [len(keys)]]))
    size = np.repeat(sizes, sizes)
    within = np.arange(len(keys)) - np.repeat(begins, sizes)
    one: list[Whole] = []
    other: list[Whole] = []
    lead: list[Array] = []
    at = np.flatnonzero(within > 0)  # each with the first of its bucket
    one.append(place[at - within[at]])
    other.append(place[at])
    lead.append(np.ones(len(at), dtype=bool))
    reach = np.where(size <= SMALL_BUCKET, size, NEIGHBOURS + 1)
    for step in range(1, int(min(sizes.max(), SMALL_BUCKET))):
        at = np.flatnonzero((within > step) & (step < reach))
        if not len(at):
            break
        one.append(place[at - step])
        other.append(place[at])
        lead.append(np.zeros(len(at), dtype=bool))
    return np.concatenate(one), np.concatenate(other), np.concatenate(lead)


def _joined(label: Whole, one: Whole, other: Whole, found: _Hashed, near: float) -> Whole:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(one):
        return label
    hashes = found.bits.shape[1]
    least = near * hashes - 4 * math.sqrt(
        hashes * near * (1 - near)
    )  # four standard deviations of the estimate
    edges: list[Array] = []
    for start in range(0, len(one), BATCH):
        a, b = one[start : start + BATCH], other[start : start + BATCH]
        alike = (found.bits[a] == found.bits[b]).sum(axis=1) >= least
        a, b = a[alike], b[alike]
        if len(a):
            is_near = _jaccard(a, b, found.runs, found.starts) >= near
            edges.append(np.stack([label[a[is_near]], label[b[is_near]]]))
    if not edges or not (pairs := np.concatenate(edges, axis=1)).shape[1]:
        return label
    graph = coo_array((np.ones(pairs.shape[1], dtype=bool), tuple(pairs)), shape=(len(label), len(label)))
    components = connected_components(graph, directed=False)[1]
    return components.astype(np.int64)[label]


def _jaccard(one: Whole, other: Whole, runs: Array, starts: Whole) -> Array:
    both, owner = [], []
    sizes = starts[one + 1] - starts[one], starts[other + 1] - starts[other]
    for side, size in zip((one, other), sizes, strict=True):
        pair = np.repeat(np.arange(len(side)), size)
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        both.append(runs[np.repeat(starts[side], size) + within])
        owner.append(pair)
    named = (np.concatenate(owner).astype(np.uint64) << np.uint64(32)) | np.concatenate(both)
    named.sort()
    twice = named[1:][named[1:] == named[:-1]]
    shared = np.bincount((twice >> np.uint64(32)).astype(np.int64), minlength=len(one))
    return shared / (sizes[0] + sizes[1] - shared)


def _numbered(label: Whole) -> Whole:
    _, first, back = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[back]
