"""What is written down of every call, however it ended: a record without words, and the words apart from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from mandi.llm.calls import Attempt, CacheUse, Consent, Mode, Outcome, Route
from mandi.llm.messages import Prompt

Status = Literal["success", "error", "timeout", "cancelled", "refused", "partial"]
LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call.

    Attributes
    ----------
    user_pseudonym : str
        Stands for the user; the caller's ``user_id`` as the gateway was told to translate it.
    effective_mode : str
        The mode that answered; the requested one when nobody did.
    provider, model : str
        Who answered, or was asked last; empty when nobody was asked.
    route : str
        ``none`` when the call ended before anybody was chosen.
    prompt_tokens, completion_tokens : int
        What this call took; zero for an answer from the cache.
    status : str
        ``partial``: a stream that ended before its end. ``refused``: by the quota.
    cost_usd : Decimal
        What was used, tries that failed after they were under way included.
    prompt_features : mapping, optional
        Numbers about the prompt, for the routing's replay.
    """

    request_id: str
    generation_id: str
    organization_id: str
    user_pseudonym: str
    endpoint: str
    task_type: str
    requested_mode: Mode
    effective_mode: Mode
    status: Status
    created_at: datetime
    conversation_id: str | None = None
    assistant: str | None = None
    language: str | None = None
    provider: str = ""
    model: str = ""
    route: Route | Literal["none"] = "none"
    route_reason: str = ""
    fallback: bool = False
    fallback_reason: str | None = None
    degraded: bool = False
    cache: CacheUse = "off"
    confidence: float | None = None
    student_confidence: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    error_message: str | None = None
    attempts: tuple[Attempt, ...] = ()
    prompt_features: dict[str, Any] | None = field(default=None)
    decision: dict[str, Any] | None = field(default=None)

    @property
    def total_tokens(self) -> int:
        """Return tokens in and out."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Contents:
    """What was asked and answered in a call.

    Attributes
    ----------
    prompt : Prompt
        With the facts whoever answers from facts read.
    answer : str
        What was said until it ended; empty while a person is to answer.
    student_answer : str, optional
        What a student said beside it, or would have said.
    student_confidence : float, optional
        Of that; calibrated.
    consent : str, optional
        Of the caller; None where nobody decided.
    """

    prompt: Prompt
    answer: str
    student_answer: str | None = None
    student_confidence: float | None = None
    consent: Consent | None = None


def said_of(outcome: Outcome) -> dict[str, Any]:
    """Return the fields of a record that an outcome decides."""
    return {
        "effective_mode": outcome.effective_mode, "provider": outcome.completion.provider,
        "model": outcome.completion.model, "route": outcome.route, "route_reason": outcome.route_reason,
        "fallback": outcome.fallback, "fallback_reason": outcome.fallback_reason, "degraded": outcome.degraded,
        "cache": outcome.cache, "confidence": outcome.confidence, "student_confidence": outcome.student_confidence,
        "first_token_ms": outcome.first_token_ms,
    }  # fmt: skip
