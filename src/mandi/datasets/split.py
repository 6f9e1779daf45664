"""Parts examples so that nothing of one part is in another: no conversation, no party, no near-duplicate, nothing later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.datasets.settings import Splitting

Array = np.ndarray[Any, Any]
TRAIN, VALIDATION, CALIBRATION, TEST, OUT = 0, 1, 2, 3, -1
NAMES = ("train", "validation", "calibration", "test")


@dataclass(frozen=True)
class Columns:
    """What decides the part of each example, a row each.

    Attributes
    ----------
    party, conversation, cluster : ndarray of int
        Codes; a conversation of -1 is none. Codes are counted by name, so that the order of rows does not matter.
    asked, settled : ndarray of int64
        Microseconds; ``settled`` is when the last word was said that the example rests on.
    gold : ndarray of bool
    frozen : ndarray of bool
        Already in a frozen set.
    """

    party: Array
    conversation: Array
    cluster: Array
    asked: Array
    settled: Array
    gold: Array
    frozen: Array


@dataclass(frozen=True)
class Window:
    """The time a frozen set was asked in, both ends included; nothing learned from was known or asked in it."""

    start: int
    end: int


@dataclass(frozen=True)
class Split:
    """The part of each row (-1: of none), why rows are in none, and the window of a set that was frozen now."""

    part: Array
    out: dict[str, int]
    window: Window | None


def split(
    columns: Columns, splitting: Splitting, windows: Sequence[Window] = (), freeze: bool = True
) -> Split:
    """Return the part of each row.

    A party with all its conversations is the smallest thing that is parted. A party is in the test part when more of its examples
    are gold and late than are early, and then only these count; else only its early ones do. A cluster of near-duplicates that
    is then still in two parts stays in the one with more of it; of the frozen set always in the test part.

    Parameters
    ----------
    columns : Columns
    splitting : Splitting
    windows : sequence of Window
        Of the frozen sets there are; their rows are marked ``frozen``.
    freeze : bool
        Whether to freeze the latest gold after the last window.

    Returns
    -------
    Split
    """
    count = len(columns.party)
    part = np.full(count, OUT, dtype=np.int64)
    reasons = np.zeros(count, dtype="U48")
    group = _groups(columns.party, columns.conversation)
    part[columns.frozen] = TEST
    pinned = np.isin(group, group[columns.frozen])
    reasons[pinned & ~columns.frozen] = "a party of the test part, early or not gold"
    closed = max((w.end for w in windows), default=np.iinfo(np.int64).min)
    free = ~pinned & ~columns.frozen
    window = None
    if freeze and (free & (columns.asked > closed)).any():
        window, chosen = _latest(columns, group, free & (columns.asked > closed), splitting)
        if window is not None:
            part[chosen] = TEST
            tested = np.isin(group, group[chosen])
            reasons[free & tested & ~chosen] = "a party of the test part, early or not gold"
            free &= ~tested
    every = [*windows, *([window] if window else [])]
    for one in every:
        inside = free & (columns.asked <= one.end) & (columns.settled >= one.start)
        reasons[inside] = "asked or settled in the time of the test part"
        free &= ~inside
    if splitting.after == "hold" and every:
        late = free & (columns.asked > max(w.end for w in every))
        reasons[late] = "later than the frozen set"
        free &= ~late
    part[free] = TRAIN
    _undivided(columns, part, reasons)
    _dealt(columns, group, part, splitting)
    _undivided(columns, part, reasons)
    names, counts = np.unique(reasons[part == OUT], return_counts=True)
    return Split(part, {str(n): int(c) for n, c in zip(names, counts, strict=True)}, window)


def _groups(party: Array, conversation: Array) -> Array:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    spoken = conversation >= 0
    parties = int(party.max()) + 1 if len(party) else 0
    size = parties + (int(conversation.max()) + 1 if spoken.any() else 0)
    edges = (np.ones(int(spoken.sum()), dtype=bool), (party[spoken], parties + conversation[spoken]))
    label = connected_components(coo_array(edges, shape=(size, size)), directed=False)[1]
    return label[party].astype(np.int64) if len(party) else np.zeros(0, dtype=np.int64)


def _latest(
    columns: Columns, group: Array, among: Array, splitting: Splitting
) -> tuple[Window | None, Array]:
    """Choose whose late gold examples are frozen."""
    asked = np.sort(columns.asked[among])
    start = int(asked[min(int(splitting.test_from * len(asked)), len(asked) - 1)])
    late = among & (columns.asked >= start) & columns.gold
    early = among & (columns.settled < start)
    groups = int(group.max()) + 1
    gold, before = (np.bincount(group[rows], minlength=groups) for rows in (late, early))
    order = np.lexsort((np.arange(groups), -gold, before / np.maximum(gold, 1e-9)))
    order = order[gold[order] > 0]
    wanted = max(splitting.test * gold.sum(), splitting.min_gold)
    enough = np.cumsum(gold[order]) - gold[order] < wanted
    taken = order[(gold[order] >= before[order]) | enough]
    chosen = late & np.isin(group, taken)
    if chosen.sum() < splitting.min_gold:
        return None, np.zeros(len(group), dtype=bool)
    return Window(start, int(asked[-1])), chosen


def _dealt(columns: Columns, group: Array, part: Array, splitting: Splitting) -> None:
    """Deal whole parties to validation and calibration, each in turn to whichever part lacks most of its share."""
    rows = part == TRAIN
    names, sizes = np.unique(group[rows], return_counts=True)
    shares = np.array(
        [1 - splitting.validation - splitting.calibration, splitting.validation, splitting.calibration]
    )
    filled = np.zeros(3)
    home = {}
    for k in np.lexsort((names, -sizes)):
        lacking = (shares * sizes.sum() - filled) / np.maximum(shares, 1e-9) if sizes.sum() else shares
        to = int(np.argmax(np.where(shares > 0, lacking, -np.inf)))
        home[int(names[k])] = to
        filled[to] += sizes[k]
    part[rows] = [home[int(g)] for g in group[rows]]


def _undivided(columns: Columns, part: Array, reasons: Array) -> None:
    """Leave each cluster of near-duplicates in one part."""
    held = part != OUT
    clusters = int(columns.cluster.max()) + 1 if len(part) else 0
    count = np.zeros((clusters, len(NAMES)), dtype=np.int64)
    np.add.at(count, (columns.cluster[held], part[held]), 1)
    fixed = np.zeros(clusters, dtype=bool)
    fixed[columns.cluster[columns.frozen]] = True
    # of equal numbers the test part has it, then calibration, then validation: they are smaller
    best = len(NAMES) - 1 - np.argmax(count[:, ::-1], axis=1)
    best[fixed] = TEST
    crossing = held & (best[columns.cluster] != part)
    reasons[crossing] = "a near-duplicate of another part's"
    part[crossing] = OUT
