"""Answers without their figures: what came from the facts is a slot, filled from the facts of the next question or not at all."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from mandi.student.embedded.figures import Leaf, Mention, is_name, leaves, mentions, said, value_at, written

ASKED = "?"
"""In front of the path of what the question itself says."""
AGREEING = 3
"""Answers to different facts that must state a figure before it is taken for a part of the wording."""
APART = timedelta(days=7)
"""How far apart in time they must be: within a few days an old price looks like a part of the wording too."""
AMOUNTS_APART = timedelta(days=30)
"""The same of a quantity or a share, in answers whose facts held no figure at all: a standing rule. A sum of money never is one."""
MOST_TIED = 12
_CURRENCY = re.compile(r"₹|\brs\b|\binr\b|\busd\b|\$|rupee|रुपये|ரூபாய்", re.IGNORECASE)
_AMOUNT = re.compile(r"quintal|tonne|%|per ?cent", re.IGNORECASE)
_NEAR = 14  # letters around a figure in which a unit is looked for


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for what the facts say, every way to it that held for all answers behind it, and how it is written.

    Without a way to it, ``text`` is a figure of the wording itself.
    """

    mention: Mention
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An answer that was accepted, or turned down, with what was known when it was given."""

    text: str
    question: str
    facts: Mapping[str, Any]
    asked_at: datetime
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Template:
    """A wording with slots.

    Attributes
    ----------
    parts : tuple of str or Slot
    order : tuple of (int, int)
        Pairs of numeric slots of which the first never was above the second: words like "rises" may rest on it.
    names : tuple of str
        Names in the wording that no fact explains; it answers only questions that say them too.
    usable : bool
        Every figure is explained.
    """

    parts: tuple[str | Slot, ...]
    order: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()
    usable: bool = True

    @property
    def slots(self) -> list[Slot]:
        """Return the slots in order."""
        return [part for part in self.parts if isinstance(part, Slot)]

    @property
    def meaning(self) -> frozenset[str]:
        """Return which facts it tells, whatever the words: two wordings of one answer have the same."""
        return frozenset(slot.ways[0] for slot in self.slots if slot.ways and slot.mention.kind != "word")

    def filled(self, question: str, known: Mapping[str, Leaf]) -> str | None:
        """Return the answer with the figures of other facts.

        Parameters
        ----------
        question : str
        known : mapping
            What is known of the question that is asked now: ``leaves_of``.

        Returns
        -------
        str or None
            None where a fact is missing, has another sign, two ways to it lead to different figures, or figures stand in
            another order than they ever did: nothing of an old answer may be told as if it were new.
        """
        if not self.usable:
            return None
        told = question.casefold()
        if any(name.casefold() not in told for name in self.names):
            return None
        values: list[Leaf | None] = []
        text: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                text.append(part)
                continue
            if not part.ways:
                text.append(part.mention.text)
                values.append(None)
                continue
            found = [
                value for way in part.ways if way is not None and (value := value_at(way, known)) is not None
            ]
            shown = [one for value in found if (one := written(value, part.mention)) is not None]
            if not shown or (len(set(shown)) > 1 and part.mention.kind != "word"):
                return None
            text.append(shown[0])
            values.append(found[0])
        for lower, upper in self.order:
            low, high = values[lower], values[upper]
            if isinstance(low, float) and isinstance(high, float) and low > high:
                return None
        return "".join(text)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        parts = [
            p if isinstance(p, str) else {"kind": p.mention.kind, "text": p.mention.text, "style": p.mention.style, "ways": p.ways}
            for p in self.parts
        ]  # fmt: skip
        return {"parts": parts, "order": self.order, "names": self.names, "usable": self.usable}

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> Template:
        """Take up what ``as_dict`` returned."""
        parts = tuple(
            p if isinstance(p, str) else Slot(Mention(p["kind"], 0, 0, p["text"], p["style"]), tuple(p["ways"]))
            for p in told["parts"]
        )  # fmt: skip
        order = tuple((int(one), int(other)) for one, other in told["order"])
        return cls(parts, order, tuple(told["names"]), bool(told["usable"]))


def leaves_of(question: str, facts: Mapping[str, Any], names: Sequence[str] = ()) -> dict[str, Leaf]:
    """Return path and value of all that facts and question say."""
    known = dict(leaves(facts))
    own = [leaf for leaf in known.values() if isinstance(leaf, str) and is_name(leaf)]
    counts: dict[str, int] = defaultdict(int)
    for mention in mentions(question, [*own, *names]):
        path = f"{ASKED}{mention.kind}{counts[mention.kind]}"
        counts[mention.kind] += 1
        if mention.kind == "number":
            known[path] = float(mention.text.replace(",", ""))
        elif mention.kind == "day" and mention.style == "iso" or mention.kind in ("word", "id"):
            known[path] = mention.text
    return known


def templates_of(
    sources: Sequence[Source], names: Sequence[str] = (), known_of: Sequence[Mapping[str, Leaf]] | None = None
) -> tuple[list[Template], list[int]]:
    """Part answers into wordings: answers of one wording whose slots can be explained alike share a template.

    Parameters
    ----------
    sources : sequence of Source
    names : sequence of str
        Names that occur in the facts of any of them.
    known_of : sequence of mapping, optional
        ``leaves_of`` of each source, where it is known already.

    Returns
    -------
    templates : list of Template
    home : list of int
        Number of the template of each source.

    Examples
    --------
    >>> from datetime import timezone
    >>> now = datetime(2024, 6, 1, tzinfo=timezone.utc)
    >>> told = Source("Cotton sells at 7,100.", "cotton?", {"crop": "cotton", "price": 7100.4}, now)
    >>> (template,), _ = templates_of([told])
    >>> template.filled("wheat?", leaves_of("wheat?", {"crop": "wheat", "price": 2449.6}))
    'Wheat sells at 2,450.'
    >>> template.filled("wheat?", leaves_of("wheat?", {"crop": "wheat"})) is None
    True
    """
    groups: dict[tuple[str, ...], list[_Group]] = defaultdict(list)
    homes: list[_Group] = []
    for number, source in enumerate(sources):
        known = leaves_of(source.question, source.facts, names) if known_of is None else known_of[number]
        skeleton, slots, loose = _taken_apart(source, known, names)
        for group in groups[skeleton]:
            if group.takes(slots):
                break
        else:
            group = _Group(skeleton, [set(ways) for _, ways in slots], loose)
            groups[skeleton].append(group)
        group.add(source, slots, known)
        homes.append(group)
    order = {id(group): number for number, group in enumerate(dict.fromkeys(homes))}
    made = [group.template() for group in dict.fromkeys(homes)]
    return made, [order[id(group)] for group in homes]


class _Group:
    def __init__(self, skeleton: tuple[str, ...], ways: list[set[str]], names: tuple[str, ...]) -> None:
        self.skeleton, self.ways, self.names = skeleton, ways, names
        self.rows: list[tuple[Source, list[Mention], list[Leaf | None]]] = []

    def takes(self, slots: Sequence[tuple[Mention, set[str]]]) -> bool:
        """Whether an answer can be explained alike; a figure that nothing explains has to be the same one."""
        return all(
            bool(mine & theirs) or (not (mine or theirs) and mention.text == said_so)
            for mine, (mention, theirs), said_so in zip(self.ways, slots, self.texts, strict=True)
        )

    @property
    def texts(self) -> list[str]:
        """Return what stood in each slot first."""
        return [mention.text for mention in self.rows[0][1]]

    def add(
        self, source: Source, slots: Sequence[tuple[Mention, set[str]]], known: Mapping[str, Leaf]
    ) -> None:
        self.ways = [mine & theirs for mine, (_, theirs) in zip(self.ways, slots, strict=True)]
        values = [value_at(min(ways), known) if ways else None for ways in self.ways]
        self.rows.append((source, [mention for mention, _ in slots], values))

    def template(self) -> Template:
        parts: list[str | Slot] = []
        usable, number = True, 0
        for piece in self.skeleton:
            if not piece.startswith("\0"):
                parts.append(piece)
                continue
            mention, ways = self.rows[-1][1][number], tuple(sorted(self.ways[number], key=_nearest))
            if not ways and not self._is_wording(number):
                usable = False
            parts.append(Slot(mention, ways))
            number += 1
        return Template(tuple(parts), self._order() if usable else (), self.names, usable)

    def _is_wording(self, number: int) -> bool:
        """Whether a figure that nothing explains belongs to the words: the same in answers to different facts, long apart."""
        said_so = {mentions_[number].text for _, mentions_, _ in self.rows}
        facts = {str(sorted(leaves(source.facts), key=str)) + source.question for source, _, _ in self.rows}
        times = [source.asked_at for source, _, _ in self.rows]
        source, mentions_, _ = self.rows[0]
        one = mentions_[number]
        around = source.text[max(one.start - _NEAR, 0) : one.end + _NEAR]
        apart = max(times) - min(times)
        if one.kind != "number" or len(said_so) != 1 or len(facts) < AGREEING or apart < APART:
            return False
        if _CURRENCY.search(around):
            return False
        return not _AMOUNT.search(around) or (apart >= AMOUNTS_APART and not any(map(_figured, self.rows)))

    def _order(self) -> tuple[tuple[int, int], ...]:
        numbers = [k for k, value in enumerate(self.rows[0][2]) if isinstance(value, float)][:MOST_TIED]
        found = []
        for one, other in combinations(numbers, 2):
            pairs = [(v[one], v[other]) for _, _, v in self.rows]
            known = [(a, b) for a, b in pairs if isinstance(a, float) and isinstance(b, float)]
            if all(a <= b for a, b in known):
                found.append((one, other))
            elif all(a >= b for a, b in known):
                found.append((other, one))
        return tuple(found)


def _taken_apart(
    source: Source, known: Mapping[str, Leaf], names: Sequence[str]
) -> tuple[tuple[str, ...], list[tuple[Mention, set[str]]], tuple[str, ...]]:
    own = [leaf for leaf in known.values() if isinstance(leaf, str) and is_name(leaf)]
    pieces: list[str] = []
    slots: list[tuple[Mention, set[str]]] = []
    loose: list[str] = []
    at = 0
    for mention in mentions(source.text, [*own, *names]):
        ways = {way for path, leaf in known.items() for way in said(mention, path, leaf)}
        if mention.kind == "word" and not ways:
            loose.append(mention.text)
            continue
        pieces += [source.text[at : mention.start], f"\0{mention.kind} {mention.style}"]
        slots.append((mention, ways))
        at = mention.end
    pieces.append(source.text[at:])
    return tuple(pieces), slots, tuple(sorted(set(loose)))


def _figured(row: tuple[Source, list[Mention], list[Leaf | None]]) -> bool:
    return any(isinstance(leaf, float) for _, leaf in leaves(row[0].facts))


def _nearest(way: str) -> tuple[bool, int, int, str]:
    return way.startswith(ASKED), way.count("/"), len(way), way
