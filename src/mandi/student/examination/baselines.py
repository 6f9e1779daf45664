"""What a student must beat: the most frequent label, and the answer of the nearest question, word by word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from mandi.core.errors import ContractError
from mandi.datasets.rows import Example
from mandi.student.base import Answer, Form, Question
from mandi.student.embedded.lessons import lessons, text_of
from mandi.student.encoder import Encoder
from mandi.student.examination.cases import part_of


class _Simple:
    form: ClassVar[Form] = "embedded"
    version = "baseline"
    thresholds: ClassVar[Mapping[str, float]] = {"high": 1.0, "low": 0.0}

    def save(self, folder: Path) -> None:
        """Refuse: a baseline is never served."""
        raise ContractError("a baseline is not saved", allowed="a student that learned")


class MostFrequent(_Simple):
    """Gives every question of a slice the answer that weighs most there."""

    def __init__(self) -> None:
        self._best: dict[str, str] = {}

    def fit(self, examples: Sequence[Example]) -> Self:
        """Learn from every part but test."""
        weights: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for lesson in lessons(examples):
            if lesson.good:
                weights[part_of(Question(lesson.task, (), lesson.facts))][lesson.answer] += lesson.weight
        self._best = {part: max(sorted(own), key=lambda a, own=own: own[a]) for part, own in weights.items()}  # type: ignore[misc]
        return self

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        """Return an answer each; see ``StudentModel.answers``."""
        found = [self._best.get(part_of(question)) for question in questions]
        return [None if text is None else Answer(text, None) for text in found]


class NearestQuestion(_Simple):
    """Gives the accepted answer of the question that is nearest by its letters and words."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Any, list[str]]] = {}

    def fit(self, examples: Sequence[Example]) -> Self:
        """Learn from every part but test."""
        rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for lesson in lessons(examples):
            if lesson.good:
                part = part_of(Question(lesson.task, (), lesson.facts))
                rows[part].append((text_of(lesson.question, lesson.facts), lesson.answer))
        self._held = {
            part: (Encoder().encode([text for text, _ in own]), [answer for _, answer in own])
            for part, own in sorted(rows.items())
        }
        return self

    def answers(self, questions: Sequence[Question]) -> list[Answer | None]:
        """Return an answer each; see ``StudentModel.answers``."""
        said: list[Answer | None] = []
        for question in questions:
            held = self._held.get(part_of(question))
            if held is None:
                said.append(None)
                continue
            vector = Encoder().encode([text_of(question.text, question.facts)])[0]
            said.append(Answer(held[1][int(np.argmax(held[0] @ vector))], None))
        return said
