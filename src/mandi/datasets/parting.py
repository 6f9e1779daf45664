"""Gives every example its part, keeps the frozen evaluation sets, and takes out what would leak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mandi.datasets.frozen import FrozenSet, moment, ticks
from mandi.datasets.leaks import shared_words
from mandi.datasets.rows import PARTS, Example
from mandi.datasets.settings import Splitting
from mandi.datasets.split import OUT, Array, Columns, Window, split


@dataclass(frozen=True)
class Parted:
    """Examples with their part.

    Attributes
    ----------
    examples : list of Example
    out : dict of str to int
        Why examples are in no part, and how many.
    frozen : tuple of FrozenSet
        As they are now.
    lost : dict of str to int
        Examples that left each frozen set since the version before: deleted, or said otherwise now.
    """

    examples: list[Example]
    out: dict[str, int]
    frozen: tuple[FrozenSet, ...]
    lost: dict[str, int]

    @property
    def kept(self) -> float:
        """Return the share of the examples that are in a part."""
        total = len(self.examples) + sum(self.out.values())
        return len(self.examples) / total if total else 1.0


def parted(examples: Sequence[Example], splitting: Splitting, frozen: Sequence[FrozenSet] = ()) -> Parted:
    """Return examples with their parts; the same for any order of the examples.

    Parameters
    ----------
    examples : sequence of Example
        Clean, with clusters.
    splitting : Splitting
    frozen : sequence of FrozenSet
        Of the version before. An example of them is in the test part as long as it exists. A new set, of the latest gold, is
        frozen when there is none of the name ``splitting.frozen``, or when fewer than ``min_gold`` are left of all.

    Examples
    --------
    >>> parted([], Splitting()).kept
    1.0
    """
    known = {e.example_id for e in examples}
    left = [s.left(known) for s in frozen]
    lost = {s.name: len(s.ids) - len(now.ids) for s, now in zip(frozen, left, strict=True)}
    if sum(len(s.ids) for s in left) < splitting.min_gold:
        left = []
    if not examples:
        return Parted([], {}, tuple(left), lost)
    ordered = sorted(examples, key=lambda e: (e.purpose, e.task, e.asked_at, e.example_id))
    pinned = {i for s in left for i in s.ids}
    freeze = splitting.frozen not in {s.name for s in left}
    found = split(
        columns(ordered, pinned), splitting, [Window(ticks(s.start), ticks(s.end)) for s in left], freeze
    )
    out = dict(found.out)
    kept = [replace(e, part=PARTS[p]) for e, p in zip(ordered, found.part.tolist(), strict=True) if p != OUT]
    worded = {e.example_id for e, _ in shared_words(kept, splitting.ngram)}
    if worded:
        out[f"{splitting.ngram} words in a row of the test part"] = len(worded)
        kept = [e for e in kept if e.example_id not in worded]
    if found.window is not None:
        new = tuple(sorted(e.example_id for e in kept if e.part == "test" and e.example_id not in pinned))
        left = [*left, FrozenSet(splitting.frozen, new, moment(found.window.start), moment(found.window.end))]
    return Parted(kept, dict(sorted(out.items())), tuple(left), lost)


def columns(examples: Sequence[Example], pinned: Iterable[str] = ()) -> Columns:
    """Return what decides the parts of examples, as columns.

    Parameters
    ----------
    examples : sequence of Example
    pinned : iterable of str
        Ids of the frozen sets.
    """
    fixed = set(pinned)
    return Columns(
        party=_codes([e.party for e in examples]),
        conversation=_codes([e.conversation_id for e in examples]),
        cluster=np.array([e.cluster for e in examples], dtype=np.int64),
        asked=np.array([ticks(e.asked_at) for e in examples], dtype=np.int64),
        settled=np.array([ticks(e.settled_at) for e in examples], dtype=np.int64),
        gold=np.array([e.gold for e in examples], dtype=bool),
        frozen=np.array([e.example_id in fixed for e in examples], dtype=bool),
    )


def _codes(names: Sequence[str | None]) -> Array:
    known = {name: k for k, name in enumerate(sorted({n for n in names if n is not None}))}
    return np.array([-1 if n is None else known[n] for n in names], dtype=np.int64)
