"""Questions a student is examined with: accepted answers of the frozen set, and questions it must not answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from mandi.core.errors import TooLittleData
from mandi.datasets.rows import Example
from mandi.student.agreement import agrees
from mandi.student.base import Question
from mandi.student.embedded.figures import mentions
from mandi.student.embedded.lessons import CLASSIFICATION, text_of
from mandi.text.near_duplicates import clusters

FOREIGN_LABELS = ("animal", "mineral", "vegetable")
NOBODY_LEARNED = "scoring"


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the answer that was accepted for it.

    Attributes
    ----------
    case_id : str
    accepted : str
    part : str
        Slice that is reported and gated: the task, or the label set of a classification.
    cluster : int
        Of near-duplicates; intervals draw them whole.
    generation_ids : tuple of str
    """

    case_id: str
    question: Question
    accepted: str
    part: str
    cluster: int
    language: str = ""
    intent: str = ""
    generation_ids: tuple[str, ...] = ()


Judge = Callable[[Case, str], bool]
"""Says whether an answer to a case is right."""


def frozen_cases(examples: Iterable[Example], *, part: str = "test") -> list[Case]:
    """Return the cases of the frozen set: gold examples to be imitated, each question once, sorted by id.

    Raises
    ------
    TooLittleData
        There is none.
    """
    found: dict[tuple[str, str, str], Case] = {}
    for example in sorted(examples, key=lambda one: one.example_id):
        if example.part != part or example.purpose != "sft" or not example.gold:
            continue
        case = case_of(example)
        found.setdefault((case.part, text_of(case.question.text, case.question.facts), case.accepted), case)
    if not found:
        raise TooLittleData(
            f"no gold example in part {part}", allowed="at least one", next_command="mandi repro datasets"
        )
    cases = sorted(found.values(), key=lambda one: one.case_id)
    if any(case.cluster < 0 for case in cases):
        numbers = clusters([text_of(one.question.text, one.question.facts) for one in cases])
        return [replace(case, cluster=int(number)) for case, number in zip(cases, numbers, strict=True)]
    return cases


def case_of(example: Example) -> Case:
    """Return an example as a case."""
    question = Question(example.task, example.messages, example.facts)
    return Case(
        example.example_id, question, example.chosen, part_of(question), example.cluster,
        example.language or "", example.intent or "", example.generation_ids,
    )  # fmt: skip


def part_of(question: Question) -> str:
    """Return the slice of a question: its task, with the labels of a classification.

    Examples
    --------
    >>> part_of(Question("classification", (), {"labels": ["up", "down", "none"]})), part_of(Question("chat", ()))
    ('classification_down_none_up', 'chat')
    """
    labels = question.facts.get("labels")
    if question.task != CLASSIFICATION or not isinstance(labels, (list, tuple)):
        return question.task
    plain = [
        "".join(letter if letter.isalnum() else "-" for letter in str(label)) for label in sorted(labels)
    ]
    return f"{CLASSIFICATION}_{'_'.join(plain)}"[:80]


def accepted(case: Case, answer: str) -> bool:
    """Return whether an answer agrees with the accepted one: the judge where nothing else is known."""
    return agrees(answer, case.accepted, labels=case.question.task == CLASSIFICATION)


def forbidden(cases: Sequence[Case]) -> list[Case]:
    """Return questions that must not be answered with confidence, made of those of the frozen set.

    A deal to be analysed, a task and labels nobody learned, and questions answered with figures whose facts are gone.
    """
    found = []
    for case in cases:
        question = case.question
        if question.task == CLASSIFICATION:
            facts = {**question.facts, "labels": list(FOREIGN_LABELS)}
            found.append(replace(case, question=replace(question, facts=facts), part="labels_nobody_learned"))
            continue
        for task, part in (("deal_analysis", "deal_analysis"), (NOBODY_LEARNED, "task_nobody_learned")):
            found.append(replace(case, question=replace(question, task=task), part=part))
        if any(one.kind == "number" for one in mentions(case.accepted)) and question.facts:
            found.append(replace(case, question=replace(question, facts={}), part="figures_without_facts"))
    return found


def fingerprint(cases: Sequence[Case]) -> float:
    """Return a number that tells one set of cases from another, whole so that it survives being stored as a float."""
    digest = hashlib.sha256()
    for case in sorted(cases, key=lambda one: one.case_id):
        digest.update(f"{case.case_id}\0{case.accepted}\n".encode())
    return float(int.from_bytes(digest.digest()[:6], "big"))
