"""What is asked and told of a deal over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from mandi.core.strict import Strict
from mandi.llm.deal import Deal, DealAnalysis


class DealRequest(Deal):
    """A deal to analyse, and in which mode."""

    mode: Literal["mock", "real", "hybrid"] | None = Field(
        default=None, description="who may answer; the live mode of the service if not given"
    )


class AnalysisMeta(Strict):
    """The short account of the call."""

    ai_mode_used: str = Field(description="mock, real, hybrid or fallback")
    fallback_triggered: bool
    processing_time: str = Field(description='seconds, as in "0.42s"')
    error: str | None = None


class EvidenceUsed(Strict):
    """What one model said of the deal."""

    model: str
    standing: str = Field(description="answered, refused, not_served or not_asked")
    version: str | None = None
    why: str | None = Field(default=None, description="why there is no answer")
    answer: dict[str, Any] = Field(description="the model's answer, as its own route gives it")


class DealAnswer(DealAnalysis):
    """The analysis, who gave it and how, and the evidence behind it.

    ``degraded`` answers are of last resort: no model and no provider could be asked. They carry no confidence, are never kept
    in the cache and never become training data.
    """

    deal_id: str | None
    analysis_id: str | None
    generation_id: str | None
    requested_mode: str
    effective_mode: str
    provider: str | None
    model: str | None
    route: str
    route_reason: str
    fallback: bool
    fallback_reason: str | None
    degraded: bool
    cache: str = Field(description="off, miss, exact or semantic")
    cost_usd: float
    evidence: list[EvidenceUsed]
    meta: AnalysisMeta


class WaitsForPerson(Strict):
    """Nobody was sure enough: a person will answer. ``GET /api/v1/ai/queue/{ticket_id}`` has the answer once it is there."""

    ticket_id: str
    status: str
    reason: str
    expires_at: datetime
    generation_id: str
    requested_mode: str
    evidence: list[EvidenceUsed]
