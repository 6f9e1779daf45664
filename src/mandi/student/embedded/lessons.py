"""From examples of any purpose to what the embedded student learns: answers to give, and answers not to give."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.datasets.rows import Example
from mandi.student.agreement import label_of
from mandi.student.embedded.labels import Row
from mandi.student.embedded.templates import Source
from mandi.text.near_duplicates import clusters

CLASSIFICATION = "classification"
STUDENTS_OWN = 0.5
"""Weight of a student's answer that a teacher was preferred to: it may have been as good."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """An answer to a question, to be given or not."""

    task: str
    question: str
    facts: Mapping[str, Any]
    answer: str
    good: bool
    weight: float
    example: Example
    cluster: int = -1

    @property
    def gold(self) -> bool:
        """Return whether a person vouched for it."""
        return self.example.gold


def lessons(examples: Iterable[Example]) -> list[Lesson]:
    """Return what can be learned, each answer to a question once, in an order that does not depend on that of the examples.

    The part test is left out, and so is whatever its asker did not agree to. An answer that is good in one example and bad in
    another is kept as what weighs more.
    """
    kept: dict[tuple[str, str, str, str], Lesson] = {}
    learned = (e for e in examples if e.part != "test" and e.consent == "granted")
    for lesson in sorted(
        (lesson for example in learned for lesson in _of(example)),
        key=lambda one: (-one.weight, not one.good, one.example.example_id, one.answer),
    ):
        facts = json.dumps(lesson.facts, sort_keys=True, default=str)
        kept.setdefault((lesson.task, lesson.question, facts, lesson.answer), lesson)
    found = sorted(kept.values(), key=lambda one: (one.example.example_id, one.answer, one.good))
    return _numbered(found)


def text_of(question: str, facts: Mapping[str, Any]) -> str:
    """Return the text a classification is about."""
    text = facts.get("text")
    return text if isinstance(text, str) else question


def label_sets(found: Sequence[Lesson]) -> dict[tuple[str, ...], list[Lesson]]:
    """Group the lessons of classifications by their labels, sorted; others are left out."""
    groups: dict[tuple[str, ...], list[Lesson]] = defaultdict(list)
    for lesson in found:
        labels = lesson.facts.get("labels")
        if lesson.task == CLASSIFICATION and isinstance(labels, (list, tuple)) and labels:
            names = tuple(sorted({str(label) for label in labels}))
            if label_of(lesson.answer) in names:
                groups[names].append(lesson)
    return dict(sorted(groups.items()))


def rows_of(found: Sequence[Lesson]) -> tuple[list[Row], list[Row]]:
    """Return the texts of classifications with their labels, and those with labels they do not have."""
    good: list[Row] = []
    bad: list[Row] = []
    for one in found:
        asked, known = one.example.asked_at.timestamp(), one.example.settled_at.timestamp()
        text = text_of(one.question, one.facts)
        row = Row(text, label_of(one.answer), one.weight, one.cluster, one.gold, asked, known)
        (good if one.good else bad).append(row)
    return good, bad


def source_of(lesson: Lesson) -> Source:
    """Return a lesson as the bank of answers takes it."""
    return Source(lesson.answer, lesson.question, lesson.facts, lesson.example.asked_at, lesson.weight)


def _of(example: Example) -> Iterator[Lesson]:
    def lesson(answer: str, good: bool, weight: float) -> Lesson:
        question = example.question
        return Lesson(example.task, question, example.facts, answer, good, weight, example, example.cluster)

    if example.purpose == "unpaired":
        yield lesson(example.chosen, bool(example.label), example.weight)
        return
    yield lesson(example.chosen, True, example.weight)
    if example.rejected is not None and example.rejected != example.chosen:
        yield lesson(example.rejected, False, example.weight * STUDENTS_OWN)


def _numbered(found: list[Lesson]) -> list[Lesson]:
    """Give near-duplicates a number where the examples have none."""
    if all(one.cluster >= 0 for one in found):
        return found
    numbers = clusters([text_of(one.question, one.facts) for one in found])
    shift = max((one.cluster for one in found), default=-1) + 1
    new = np.where([one.cluster >= 0 for one in found], [one.cluster for one in found], numbers + shift)
    return [
        Lesson(one.task, one.question, one.facts, one.answer, one.good, one.weight, one.example, int(cluster))
        for one, cluster in zip(found, new, strict=True)
    ]
