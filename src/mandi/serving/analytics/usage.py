"""How much the language models were used in a period: calls, money, times, assistants, languages."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from mandi.serving.analytics.period import DECIDED, Period, counted, plain, share
from mandi.store.records.calls import AiMetric

UNKNOWN = "unknown"


class AssistantUsage(BaseModel):
    """Calls of one assistant and what they cost, US dollars."""

    model_config = ConfigDict(extra="forbid")

    calls: int
    cost: float


class AiUsage(BaseModel):
    """How much the language models were used."""

    model_config = ConfigDict(extra="forbid")

    total_calls: int = Field(description="Calls of every ending.")
    total_cost_usd: float | None = Field(description="US dollars; null without calls.")
    average_latency_ms: float | None = Field(description="Of calls answered or failed; null without any.")
    error_rate: float | None = Field(description="Share of these that failed, in [0, 1]; null without any.")
    by_assistant: dict[str, AssistantUsage] = Field(description='"unknown": calls of no assistant.')
    by_language: dict[str, float] = Field(description="Shares of all calls, in [0, 1]; they add up to 1.")


def ai_usage(session: Session, period: Period) -> AiUsage:
    """Add a period up.

    Parameters
    ----------
    session : Session
    period : Period
    """
    decided = AiMetric.status.in_(DECIDED)
    total, cost, mean_ms, n_decided, answered = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.sum(AiMetric.cost_usd),
            sa.func.avg(sa.case((decided, AiMetric.latency_ms))),
            counted(decided),
            counted(AiMetric.status == "success"),
        ).where(*period.conditions())
    ).one()
    return AiUsage(
        total_calls=total,
        total_cost_usd=plain(cost),
        average_latency_ms=plain(mean_ms),
        error_rate=share(n_decided - answered, n_decided),
        by_assistant={
            name: AssistantUsage(calls=calls, cost=cost)
            for name, calls, cost in _by(session, period, AiMetric.assistant)
        },
        by_language={name: calls / total for name, calls, _ in _by(session, period, AiMetric.language)},
    )


def _by(
    session: Session, period: Period, column: InstrumentedAttribute[str | None]
) -> list[tuple[str, int, float]]:
    query = (
        sa.select(column, sa.func.count(), sa.func.sum(AiMetric.cost_usd))
        .where(*period.conditions())
        .group_by(column)
        .order_by(column)
    )
    return [(name or UNKNOWN, calls, plain(cost) or 0.0) for name, calls, cost in session.execute(query)]
