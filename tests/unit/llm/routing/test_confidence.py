"""Three bands: the student alone, the teacher with a tutor pair, a person; unknown is the teacher's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from mandi.core.errors import ConfigError
from mandi.llm.messages import Completion
from mandi.llm.routing.confidence import Confidence, thresholds_of
from mandi.llm.routing.router import decide
from mandi.llm.routing.situation import Candidate, Decision, Thresholds
from tests.unit.llm.routing.cases import ANALYST, GEMINI, OPENAI, situation, student


class Fake:
    """A provider that counts how often it is asked."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate, self.asked = candidate, 0

    async def complete(self) -> Completion:
        self.asked += 1
        return Completion("an answer", self.candidate.name, self.candidate.model)


def _walked(
    confidence: float | None, others: Sequence[Candidate] = (GEMINI, ANALYST)
) -> tuple[Decision, dict[str, int]]:
    candidates = (student(confidence), *others)
    fakes = {c.name: Fake(c) for c in candidates}
    decision = decide(Confidence(), situation(*candidates))

    async def walk() -> None:
        for name, _ in decision.order[:1]:
            await fakes[name].complete()

    asyncio.run(walk())
    return decision, {name: fake.asked for name, fake in fakes.items()}


@pytest.mark.parametrize("confidence", [0.75, 0.9, 1.0])
def test_a_sure_student_answers_and_the_teacher_is_not_called(confidence: float) -> None:
    decision, asked = _walked(confidence)
    assert decision.route == "student" and not decision.tutor and decision.score == confidence
    assert asked == {"student": 1, "gemini": 0, "analyst": 0}


@pytest.mark.parametrize("confidence", [0.40, 0.6, 0.7499])
def test_between_the_teacher_answers_and_the_pair_is_kept(confidence: float) -> None:
    decision, asked = _walked(confidence)
    assert decision.route == "teacher" and decision.tutor
    assert asked == {"student": 0, "gemini": 1, "analyst": 0}
    assert ("student", "s1") not in decision.order


@pytest.mark.parametrize("confidence", [0.0, 0.30, 0.3999])
def test_below_a_person_is_asked_and_nobody_else(confidence: float) -> None:
    decision, asked = _walked(confidence)
    assert decision.route == "human" and decision.order == () and not decision.tutor
    assert set(asked.values()) == {0} and "low confidence" in decision.reason


def test_unknown_confidence_is_never_the_students() -> None:
    decision, asked = _walked(None)
    assert decision.route == "teacher" and not decision.tutor and asked["student"] == 0
    assert decision.score is None and "unknown" in decision.reason


def test_the_reason_names_the_number_and_the_threshold() -> None:
    assert "0.82" in _walked(0.82)[0].reason and "0.75" in _walked(0.82)[0].reason
    assert "0.50" in _walked(0.5)[0].reason and "0.40" in _walked(0.5)[0].reason


def test_in_mode_real_nobody_escalates_and_the_student_is_not_asked() -> None:
    for confidence in (0.1, 0.5, 0.99):
        decision = decide(Confidence(), situation(student(confidence), GEMINI, ANALYST, mode="real"))
        assert decision.order == (GEMINI.pick,) and decision.route == "teacher"


def test_teachers_stand_behind_a_sure_student() -> None:
    decision = decide(Confidence(), situation(student(0.9), GEMINI, OPENAI, ANALYST))
    assert decision.order == (("student", "s1"), GEMINI.pick, OPENAI.pick, ANALYST.pick)


def test_no_tutor_pair_when_only_the_analyst_is_left() -> None:
    gone = Candidate("gemini", "vendor", "flash", available=False, why_not="no key")
    decision = decide(Confidence(), situation(student(0.5), gone, ANALYST))
    assert decision.route == "mock" and not decision.tutor and decision.first_choice == gone.pick


def test_thresholds_from_the_environment() -> None:
    assert (
        thresholds_of({"CONFIDENCE_THRESHOLD_HIGH": "0.8", "GEMINI_CONFIDENCE_THRESHOLD": "0.7"}).high == 0.8
    )
    assert thresholds_of({"GEMINI_CONFIDENCE_THRESHOLD": "0.7"}) == Thresholds(0.7, 0.40)
    assert thresholds_of({"CONFIDENCE_THRESHOLD_LOW": ""}) == Thresholds(0.75, 0.40)


@pytest.mark.parametrize(
    "settings",
    [
        {"CONFIDENCE_THRESHOLD_HIGH": "0.3"},
        {"CONFIDENCE_THRESHOLD_HIGH": "1.2"},
        {"CONFIDENCE_THRESHOLD_LOW": "-0.1"},
        {"CONFIDENCE_THRESHOLD_LOW": "nan"},
        {"CONFIDENCE_THRESHOLD_HIGH": "sure"},
    ],
)
def test_thresholds_that_make_no_sense(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        thresholds_of(settings)
