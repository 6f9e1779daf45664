"""Takes out what is broken, what contradicts itself and what is there twice, and counts why."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mandi.datasets.quality import fault
from mandi.datasets.rows import Example
from mandi.datasets.settings import Cleaning
from mandi.feedback.agreement import same
from mandi.text.near_duplicates import Tell, Whole, clusters

_ODD = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Cleaned:
    """Examples worth learning from, with the cluster of each question, and what was taken out.

    Attributes
    ----------
    faults : dict of str to dict
        Purpose to reason to number.
    conflicts, duplicates, near_duplicates : dict of str to int
        Purpose to number.
    """

    examples: list[Example]
    faults: dict[str, dict[str, int]]
    conflicts: dict[str, int]
    duplicates: dict[str, int]
    near_duplicates: dict[str, int]


def clean(
    examples: Sequence[Example], cleaning: Cleaning, frozen: Iterable[str] = (), tell: Tell | None = None
) -> Cleaned:
    """Return the examples that are whole, do not contradict each other, and are there once.

    Of the same question with different targets the one with more than half of the weight stays, else none. Of examples with the
    same target whose questions are near-duplicates with the same figures one stays: of the frozen set before others, gold before
    others, then the heavier, the earlier, the one whose id comes first.

    Parameters
    ----------
    examples : sequence of Example
    cleaning : Cleaning
    frozen : iterable of str
        Ids of the frozen evaluation set: they stay.
    tell : callable, optional
        Called with steps done, steps in all and a word.

    Examples
    --------
    >>> clean([], Cleaning()).examples
    []
    """
    pinned = frozenset(frozen)
    whole: list[Example] = []
    faults: dict[str, Counter[str]] = defaultdict(Counter)
    for example in sorted(examples, key=_by_worth(pinned)):
        reason = fault(example, cleaning)
        if reason:
            faults[example.purpose][reason] += 1
        else:
            whole.append(example)
    agreed, conflicts = _agreed(whole, pinned)
    once, duplicates = _first(agreed, [e.example_id for e in agreed])
    cluster = clusters([e.question for e in once], cleaning.near, tell)
    once = [replace(e, cluster=int(number)) for e, number in zip(once, cluster, strict=True)]
    kept, near = _first(once, [_same_but_worded(e) for e in once])
    kept = _renumbered(sorted(kept, key=lambda e: (e.purpose, e.task, e.asked_at, e.example_id)))
    return Cleaned(
        kept, {purpose: dict(sorted(found.items())) for purpose, found in sorted(faults.items())}, conflicts, duplicates, near
    )  # fmt: skip


def plain(text: str) -> str:
    """Return a text in small letters without punctuation, to compare.

    Examples
    --------
    >>> plain("Sell -- or HOLD?")
    'sell or hold'
    """
    return _ODD.sub(" ", text.casefold()).strip()


def best_of(groups: Whole, rank: np.ndarray[Any, Any]) -> Whole:
    """Return the place of the best of each group: the one with the least rank, the first of equals.

    Parameters
    ----------
    groups : ndarray of int
        Group of each row.
    rank : ndarray
        Of each row.

    Examples
    --------
    >>> best_of(np.array([0, 0, 1]), np.array([2.0, 1.0, 5.0])).tolist()
    [1, 2]
    """
    order = np.lexsort((rank, groups))
    first = (
        np.flatnonzero(np.concatenate([[True], groups[order][1:] != groups[order][:-1]]))
        if len(groups)
        else order
    )
    return np.sort(order[first])


def _by_worth(pinned: frozenset[str]) -> Any:
    return lambda e: (
        e.example_id not in pinned,
        not e.gold,
        -e.weight,
        e.asked_at,
        e.example_id,
        e.generation_ids,
    )


def _first(examples: Sequence[Example], keys: Sequence[Hashable]) -> tuple[list[Example], dict[str, int]]:
    seen: set[Hashable] = set()
    kept: list[Example] = []
    dropped: Counter[str] = Counter()
    for example, key in zip(examples, keys, strict=True):
        if key in seen:
            dropped[example.purpose] += 1
        else:
            seen.add(key)
            kept.append(example)
    return kept, dict(sorted(dropped.items()))


def _asked(example: Example) -> Hashable:
    # of a label the text alone decides; of an answer also what was found that day
    facts = (
        "" if example.facts.get("labels") else json.dumps(example.facts, sort_keys=True, ensure_ascii=False)
    )
    return example.purpose, example.task, plain(example.question), facts


def _same_but_worded(example: Example) -> Hashable:
    targets = plain(example.chosen), plain(example.rejected or ""), example.label, example.verdict
    return example.purpose, example.task, example.cluster, tuple(_DIGITS.findall(example.question)), targets


def _agreed(examples: Sequence[Example], pinned: frozenset[str]) -> tuple[list[Example], dict[str, int]]:
    asked: dict[Hashable, list[int]] = defaultdict(list)
    for k, example in enumerate(examples):
        asked[_issue(example)].append(k)
    lost: set[int] = set()
    for places in asked.values():
        if len(places) > 1:
            lost |= _outvoted([examples[k] for k in places], places)
    lost -= {k for k in lost if examples[k].example_id in pinned}
    dropped = Counter(examples[k].purpose for k in lost)
    return [e for k, e in enumerate(examples) if k not in lost], dict(sorted(dropped.items()))


def _issue(example: Example) -> Hashable:
    if example.purpose == "sft":
        return _asked(example)
    if example.purpose == "unpaired":
        return _asked(example), plain(example.chosen)
    pair = sorted([plain(example.chosen), plain(example.rejected or "")])
    return _asked(example), tuple(pair)


def _outvoted(rivals: Sequence[Example], places: Sequence[int]) -> set[int]:
    sides: list[list[int]] = []
    for k, example in enumerate(rivals):
        home = next((side for side in sides if _agree(rivals[side[0]], example)), None)
        if home is None:
            sides.append([k])
        else:
            home.append(k)
    if len(sides) == 1:
        return set()
    votes = [sum(rivals[k].weight for k in side) for side in sides]
    won = int(np.argmax(votes))
    stay = set(sides[won]) if votes[won] > 0.5 * sum(votes) + 1e-9 else set()
    return {places[k] for k in range(len(rivals)) if k not in stay}


def _agree(one: Example, other: Example) -> bool:
    if one.purpose == "unpaired":
        return one.label == other.label
    if one.purpose == "tutor":
        return one.verdict == other.verdict
    return plain(one.chosen) == plain(other.chosen) or (
        one.purpose == "sft" and same(one.chosen, other.chosen, one.task)
    )


def _renumbered(examples: Sequence[Example]) -> list[Example]:
    numbers: dict[int, int] = {}
    return [replace(e, cluster=numbers.setdefault(e.cluster, len(numbers))) for e in examples]
