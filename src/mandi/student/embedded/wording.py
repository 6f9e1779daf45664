"""The answerer of one task: a bank of accepted answers, and how probable its signs make an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from mandi.core.errors import TooLittleData
from mandi.student.agreement import agrees
from mandi.student.chance import Chance, fit_chance
from mandi.student.embedded.held_out import dealt, later_blocks, moments
from mandi.student.embedded.labels import LEAST_GOLD, Held
from mandi.student.embedded.lessons import Lesson, source_of
from mandi.student.embedded.retrieval import SIGNS, Asked, Bank
from mandi.student.embedded.templates import Template
from mandi.student.params import StudentParams
from mandi.text.terms import Terms

Floats = np.ndarray[Any, np.dtype[np.float64]]
LEAST_ANSWERED = 20


class _Tried(NamedTuple):
    """Signs of answers to questions held back, whether each was right, and what it weighs."""

    signs: Floats
    right: Floats
    weight: Floats


@dataclass
class Wording:
    """Answers one task with wordings of accepted answers; see ``Bank``."""

    task: str
    params: StudentParams = field(default_factory=StudentParams)
    report: dict[str, Any] = field(default_factory=dict)
    bank: Bank = field(default_factory=Bank)
    chance: Chance | None = None

    def fit(self, found: Sequence[Lesson]) -> Held:
        """Learn; return what confidence and thresholds are fitted on.

        Each accepted question is also asked of the bank without all questions that are worded alike, and later ones of what was known
        before them: the answer was right if it agrees with the accepted one.

        Raises
        ------
        TooLittleData
            Too few accepted answers, or too few that could be answered without themselves.
        """
        good, bad = [one for one in found if one.good], [one for one in found if not one.good]
        if len(good) < self.params.least_rows:
            raise TooLittleData(
                f"{len(good)} accepted answers of {self.task}", allowed=f"at least {self.params.least_rows}"
            )
        questions = self.bank.fit([source_of(one) for one in good], [source_of(one) for one in bad])
        near = self.bank.similar(questions, own=True)
        apart, ahead = self._apart(good, bad, near), self._before(good, bad)
        found_apart = self._tried(good, questions, near, apart)
        found_ahead = self._tried(good, questions, near, ahead)
        if len(found_apart.right) < LEAST_ANSWERED:
            raise TooLittleData(
                f"{len(found_apart.right)} questions of {self.task} could be answered by others' answers",
                allowed=f"at least {LEAST_ANSWERED}",
            )
        both = _Tried(*(np.concatenate(pair) for pair in zip(found_apart, found_ahead, strict=True)))
        self.chance = fit_chance(both.signs, both.right, both.weight)
        self.report = {
            "rows": len(good), "denied": len(bad), "gold": sum(one.gold for one in good),
            "answered": len(found_apart.right) / max(len(apart), 1), "later": len(found_ahead.right),
            "accuracy": float(np.average(found_apart.right, weights=found_apart.weight)), "templates": len(self.bank.templates),
            "usable_templates": sum(one.usable for one in self.bank.templates),
            "signs": dict(zip(SIGNS, self.chance.weights, strict=True)),
        }  # fmt: skip
        kept = found_ahead if len(found_ahead.right) >= LEAST_ANSWERED else found_apart
        return Held(self.chance.of(kept.signs), kept.right, kept.weight)

    def _apart(self, good: Sequence[Lesson], bad: Sequence[Lesson], near: Floats) -> dict[int, Any]:
        """Return, of each question that is tried, which rows of the bank may be used: none that is worded alike."""
        cluster = np.array([one.cluster for one in [*good, *bad]])
        fold = dealt(near, cluster, np.arange(len(good)), self.params.folds, self.params.seed)
        return {k: fold != fold[k] for k in _vouched(good)}

    def _before(self, good: Sequence[Lesson], bad: Sequence[Lesson]) -> dict[int, Any]:
        """Return the same of later questions: what was known before their block."""
        examples = [one.example for one in [*good, *bad]]
        cluster = np.array([one.cluster for one in [*good, *bad]])
        asked, known = moments([e.asked_at for e in examples]), moments([e.settled_at for e in examples])
        tried = _vouched(good)
        found: dict[int, Any] = {}
        for begin, end in later_blocks(asked[tried]):
            held = [k for k in tried if begin <= asked[k] < end]
            before = (known < begin) & ~np.isin(cluster, cluster[held])
            if before[: len(good)].sum() >= self.params.least_rows:
                found |= dict.fromkeys(held, before)
        return found

    def _tried(
        self, good: Sequence[Lesson], questions: Sequence[Asked], near: Floats, allowed: Mapping[int, Any]
    ) -> _Tried:
        signs, right, weight = [], [], []
        for k, rows in allowed.items():
            answer = self.bank.answer(questions[k], near[k], rows)
            if answer is not None:
                signs.append(answer.signs)
                right.append(float(agrees(answer.text, good[k].answer)))
                weight.append(good[k].weight)
        return _Tried(np.array(signs).reshape(-1, len(SIGNS)), np.array(right), np.array(weight))

    def answers(
        self, questions: Sequence[str], facts: Sequence[Mapping[str, Any]]
    ) -> list[tuple[str, float] | None]:
        """Return text and confidence of each, or None."""
        assert self.chance is not None
        asked = [self.bank.asked(question, own) for question, own in zip(questions, facts, strict=True)]
        said: list[tuple[str, float] | None] = []
        for one, row in zip(asked, self.bank.similar(asked), strict=True):
            found = self.bank.answer(one, row)
            said.append(
                None if found is None else (found.text, float(self.chance.of(np.array([found.signs]))[0]))
            )
        return said

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return plain data and arrays, which ``restored`` takes up."""
        assert self.chance is not None
        bank = self.bank
        told = {
            "task": self.task, "report": self.report, "chance": self.chance.as_dict(), "names": bank.names, "few": bank.few,
            "templates": [one.as_dict() for one in bank.templates], "kinds": bank.kinds, "vocabulary": bank.terms.vocabulary(),
        }  # fmt: skip
        matrix = bank.matrix.tocsr()
        arrays = {
            "home": bank.home, "votes": bank.votes, "kind": bank.kind, "rarity": bank.terms.weights(),
            "data": matrix.data, "indices": matrix.indices, "ends": matrix.indptr,
        }  # fmt: skip
        return told, arrays

    @classmethod
    def restored(cls, told: Mapping[str, Any], arrays: Mapping[str, Any], params: StudentParams) -> Self:
        """Take up what ``state`` returned."""
        bank = Bank(
            dict(told["names"]),
            {path: list(values) for path, values in told["few"].items()},
            [Template.of_dict(one) for one in told["templates"]],
            arrays["home"],
            arrays["votes"],
            [tuple(shape) for shape in told["kinds"]],
            arrays["kind"],
        )
        bank.restored(
            Terms((1, 2), (3, 4)).restored(told["vocabulary"], arrays["rarity"]),
            (arrays["data"], arrays["indices"], arrays["ends"]),
        )
        return cls(str(told["task"]), params, dict(told["report"]), bank, Chance.of_dict(told["chance"]))


def _vouched(good: Sequence[Lesson]) -> list[int]:
    """Return the questions confidence is fitted on: those a person vouched for, where there are enough."""
    gold = [k for k, one in enumerate(good) if one.gold]
    return gold if len(gold) >= LEAST_GOLD else list(range(len(good)))
