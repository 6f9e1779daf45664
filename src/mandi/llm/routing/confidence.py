"""The student where it is sure, the teacher where it is not quite, a person where nobody should guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mandi.core.errors import ConfigError
from mandi.llm.routing.simple import teachers_first
from mandi.llm.routing.situation import Decision, Situation, Thresholds, order_of

HIGH, LOW = "CONFIDENCE_THRESHOLD_HIGH", "CONFIDENCE_THRESHOLD_LOW"
ALIAS_OF_HIGH = "GEMINI_CONFIDENCE_THRESHOLD"


@dataclass(frozen=True, slots=True)
class Confidence:
    """Three bands of the student's calibrated confidence.

    From ``high`` the student answers alone. From ``low`` up to ``high`` the teacher answers, and the student's answer is kept
    beside it as a tutor pair. Below ``low`` a person is asked. Unknown confidence is the teacher's: a student that cannot
    say how sure it is never answers. In mode ``real`` there is no student among the candidates, so the teacher answers.
    """

    name: ClassVar[str] = "confidence"

    def decide(self, situation: Situation) -> Decision:
        """Compare the student's confidence with both thresholds."""
        student, bounds = situation.student, situation.thresholds
        if student is None:
            return teachers_first(situation, self.name, "no student may answer here")
        sure = student.student_confidence
        if sure is None:
            return teachers_first(situation, self.name, "the confidence of the student is unknown")
        if sure >= bounds.high:
            return Decision(
                "student",
                order_of([student], situation.teachers, situation.of_kind("mock")),
                self.name,
                f"student confidence {sure:.2f} is at least {bounds.high:.2f}",
                score=sure,
            )
        if sure >= bounds.low:
            reason = f"student confidence {sure:.2f} is between {bounds.low:.2f} and {bounds.high:.2f}: teacher, and a tutor pair"
            return teachers_first(situation, self.name, reason, tutor=True, score=sure)
        reason = f"student confidence {sure:.2f} is below {bounds.low:.2f}: low confidence, a person is asked"
        return Decision("human", (), self.name, reason, score=sure)


def thresholds_of(settings: Mapping[str, str]) -> Thresholds:
    """Read both thresholds from the environment's variables.

    ``GEMINI_CONFIDENCE_THRESHOLD`` is another name of the high one and yields to ``CONFIDENCE_THRESHOLD_HIGH``.

    Raises
    ------
    ConfigError
        Not a number, or not 0 <= low <= high <= 1.

    Examples
    --------
    >>> thresholds_of({})
    Thresholds(high=0.75, low=0.4)
    >>> thresholds_of({"GEMINI_CONFIDENCE_THRESHOLD": "0.7"})
    Thresholds(high=0.7, low=0.4)
    """
    plain = Thresholds()
    high = HIGH if settings.get(HIGH) else ALIAS_OF_HIGH
    return Thresholds(_number(settings, high, plain.high), _number(settings, LOW, plain.low))


def _number(settings: Mapping[str, str], name: str, default: float) -> float:
    text = settings.get(name)
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}", allowed="a number in [0, 1]") from None
