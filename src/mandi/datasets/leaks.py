"""Finds what of one part is in another, without knowing how the parts were made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mandi.datasets.rows import Example
from mandi.text.near_duplicates import clusters

NEAR = 0.8
NGRAM = 13
_ODD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Leak:
    """Two examples of different parts that share what no two parts may share; ``other`` is None for what is wrong by itself.

    Attributes
    ----------
    kind : str
        conversation, party, answer, cluster, near-duplicate, later, words in a row, not gold, or consent.
    """

    kind: str
    example_id: str
    part: str
    other: str | None = None
    other_part: str | None = None

    def __str__(self) -> str:
        beside = f" and {self.other} ({self.other_part})" if self.other else ""
        return f"{self.kind}: {self.example_id} ({self.part}){beside}"


def check_leaks(
    examples: Sequence[Example],
    *,
    near: float = NEAR,
    ngram: int = NGRAM,
    windows: Sequence[tuple[datetime, datetime]] | None = None,
) -> list[Leak]:
    """Return every leak between the parts of a set of examples, of all purposes together.

    Parameters
    ----------
    examples : sequence of Example
    near : float
        Jaccard similarity from which two questions are near-duplicates.
    ngram : int
        So many words in a row that a question shares with one of the test part are a leak.
    windows : sequence of pairs of datetime, optional
        Times of the frozen sets, both ends included: nothing outside of the test part was asked before the end of one and settled
        after its begin. If not given, the time of the test part.

    Returns
    -------
    list of Leak
        One for each shared thing and pair of parts; empty when nothing leaks.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> asked = ({"role": "user", "content": "What is soybean at?"},)
    >>> may = datetime(2024, 5, 1, tzinfo=UTC)
    >>> a = Example("a", "sft", "chat", asked, "4,900", may, ("g1",), "anna", "granted", "own", "service")
    >>> b = Example("b", "sft", "chat", ({"role": "user", "content": "Cotton?"},), "7,100", may, ("g2",), "anna", "granted", "own",
    ...             "service", part="validation")
    >>> [leak.kind for leak in check_leaks([a, b])]
    ['party']
    """
    found: list[Leak] = []
    number = clusters([e.question for e in examples], near)
    shared: dict[str, Iterable[tuple[Example, Iterable[Hashable]]]] = {
        "conversation": ((e, [e.conversation_id] if e.conversation_id else []) for e in examples),
        "party": ((e, [e.party]) for e in examples),
        "answer": ((e, e.generation_ids) for e in examples),
        "cluster": ((e, [e.cluster] if e.cluster >= 0 else []) for e in examples),
        "near-duplicate": ((e, [k]) for e, k in zip(examples, number.tolist(), strict=True)),
    }
    for kind, held in shared.items():
        found += _crossing(kind, held)
    found += _later(examples, windows)
    found += [
        Leak("words in a row", e.example_id, e.part, other, "test")
        for e, other in shared_words(examples, ngram)
    ]
    found += [Leak("not gold", e.example_id, e.part) for e in examples if e.part == "test" and not e.gold]
    found += [Leak("consent", e.example_id, e.part) for e in examples if e.consent != "granted"]
    return found


def shared_words(examples: Sequence[Example], ngram: int = NGRAM) -> Iterator[tuple[Example, str]]:
    """Yield the examples outside of the test part whose question shares a run of words, or all of them, with one of the test part.

    Parameters
    ----------
    examples : sequence of Example
    ngram : int
        Words in a row; a shorter question has to be the same as a whole.

    Yields
    ------
    tuple of Example and str
        And the id of the example of the test part.
    """
    seen: dict[str, str] = {}
    for example in examples:
        if example.part == "test":
            for run in _word_runs(example.question, ngram):
                seen.setdefault(run, example.example_id)
    for example in examples:
        if example.part != "test":
            other = next((seen[run] for run in _word_runs(example.question, ngram) if run in seen), None)
            if other is not None:
                yield example, other


def _word_runs(text: str, ngram: int) -> list[str]:
    words = _ODD.sub(" ", text.casefold()).split()
    if len(words) <= ngram:
        return [" ".join(words)]
    return [" ".join(words[k : k + ngram]) for k in range(len(words) - ngram + 1)]


def _crossing(kind: str, held: Iterable[tuple[Example, Iterable[Hashable]]]) -> Iterator[Leak]:
    homes: dict[Hashable, dict[str, str]] = defaultdict(dict)
    for example, values in held:
        for value in values:
            homes[value].setdefault(example.part, example.example_id)
    for parts in homes.values():
        (first, one), *others = parts.items()
        for part, other in others:
            yield Leak(kind, one, first, other, part)


def _later(
    examples: Sequence[Example], windows: Sequence[tuple[datetime, datetime]] | None
) -> Iterator[Leak]:
    test = [e for e in examples if e.part == "test"]
    if not test:
        return
    if windows is None:
        windows = [(min(e.asked_at for e in test), max(e.asked_at for e in test))]
    for start, end in windows:
        within = next((e for e in test if start <= e.asked_at <= end), None)
        for e in examples:
            if within is not None and e.part != "test" and e.settled_at >= start and e.asked_at <= end:
                yield Leak("later", e.example_id, e.part, within.example_id, "test")
