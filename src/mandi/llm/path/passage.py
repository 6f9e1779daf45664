"""One call on its way: what was taken for it, who was asked, what it used, and what is given back when it ends, however it ends."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from mandi.llm.cache.single_flight import Flight
from mandi.llm.calls import Attempt, Call, Mode, Outcome
from mandi.llm.messages import Completion, Prompt, Usage
from mandi.llm.path.record import LONGEST_MESSAGE, Status
from mandi.llm.provider import ProviderError
from mandi.llm.quota.ledger import Amounts
from mandi.llm.quota.quota import Reservation
from mandi.llm.quota.tiers import as_micros
from mandi.llm.refusals import BudgetUnknown, EscalationRequired, NobodyAnswered, QuotaExceeded
from mandi.llm.resilience.breaker import Admission
from mandi.llm.resilience.deadline import Deadline
from mandi.llm.routing.situation import Decision

CHARGED = frozenset({"timeout", "cut", "malformed"})
"""Faults of a try that was under way: its prompt was read, and is paid for."""


@dataclass(slots=True)
class Trial:
    """A try that is on: its admission has to be given back, and what it was given to read may be charged.

    Attributes
    ----------
    wired : bool
        Asked over a wire; what answers in this process has no breaker.
    charged : bool
        A vendor, who charges for what was under way.
    said : list of str
        Pieces of text that came.
    called : list of str
        Pieces of tool calls that came.
    """

    provider: str
    model: str
    wired: bool
    charged: bool
    admission: Admission
    said: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Passage:
    """A call with its mode, its deadline and all that must be settled.

    Attributes
    ----------
    mode : str
        Read once: a switch during the call changes nothing for it.
    use : str
        How the cache was used.
    asked_room : bool
        Room was asked for, so it must be settled or released even if the answer never came.
    refusal : QuotaExceeded or BudgetUnknown, optional
        Why nothing that costs may be asked.
    seen : Prompt, optional
        The prompt with what the models say, for those who read facts.
    answering : (provider, model)
        Who answered, or began to.
    partial : str, optional
        Why a stream ended before its end; ``said`` is what came of it.
    """

    call: Call
    mode: Mode
    deadline: Deadline
    generation_id: str = field(default_factory=lambda: uuid4().hex)
    began: float = field(default_factory=time.perf_counter)
    first_token_ms: float | None = None
    wanted: Amounts = Amounts()
    asked_room: bool = False
    reservation: Reservation | None = None
    refusal: QuotaExceeded | BudgetUnknown | None = None
    flight: Flight | None = None
    trial: Trial | None = None
    attempts: list[Attempt] = field(default_factory=list)
    decision: Decision | None = None
    features: dict[str, Any] | None = None
    student: Completion | None = None
    seen: Prompt | None = None
    answering: tuple[str, str] = ("", "")
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: Decimal = Decimal(0)
    outcome: Outcome | None = None
    partial: str | None = None
    said: str = ""

    @property
    def prompt(self) -> Prompt:
        """Return the prompt of the call."""
        return self.call.prompt

    def elapsed_ms(self) -> float:
        """Return the milliseconds since the call began."""
        return (time.perf_counter() - self.began) * 1000

    def count(self, usage: Usage, cost_usd: Decimal) -> None:
        """Add what somebody used."""
        self.tokens_in += usage.prompt_tokens
        self.tokens_out += usage.completion_tokens
        self.cost_usd += cost_usd

    @property
    def used(self) -> Amounts | None:
        """Return what the call took; None when it took nothing and is given back whole.

        A question that goes to a person, or that a provider found wrong, is a call: else nothing would bound how many are asked.
        """
        to_a_person = self.decision is not None and self.decision.route == "human"
        asked_wrongly = any(attempt.fault == "refused_request" for attempt in self.attempts)
        answered = (
            self.outcome is not None or self.partial is not None or bool(self.tokens_in or self.cost_usd)
        )
        if not (answered or to_a_person or asked_wrongly):
            return None
        return Amounts(1, self.tokens_in + self.tokens_out, as_micros(self.cost_usd))


def status_of(error: BaseException | None, passage: Passage | None) -> tuple[Status, str | None]:
    """Return how a call ended, and the sentence that is kept of it; a sentence of ours, never one of a bug.

    Examples
    --------
    >>> status_of(asyncio.CancelledError(), None)
    ('cancelled', None)
    >>> status_of(NobodyAnswered((), out_of_time=True), None)
    ('timeout', 'nobody answered: the deadline passed')
    """
    if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
        return "cancelled", None
    if error is None:
        return ("partial", passage.partial) if passage and passage.partial else ("success", None)
    if isinstance(error, EscalationRequired):
        return "success", None
    if isinstance(error, (QuotaExceeded, BudgetUnknown)):
        return "refused", _short(error.message)
    if isinstance(error, NobodyAnswered):
        late = error.out_of_time or {a.fault for a in error.attempts if a.fault} == {"timeout"}
        return "timeout" if late else "error", _short(error.message)
    if isinstance(error, ProviderError):
        return "error", _short(f"{error.provider}: {error.fault}")
    return "error", type(error).__name__


def _short(text: str) -> str:
    return text[:LONGEST_MESSAGE]
