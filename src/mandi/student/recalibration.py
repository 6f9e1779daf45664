"""Brings a student's confidence back to what later ratings say, without learning anything else anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

import numpy as np

from mandi.core.errors import TooLittleData
from mandi.student.agreement import agrees
from mandi.student.base import Question, StudentModel
from mandi.student.chance import logit
from mandi.student.embedded.lessons import CLASSIFICATION
from mandi.student.memory import Ratings, remember
from mandi.student.params import StudentParams
from mandi.student.scaling import Scaling, fit_scaling
from mandi.student.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandas import DataFrame

LEAST_RATED = 50
ROUNDS = 20
TWO = 2
SURE = 0.98
"""How far a correction is believed: people are wrong too."""


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer somebody gave, and how probably it was right.

    Attributes
    ----------
    right : float
        ``LABELLED.right``: learned from ratings and what else is known, without their noise and bias. Not the raw rating.
    correction : str, optional
        What should have been said.
    """

    question: Question
    answer: str
    right: float
    correction: str | None = None


class Scalable(StudentModel, Protocol):
    """A student whose confidence can be moved."""

    def scaled(self, scaling: Scaling, bounds: Mapping[str, float]) -> Self:
        """Return the same student with its confidence moved and other thresholds."""
        ...


@runtime_checkable
class Reminded(Protocol):
    """A student whose confidence can remember rated questions, which tells more than one slope for all."""

    def remembering(self, memory: Ratings, bounds: Mapping[str, float]) -> Self:
        """Return the same student with what was rated, and other thresholds."""
        ...

    def unreminded(self) -> Self:
        """Return the same student without what it remembers."""
        ...


S = TypeVar("S", bound=Scalable)


def recalibrate(student: S, rated: Sequence[Rated], params: StudentParams | None = None) -> S:
    """Return the student with its confidence fitted to later ratings, and its thresholds chosen on them.

    Whether an answer was right is not observed: what people said of it, or of another answer to the question, makes that more or less
    probable than the confidence alone. Probability and scaling are fitted in turns (expectation and maximisation): ratings that say
    little change little, and where they are noisy the confidence is not drawn towards their mean.

    Parameters
    ----------
    student : Scalable
    rated : sequence of Rated
        Later than all the student learned; about 500 are enough.
    params : StudentParams, optional
        For the thresholds.

    Raises
    ------
    TooLittleData
        Fewer than 50 of the questions are answered by the student.
    """
    params = params or StudentParams()
    if isinstance(student, Reminded):
        student = student.unreminded()
    asked = [
        (one, answer)
        for one, answer in zip(rated, student.answers([one.question for one in rated]), strict=True)
        if answer is not None and answer.confidence is not None
    ]
    if len(asked) < LEAST_RATED:
        raise TooLittleData(
            f"{len(asked)} of {len(rated)} rated questions are answered by the student",
            allowed=f"at least {LEAST_RATED}",
        )
    tasks = [one.question.task for one, _ in asked]
    sure = np.array([answer.confidence for _, answer in asked], dtype=np.float64)
    usual = float(np.mean([one.right for one, _ in asked]))

    def known(moved: Any) -> Any:
        pairs = zip(asked, moved, strict=True)
        return np.array([rightness(one, answer.text, float(own), usual) for (one, answer), own in pairs])

    if isinstance(student, Reminded):
        memory, right, moved = remember([one.question for one, _ in asked], sure, known)
        return student.remembering(memory, _bounds(moved, right, params))
    moved = sure
    for _ in range(ROUNDS):
        right = known(moved)
        scaling = fit_scaling(tasks, sure, right)
        moved = np.array([scaling.of(task, float(c)) for task, c in zip(tasks, sure, strict=True)])
    return student.scaled(scaling, _bounds(moved, right, params))


def _bounds(moved: Any, right: Any, params: StudentParams) -> dict[str, float]:
    return thresholds(
        moved, right, target=params.accuracy_target, z=params.accuracy_z, low_target=params.low_target
    )


def rightness(rated: Rated, answer: str, own: float, usual: float) -> float:
    """Return how probably a student's answer is right, given what is known of an answer to the question.

    Parameters
    ----------
    rated : Rated
    answer : str
        Of the student.
    own : float
        Its confidence.
    usual : float
        How often rated answers are right: what is known beyond that is what a rating says.

    Examples
    --------
    >>> asked = Question("classification", (), {"labels": ["up", "down"], "text": "it rises"})
    >>> said = Rated(asked, "up", 0.98)
    >>> [round(rightness(said, answer, 0.6, 0.8), 2) for answer in ("up", "down")]
    [0.95, 0.11]
    >>> rightness(Rated(asked, "up", 0.8), "up", 0.6, 0.8)
    0.6
    """
    labels = rated.question.task == CLASSIFICATION
    if rated.correction is not None:
        return SURE if agrees(answer, rated.correction, labels=labels) else 1.0 - SURE
    told = float(
        np.exp(logit(rated.right) - logit(usual))
    )  # how much likelier the rating is of a right answer
    if agrees(answer, rated.answer, labels=labels):
        return round(own * told / (own * told + 1.0 - own), 12)
    names = rated.question.facts.get("labels")
    one_other = labels and isinstance(names, (list, tuple)) and len(names) == TWO
    then_right = (
        1.0 if one_other else usual
    )  # chance that the rated answer is right where the student is wrong
    return round(own / (own + (1.0 - own) * (then_right * told + 1.0 - then_right)), 12)


def rated_of(labelled: DataFrame) -> list[Rated]:
    """Return the rated answers of a frame LABELLED: those with a rating or a correction, as far as their words may be learned from.

    Parameters
    ----------
    labelled : DataFrame
        Columns of ``mandi.feedback.frames.LABELLED``.
    """
    told = labelled[
        (labelled["rating"].notna() | labelled["correction"].notna()) & (labelled["consent"] == "granted")
    ]
    return list(_rated(told))


def question_of(row: Any) -> Question:
    """Return what was asked in a row of GENERATIONS or LABELLED."""
    facts = json.loads(row["facts"]) if row["facts"] else {}
    return Question(str(row["task_type"]), tuple(json.loads(row["messages"])), facts)


def _rated(frame: DataFrame) -> Iterator[Rated]:
    for row in frame.to_dict("records"):
        correction = row["correction"]
        yield Rated(
            question_of(row), str(row["answer"]), float(row["right"]), correction if isinstance(correction, str) else None
        )  # fmt: skip
