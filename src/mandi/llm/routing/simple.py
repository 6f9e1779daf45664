"""Always the teacher: vendors and local servers in their configured order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mandi.llm.routing.situation import Decision, Situation, order_of


@dataclass(frozen=True, slots=True)
class Simple:
    """Ask the first teacher, then the next; the student is never asked.

    Examples
    --------
    >>> from mandi.llm.routing.features import Features
    >>> from mandi.llm.routing.situation import Candidate
    >>> both = (Candidate("student", "student", "s1"), Candidate("gemini", "vendor", "flash"))
    >>> Simple().decide(Situation(Features(), "hybrid", both)).order
    (('gemini', 'flash'),)
    """

    name: ClassVar[str] = "simple"

    def decide(self, situation: Situation) -> Decision:
        """Return the teachers in their order."""
        return teachers_first(situation, self.name, "the teacher always answers")


def teachers_first(
    situation: Situation, policy: str, reason: str, *, tutor: bool = False, score: float | None = None
) -> Decision:
    """Return the decision for the teachers in their order, the analyst after them."""
    order = order_of(situation.teachers, situation.of_kind("mock"))
    return Decision("teacher", order, policy, reason, tutor=tutor, score=score)
