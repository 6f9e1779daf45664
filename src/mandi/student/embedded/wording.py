"""The answerer of one task: a bank of accepted answers, and how probable its signs make an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from mandi.core.errors import TooLittleData
from mandi.student.agreement import agrees
from mandi.student.chance import Chance, fit_chance
from mandi.student.embedded.labels import LEAST_GOLD, Held
from mandi.student.embedded.lessons import Lesson, source_of
from mandi.student.embedded.retrieval import SIGNS, Bank
from mandi.student.embedded.templates import Template
from mandi.student.params import StudentParams
from mandi.text.near_duplicates import folds
from mandi.text.terms import Terms

LEAST_ANSWERED = 20


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

        Each accepted question is also asked of the bank without its whole cluster: the answer was right if it agrees with the
        accepted one.

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
        self.bank.fit([source_of(one) for one in good], [source_of(one) for one in bad])
        cluster = np.array([one.cluster for one in [*good, *bad]])
        fold = folds(cluster, min(self.params.folds, len(np.unique(cluster))), self.params.seed)
        questions = [self.bank.asked(one.question, one.facts) for one in good]
        near = self.bank.similar(questions)
        signs, right, weight, gold = [], [], [], []
        for k, one in enumerate(good):
            answer = self.bank.answer(questions[k], near[k], fold != fold[k])
            if answer is not None:
                signs.append(answer.signs)
                right.append(float(agrees(answer.text, one.answer)))
                weight.append(one.weight)
                gold.append(one.gold)
        if len(signs) < LEAST_ANSWERED:
            raise TooLittleData(
                f"{len(signs)} questions of {self.task} could be answered by others' answers",
                allowed=f"at least {LEAST_ANSWERED}",
            )
        asked = np.flatnonzero(gold) if sum(gold) >= LEAST_GOLD else np.arange(len(signs))
        matrix, truth, heavy = np.array(signs)[asked], np.array(right)[asked], np.array(weight)[asked]
        self.chance = fit_chance(matrix, truth, heavy)
        self.report = {
            "rows": len(good), "denied": len(bad), "gold": int(sum(gold)), "answered": len(signs) / len(good),
            "accuracy": float(np.average(truth, weights=heavy)), "templates": len(self.bank.templates),
            "usable_templates": sum(one.usable for one in self.bank.templates),
            "signs": dict(zip(SIGNS, self.chance.weights, strict=True)),
        }  # fmt: skip
        return Held(self.chance.of(matrix), truth, heavy)

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
