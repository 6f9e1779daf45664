"""What operators look at and put right by hand: cost per organisation, alerts in force, the cache, a breaker."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from mandi.core.strict import Strict
from mandi.llm.cache.exact import ALL
from mandi.serving.accounts.audit import audit
from mandi.serving.analytics.period import DECIDED, Period, counted, share
from mandi.serving.api.answering import providers_of
from mandi.serving.api.rooms import database_of, gateway_of, settings_of
from mandi.serving.dispatch import not_found
from mandi.serving.observing.alert_rules import AlertRules
from mandi.serving.operations import Asked, Operation
from mandi.store.records import AiMetric, Organization

MOST = 200
Kind = Literal[
    "all", "chat", "generation", "classification", "scoring", "summarization", "deal_analysis", "embedding"
]
CENTS = 6  # decimals of a dollar that are kept


class LastDays(BaseModel):
    """How far back is looked."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(1, ge=1, le=90, description="Days of 24 hours, up to now.")


class OrganizationCost(Strict):
    """What one organisation used."""

    organization_id: str
    name: str
    tier: str
    calls: int
    success_rate: float | None = Field(description="of the calls that were to be answered; null of none")
    error_rate: float | None
    fallbacks: int
    tokens: int
    cost_usd: float
    average_latency_ms: float | None


class AiMetricsAnswer(Strict):
    """Cost, use and errors, the dearest organisation first."""

    days: int
    total_calls: int
    total_cost_usd: float
    organizations: list[OrganizationCost]


class AlertsAnswer(Strict):
    """The rules in force; they are set by the environment."""

    enabled: bool
    webhook: bool = Field(description="whether alerts are posted, not where")
    rules: dict[str, float]


class ClearCache(Strict):
    """Which answers are to be forgotten."""

    task: Kind = Field(default="all", description="answers of one kind of work, or of all")


class Cleared(Strict):
    """What was forgotten."""

    task: str
    effective_within_seconds: float


class BreakerNow(Strict):
    """A breaker after it was closed by hand."""

    provider: str
    breaker: str
    failures: int


def admin_operations() -> list[Operation]:
    """Return the operations of operators."""
    return [
        Operation("GET", "/admin/ai-metrics", "Cost, use and errors by organisation", _metrics, "operate",
                  query=LastDays, answers=(AiMetricsAnswer,), tag="operation"),
        Operation("GET", "/admin/alerts", "The rules of alerts in force", _alerts, "operate",
                  answers=(AlertsAnswer,), tag="operation"),
        Operation("POST", "/admin/cache/clear", "Forget cached answers, in every worker", _clear, "operate",
                  bodies=(ClearCache,), answers=(Cleared,), tag="operation", examples={"all": {"task": "all"}}),
        Operation("POST", "/admin/providers/{provider}/reset", "Close the breaker of a provider by hand", _reset, "operate",
                  answers=(BreakerNow,), owned={"provider": "provider"}, tag="operation"),
    ]  # fmt: skip


async def _metrics(asked: Asked) -> AiMetricsAnswer:
    period = Period.last(asked.query.days, asked.house.now(), None)
    rows = await database_of(asked.house).aread(lambda session: _by_organization(session, period))
    return AiMetricsAnswer(
        days=asked.query.days,
        total_calls=sum(row.calls for row in rows),
        total_cost_usd=round(sum(row.cost_usd for row in rows), CENTS),
        organizations=rows,
    )


def _by_organization(session: Session, period: Period) -> list[OrganizationCost]:
    decided, good = AiMetric.status.in_(DECIDED), AiMetric.status == "success"
    cost = sa.func.coalesce(sa.func.sum(AiMetric.cost_usd), 0)
    found = session.execute(
        sa.select(
            Organization.id, Organization.name, Organization.tier, sa.func.count(), counted(decided), counted(good),
            counted(AiMetric.fallback.is_(True)), sa.func.coalesce(sa.func.sum(AiMetric.total_tokens), 0), cost,
            sa.func.avg(AiMetric.latency_ms),
        )
        .join(Organization, Organization.id == AiMetric.organization_id)
        .where(*period.conditions())
        .group_by(Organization.id, Organization.name, Organization.tier)
        .order_by(cost.desc(), Organization.id)
        .limit(MOST)
    )  # fmt: skip
    return [
        OrganizationCost(
            organization_id=of, name=name, tier=tier, calls=calls, success_rate=share(successes, tried),
            error_rate=share(tried - successes, tried), fallbacks=fallbacks, tokens=int(tokens),
            cost_usd=round(float(usd), CENTS), average_latency_ms=None if latency is None else round(float(latency), 1),
        )
        for of, name, tier, calls, tried, successes, fallbacks, tokens, usd, latency in found
    ]  # fmt: skip


async def _alerts(asked: Asked) -> AlertsAnswer:
    settings = settings_of(asked.house)
    return AlertsAnswer(
        enabled=settings.alert_on_ai_failures,
        webhook=settings.alert_webhook_url is not None,
        rules={name: float(value) for name, value in dataclasses.asdict(AlertRules.of(settings)).items()},
    )


async def _clear(asked: Asked) -> Cleared:
    task = asked.body.task
    await gateway_of(asked.house).answers.invalidate(ALL if task == "all" else task)
    await _told(asked, "cache.clear", f"cache:{task}")
    return Cleared(task=task, effective_within_seconds=0.25)


async def _reset(asked: Asked) -> BreakerNow:
    name, gateway = asked.path["provider"], gateway_of(asked.house)
    if name not in providers_of(asked.house):
        raise not_found("provider", name)
    await gateway.breakers.reset(name)
    await _told(asked, "breaker.reset", f"provider:{name}")
    (view,) = await gateway.breakers.views([name])
    return BreakerNow(provider=name, breaker=view.position, failures=view.failures)


async def _told(asked: Asked, action: str, target: str) -> None:
    def keep(session: Session) -> Any:
        return audit(session, asked.who, action, target, None, asked.request_id)

    await database_of(asked.house).awrite(keep)
