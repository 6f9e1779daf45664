"""One call through the gateway: who asks, how it may be answered, and what is said of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from mandi.llm.messages import Completion, Prompt

Mode = Literal["mock", "real", "hybrid"]
MODES: tuple[Mode, ...] = ("mock", "real", "hybrid")
Route = Literal["student", "teacher", "human", "mock"]
Consent = Literal["granted", "refused"]
CacheUse = Literal["off", "miss", "exact", "semantic"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: everything that is counted, kept or refused is so for an organisation and a user.

    Attributes
    ----------
    daily_budget_usd : Decimal, optional
        Of the organisation, in place of its tier's.
    pseudonym : str, optional
        Stands for the user in records.
    learning : str, optional
        ``granted`` or ``refused``: whether what is said may be kept to learn from; None where nobody decided.
    """

    organization_id: str
    user_id: str
    tier: str = "free"
    timezone: str = "Asia/Kolkata"
    daily_budget_usd: Decimal | None = None
    pseudonym: str | None = None
    learning: Consent | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A question on its way.

    Attributes
    ----------
    mode : str, optional
        Mode the caller asks for; the live mode of the service if not given.
    provider, model : str, optional
        A provider (and its model) named by the caller: no other one answers.
    endpoint : str
        Route it came by, for the logs.
    conversation_id : str, optional
    assistant, language : str, optional
        Of a conversation, for the records.
    """

    prompt: Prompt
    caller: Caller
    request_id: str
    endpoint: str
    mode: Mode | None = None
    provider: str | None = None
    model: str | None = None
    conversation_id: str | None = None
    assistant: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one provider; ``fault`` is None when it answered."""

    provider: str
    model: str
    latency_ms: float
    fault: str | None = None
    status: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer and everything that may be asked about it.

    Attributes
    ----------
    generation_id : str
        Of the answer; feedback names it.
    requested_mode, effective_mode : str
        The mode that was asked for and the one that answered: ``mock`` whenever the analyst did.
    fallback : bool
        Somebody else than the first choice answered; ``fallback_reason`` says why.
    degraded : bool
        Not what was asked for (no evidence, or an answer of last resort): never cached, never learned from.
    route, route_reason : str
        Who was chosen, and the sentence of the policy.
    confidence : float, optional
        Calibrated; None when unknown.
    """

    completion: Completion
    generation_id: str
    requested_mode: Mode
    effective_mode: Mode
    route: Route
    route_reason: str
    fallback: bool = False
    fallback_reason: str | None = None
    degraded: bool = False
    cache: CacheUse = "off"
    confidence: float | None = None
    cost_usd: Decimal = Decimal(0)
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    attempts: tuple[Attempt, ...] = field(default_factory=tuple)
    student_answer: str | None = None
    student_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The last item of a stream that failed after its first piece: what was said so far, and why it ended."""

    generation_id: str
    said: str
    reason: str
    fault: str
    provider: str
    attempts: tuple[Attempt, ...] = ()
