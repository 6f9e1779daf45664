"""POST /ai/analyze-deal: evidence from the models, words from whoever answers, and an honest account of both."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from mandi.core.errors import MandiError, StoreUnavailable
from mandi.llm.calls import Call, Mode, Outcome
from mandi.llm.deal import Deal, DealAnalysis
from mandi.llm.evidence import Finding
from mandi.llm.messages import Prompt
from mandi.llm.prompts.analysis import parse_analysis, price_view
from mandi.llm.prompts.deal_prompts import deal_prompt
from mandi.llm.provider import ProviderError
from mandi.llm.refusals import EscalationRequired, NobodyAnswered
from mandi.serving.api.answering import caller_of, handed_over
from mandi.serving.api.call_problems import told_as_problems
from mandi.serving.api.deal_contracts import (
    AnalysisMeta,
    DealAnswer,
    DealRequest,
    EvidenceUsed,
    WaitsForPerson,
)
from mandi.serving.api.rooms import database_of, evidence_of, gateway_of, mode_of
from mandi.serving.operations import Asked, Operation, Told
from mandi.serving.queue.tickets import OPEN_FOR
from mandi.store import records

LOG = logging.getLogger("mandi.serving")
PATH = "/ai/analyze-deal"
LAST_RESORT = "Fallback analysis due to AI service unavailability"
ACCEPTED = 202
CENT = Decimal("0.01")
EXAMPLE = {
    "commodity": "cotton", "quantity": 120, "quantity_unit": "quintal", "price": 8450, "currency": "INR", "side": "buy",
    "market": "Rajkot", "quality": {"staple_length_mm": 29.1, "micronaire": 4.2}, "counterparty": "Shree Ginning",
    "terms": "Payment within 15 days of delivery.", "asof": "2025-01-01T06:00:00Z",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answered:
    """An analysis and the outcome it came with; no outcome when it is of last resort."""

    analysis: DealAnalysis
    outcome: Outcome | None
    mode: Mode
    error: str | None = None


def deal_operations() -> list[Operation]:
    """Return the operation that analyses a deal."""
    return [
        Operation(
            "POST", PATH, "Analyse a deal: fair price, outlook, grade, suspicion, alternatives, and what to do",
            _analyse, "ai", bodies=(DealRequest,), answers=(DealAnswer,), others={ACCEPTED: WaitsForPerson},
            problems=(429, 502, 504), examples={"a lot of cotton": EXAMPLE}, tag="language",
        )
    ]  # fmt: skip


async def _analyse(asked: Asked) -> Any:
    begun = time.perf_counter()
    request: DealRequest = asked.body
    deal = Deal.model_validate(request.model_dump(exclude={"mode"}))
    findings = await evidence_of(asked.house).about(deal, asked.house.now())
    prompt = deal_prompt(deal, findings)
    mode = request.mode or await mode_of(asked.house).current()
    try:
        answered = await _answered(asked, prompt, mode)
    except EscalationRequired as person:
        return Told(ACCEPTED, await _ticket(asked, deal, findings, person))
    spent = time.perf_counter() - begun
    kept = await _kept(asked, deal, findings, answered, spent)
    return _told(answered, findings, kept, spent)


async def _answered(asked: Asked, prompt: Prompt, mode: Mode) -> _Answered:
    gateway = gateway_of(asked.house)
    call = Call(prompt, caller_of(asked), asked.request_id, PATH, mode=mode)
    try:
        outcome = await gateway.complete(call)
        analysis = await _read(asked, outcome, prompt)
    except EscalationRequired:
        raise
    except (NobodyAnswered, ProviderError) as error:
        if mode != "hybrid":
            with told_as_problems():
                raise
        LOG.error("a deal is answered without an analysis: %s", error.message)
        return _Answered(_last_resort(prompt), None, mode, "AI service temporarily unavailable")
    except MandiError:
        with told_as_problems():
            raise
    confident = analysis.model_copy(update={"confidence": outcome.confidence})
    return _Answered(confident, outcome, outcome.requested_mode)


async def _read(asked: Asked, outcome: Outcome, prompt: Prompt) -> DealAnalysis:
    try:
        return parse_analysis(outcome.completion.text, prompt.facts, outcome.completion.provider)
    except ProviderError:
        # whole and in time, so the cache took it; asked again it must not say the same
        with suppress(StoreUnavailable):
            await gateway_of(asked.house).answers.evict(outcome.generation_id, asked.who.organization_id)
        raise


def _last_resort(prompt: Prompt) -> DealAnalysis:
    return DealAnalysis(
        analysis=LAST_RESORT,
        verdict="unknown",
        risk="unknown",
        recommendations=["Manual review required"],
        reasons=[
            "Nobody could be asked for an analysis; the models' own figures, where there are any, stand under evidence"
        ],
        price=price_view(prompt.facts),
    )


async def _ticket(
    asked: Asked, deal: Deal, findings: Mapping[str, Finding], person: EscalationRequired
) -> WaitsForPerson:
    expires_at = asked.house.now() + OPEN_FOR
    context = {
        "deal": deal.model_dump(mode="json", exclude_none=True),
        "findings": {name: finding.as_dict() for name, finding in findings.items()},
    }
    _, ticket_id = await handed_over(asked, person, context)
    return WaitsForPerson(
        ticket_id=ticket_id, status="waiting", reason=person.reason, expires_at=expires_at,
        generation_id=person.generation_id, requested_mode=person.requested_mode, evidence=_evidence(findings),
    )  # fmt: skip


async def _kept(
    asked: Asked, deal: Deal, findings: Mapping[str, Finding], answered: _Answered, spent_s: float
) -> tuple[str, str]:
    who, outcome = asked.who, answered.outcome

    def keep(session: Session) -> tuple[str, str]:
        kept = records.Deal(
            organization_id=who.organization_id, user_id=who.user_id, title=deal.title or _title(deal),
            commodity=deal.commodity[:50], quantity=_hundredths(deal.quantity), quantity_unit=deal.quantity_unit,
            price=_hundredths(deal.price), price_unit=deal.price_unit, currency=deal.currency, counterparty=deal.counterparty,
        )  # fmt: skip
        session.add(kept)
        session.flush()
        analysis = records.AiAnalysis(
            deal_id=kept.id, organization_id=who.organization_id,
            generation_id=outcome.generation_id if outcome else None, requested_mode=answered.mode,
            effective_mode=outcome.effective_mode if outcome else answered.mode,
            provider=outcome.completion.provider if outcome else None,
            model_used=outcome.completion.model if outcome else None, fallback=outcome.fallback if outcome else True,
            reason=outcome.fallback_reason if outcome else answered.error,
            analysis_data=answered.analysis.model_dump(mode="json"),
            evidence=[{"model": f.model, "standing": f.standing, "version": f.version} for f in findings.values()],
            confidence=answered.analysis.confidence, processing_time_ms=round(1000 * spent_s),
            api_cost=outcome.cost_usd if outcome else Decimal(0),
        )  # fmt: skip
        session.add(analysis)
        session.flush()
        return kept.id, analysis.id

    return await database_of(asked.house).awrite(keep)


def _told(
    answered: _Answered, findings: Mapping[str, Finding], kept: tuple[str, str], spent_s: float
) -> DealAnswer:
    outcome = answered.outcome
    meta = AnalysisMeta(
        ai_mode_used=outcome.effective_mode if outcome else "fallback",
        fallback_triggered=outcome.fallback if outcome else True,
        processing_time=f"{spent_s:.2f}s",
        error=answered.error,
    )
    return DealAnswer(
        **answered.analysis.model_dump(exclude={"price"}),
        price=answered.analysis.price,
        deal_id=kept[0],
        analysis_id=kept[1],
        generation_id=outcome.generation_id if outcome else None,
        requested_mode=answered.mode,
        effective_mode=outcome.effective_mode if outcome else answered.mode,
        provider=outcome.completion.provider if outcome else None,
        model=outcome.completion.model if outcome else None,
        route=outcome.route if outcome else "mock",
        route_reason=outcome.route_reason if outcome else "nobody could be asked",
        fallback=outcome.fallback if outcome else True,
        fallback_reason=outcome.fallback_reason if outcome else answered.error,
        degraded=outcome.degraded if outcome else True,
        cache=outcome.cache if outcome else "off",
        cost_usd=float(outcome.cost_usd) if outcome else 0.0,
        evidence=_evidence(findings),
        meta=meta,
    )


def _evidence(findings: Mapping[str, Finding]) -> list[EvidenceUsed]:
    return [
        EvidenceUsed(model=f.model, standing=f.standing, version=f.version, why=f.why, answer=dict(f.answer))
        for f in findings.values()
    ]


def _title(deal: Deal) -> str:
    return f"{deal.side} {deal.quantity:g} {deal.quantity_unit} of {deal.commodity}"[:200]


def _hundredths(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(CENT)
