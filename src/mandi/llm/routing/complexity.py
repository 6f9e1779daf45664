"""Simple questions to the cheap side, hard ones to the teacher, by a score anybody can add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from mandi.llm.messages import Task
from mandi.llm.routing.features import Features
from mandi.llm.routing.situation import Candidate, Decision, Situation, order_of

HARD = 0.30
"""From here a question is hard: a plan or a comparison of two named offers with figures is, a price asked for is not."""

WEIGHTS: Mapping[str, float] = {
    "length": 0.20, "asks": 0.22, "task": 0.15, "entities": 0.13, "numbers": 0.10, "context": 0.07, "tools": 0.05,
    "languages": 0.04, "turns": 0.04,
}  # fmt: skip
"""Share of each part; together 1."""

TASKS: Mapping[Task, float] = {
    "embedding": 0.0, "classification": 0.1, "scoring": 0.2, "chat": 0.3, "summarization": 0.4, "generation": 0.6,
    "deal_analysis": 0.9,
}  # fmt: skip
ENOUGH = {"words": 150, "numbers": 8, "entities": 6, "asks": 2, "context": 1500, "turns": 8}
"""Where a count stops making a question harder."""


def parts(features: Features) -> dict[str, float]:
    """Return what each part adds to the score.

    Examples
    --------
    >>> found = parts(Features(words=75, asks=("plan",)))
    >>> round(found["length"], 3), round(found["asks"], 3)
    (0.1, 0.11)
    """
    full = {
        "length": features.words / ENOUGH["words"],
        "asks": len(features.asks) / ENOUGH["asks"],
        "task": TASKS[features.task],
        "entities": features.entities / ENOUGH["entities"],
        "numbers": features.numbers / ENOUGH["numbers"],
        "context": features.context_words / ENOUGH["context"],
        "tools": float(features.tools > 0),
        "languages": float(len(features.scripts) > 1),
        "turns": (features.turns - 1) / ENOUGH["turns"],
    }
    return {name: WEIGHTS[name] * min(1.0, max(0.0, value)) for name, value in full.items()}


def complexity(features: Features) -> float:
    """Return how hard a question looks, in [0, 1]: the sum of its parts.

    Examples
    --------
    >>> from mandi.llm.messages import Message, Prompt
    >>> from mandi.llm.routing.features import features_of
    >>> easy = features_of(Prompt((Message("user", "What is the price of cotton in Rajkot?"),)))
    >>> complexity(easy) < HARD
    True
    """
    return sum(parts(features).values())


@dataclass(frozen=True, slots=True)
class Complexity:
    """Route by how hard the question looks.

    A simple question goes to a student that is sure of its answer, else to the cheapest teacher, local servers before
    vendors; a hard one goes to the teachers in their configured order, vendors first. The score comes from the weights
    above, or from a fitted model where the situation brings one (``hardness``).

    Parameters
    ----------
    hard : float
        Score from which a question is hard, in [0, 1].
    """

    hard: float = HARD
    name: ClassVar[str] = "complexity"

    def decide(self, situation: Situation) -> Decision:
        """Score the question; the reason names the score and its three largest parts."""
        given = situation.hardness
        score = complexity(situation.features) if given is None else given
        told = "of a fitted model" if given is not None else _largest(parts(situation.features))
        vendors, local, mock = (situation.of_kind(kind) for kind in ("vendor", "local", "mock"))
        if score >= self.hard:
            reason = f"hard question: {score:.2f} is at least {self.hard:.2f} ({told})"
            order = order_of(vendors, local, mock)
            return Decision("teacher", order, self.name, reason, score=score)
        reason = f"simple question: {score:.2f} is below {self.hard:.2f} ({told})"
        student = situation.student
        if student is not None and (student.student_confidence or 0.0) >= situation.thresholds.high:
            reason += f"; student confidence {student.student_confidence:.2f}"
            order = order_of([student], local, sorted(vendors, key=_price), mock)
            return Decision("student", order, self.name, reason, score=score)
        return Decision(
            "teacher", order_of(local, sorted(vendors, key=_price), mock), self.name, reason, score=score
        )


def _price(candidate: Candidate) -> tuple[bool, Decimal]:
    cost = candidate.cost_estimate_usd
    return cost is None, cost or Decimal(0)


def _largest(found: Mapping[str, float]) -> str:
    largest = sorted(found.items(), key=lambda part: -part[1])[:3]
    return ", ".join(f"{name} {value:.2f}" for name, value in largest if value > 0)
