"""Everything a policy may look at, and what it says: plain, frozen, so that a decision can be made again from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from mandi.core.errors import ConfigError
from mandi.llm.calls import Mode, Route
from mandi.llm.provider import Kind
from mandi.llm.routing.features import Features
from mandi.llm.routing.track import Track

Breaker = Literal["closed", "half_open", "open"]
Pick = tuple[str, str]
"""Provider and model."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where calibrated confidence decides: from ``high`` the student answers, below ``low`` a person does.

    Raises
    ------
    ConfigError
        Not 0 <= low <= high <= 1.
    """

    high: float = 0.75
    low: float = 0.40

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.high <= 1.0:
            raise ConfigError(
                f"confidence thresholds are low {self.low} and high {self.high}",
                allowed="0 <= low <= high <= 1",
                next_command="set CONFIDENCE_THRESHOLD_LOW and CONFIDENCE_THRESHOLD_HIGH",
            )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One who could answer.

    Attributes
    ----------
    kind : str
        vendor, local, student or mock.
    available : bool
        Set up here: it has its key, its server, its files; ``why_not`` says what is missing.
    breaker : str
        closed, half_open or open.
    cost_estimate_usd : Decimal, optional
        Of this question; None when it has no price.
    student_confidence : float, optional
        Calibrated, in [0, 1]; only a student has one. None is unknown, never certainty.
    record : Track, optional
        How it did lately.
    """

    name: str
    kind: Kind
    model: str
    available: bool = True
    why_not: str | None = None
    breaker: Breaker = "closed"
    cost_estimate_usd: Decimal | None = None
    student_confidence: float | None = None
    record: Track | None = None

    @property
    def pick(self) -> Pick:
        """Return provider and model."""
        return self.name, self.model

    @property
    def route(self) -> Route:
        """Return the route it stands for: vendors and local servers are teachers."""
        if self.kind == "student":
            return "student"
        return "mock" if self.kind == "mock" else "teacher"


@dataclass(frozen=True, slots=True)
class Situation:
    """One question and who could answer it.

    Attributes
    ----------
    candidates : tuple of Candidate
        In the configured order, the first teacher being the favourite.
    named : str, optional
        Provider the caller named (``named_model`` its model): nobody else answers, and nothing is explored.
    draw : float, optional
        A random number in [0, 1) by whoever asks; None for no exploration.
    budget_left_usd : Decimal, optional
        What may still be spent; None when nothing limits it.
    hardness : float, optional
        In [0, 1], of a fitted model; without one the weights of ``complexity`` are used.
    """

    features: Features
    mode: Mode
    candidates: tuple[Candidate, ...]
    thresholds: Thresholds = Thresholds()
    named: str | None = None
    named_model: str | None = None
    draw: float | None = None
    budget_left_usd: Decimal | None = None
    hardness: float | None = None

    def of_kind(self, *kinds: Kind) -> tuple[Candidate, ...]:
        """Return the candidates of these kinds, in order."""
        return tuple(candidate for candidate in self.candidates if candidate.kind in kinds)

    @property
    def teachers(self) -> tuple[Candidate, ...]:
        """Return vendors and local servers."""
        return self.of_kind("vendor", "local")

    @property
    def student(self) -> Candidate | None:
        """Return the student, if there is one."""
        return next(iter(self.of_kind("student")), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is to answer, and why.

    Attributes
    ----------
    route : str
        student, teacher, human or mock: of the first in ``order``.
    order : tuple of (provider, model)
        Whom to try in turn; empty when a person is to answer or nobody may.
    policy : str
    reason : str
        One sentence with the numbers that decided.
    propensity : float
        With which probability the first in ``order`` was put there; a replay divides by it.
    explored : bool
        The first one was drawn, not preferred.
    tutor : bool
        The student's answer is worth keeping beside the teacher's.
    score : float, optional
        What the policy decided by (confidence, hardness, value), in [0, 1].
    passed_over : tuple of (provider, why)
        Who came first by preference and cannot be asked now.
    first_choice : (provider, model), optional
        Before anybody was passed over; an answer of another one is a fallback.
    """

    route: Route
    order: tuple[Pick, ...]
    policy: str
    reason: str
    propensity: float = 1.0
    explored: bool = False
    tutor: bool = False
    score: float | None = None
    passed_over: tuple[tuple[str, str], ...] = ()
    first_choice: Pick | None = field(default=None)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for the log."""
        return {
            "route": self.route, "order": [list(pick) for pick in self.order], "policy": self.policy,
            "reason": self.reason, "propensity": self.propensity, "explored": self.explored, "tutor": self.tutor,
            "score": self.score, "passed_over": [list(pair) for pair in self.passed_over],
        }  # fmt: skip


class Policy(Protocol):
    """A way to choose; it looks at nothing but the situation."""

    @property
    def name(self) -> str:
        """Return the name in the log."""
        ...

    def decide(self, situation: Situation) -> Decision:
        """Return whom it prefers, whoever can be asked or not: ``router.decide`` looks at that last."""
        ...


def order_of(*groups: Sequence[Candidate]) -> tuple[Pick, ...]:
    """Join groups of candidates into one order, each once."""
    return tuple(dict.fromkeys(candidate.pick for group in groups for candidate in group))
