"""How the language models did in a period: answers, modes, times, money, cache, routes, faults."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from mandi.llm.routing.track import satisfied
from mandi.serving.analytics.distributions import confidence_histogram, percentiles
from mandi.serving.analytics.period import DECIDED, Period, counted, plain, share
from mandi.serving.analytics.tries import Tries, by_provider, faults_of, tries_by_model
from mandi.store.records.calls import AiMetric

MOST_ERRORS = 20
LONGEST_ERROR = 200


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Modes(_Shape):
    """Answers by who gave them; each is in one of the three."""

    real_ai: int = Field(description="By the first choice, which was no mock.")
    mock_ai: int = Field(description="By the analyst, as was asked for.")
    fallback: int = Field(description="By another than the first choice.")


class Costs(_Shape):
    """US dollars; null without calls."""

    openai_cost: float | None
    total_api_cost: float | None
    by_provider: dict[str, float]


class ErrorKind(_Shape):
    """Failed calls that ended alike."""

    provider: str
    status: str
    message: str | None
    calls: int


class Errors(_Shape):
    """What went wrong."""

    failed_calls: int
    refused_by_quota: int
    cancelled_by_caller: int
    faults: dict[str, int] = Field(
        description="Of tries at providers, those that a fallback made good included."
    )
    most_frequent: list[ErrorKind]


class Times(_Shape):
    """Milliseconds, by nearest rank; null without calls."""

    p50: int | None
    p95: int | None


class CacheHits(_Shape):
    """What the cache saved."""

    hit_rate: float | None = Field(description="Of calls that could have been; null when there were none.")
    asked: int
    exact: int
    semantic: int


class ProviderFigures(_Shape):
    """How a provider did when it was asked."""

    asked: int
    answered: int
    success_rate: float = Field(description="Share in [0, 1].")
    low: float = Field(description="Lower bound of its 95 % Wilson interval.")
    high: float = Field(description="Upper bound.")
    faults: dict[str, int]


class ModelFigures(_Shape):
    """How a model did when it was asked."""

    provider: str
    asked: int
    success_rate: float = Field(description="Percent.")


class Satisfaction(_Shape):
    """What those who were answered thought of it."""

    mean: float | None = Field(description="In [0, 1]: one star is 0, five are 1; null without ratings.")
    ratings: int
    rated_share: float | None = Field(description="Of all answers; null without any.")
    stars: list[int] = Field(description="Ratings of one to five stars.")


class AiPerformance(_Shape):
    """How the language models did in a period."""

    time_period: str
    total_requests: int = Field(description="Calls of every ending.")
    success_rate: float | None = Field(
        description="Share of calls that were answered, in [0, 1]; without those refused by a quota or left by the caller."
    )
    avg_response_time: float | None = Field(description="Milliseconds, of calls answered or failed.")
    mode_distribution: Modes
    cost_tracking: Costs
    error_analysis: Errors
    response_time_ms: Times
    first_token_ms: Times
    cache: CacheHits
    routes: dict[str, float] = Field(description="Share of answers by who was chosen.")
    degraded_rate: float | None = Field(description="Share of answers that are not what was asked for.")
    confidence_histogram: list[int] = Field(
        description="Answers by tenth of [0, 1]; those without are left out."
    )
    satisfaction: Satisfaction
    providers: dict[str, ProviderFigures]
    models: dict[str, ModelFigures]


def ai_performance(session: Session, period: Period, days: int) -> AiPerformance:
    """Add a period up.

    Parameters
    ----------
    session : Session
    period : Period
    days : int
        For the label.
    """
    totals = _totals(session, period)
    tries = tries_by_model(session, period)
    decided = AiMetric.status.in_(DECIDED)
    p50, p95 = percentiles(session, AiMetric.latency_ms, period, decided)
    first50, first95 = percentiles(session, AiMetric.first_token_ms, period, decided)
    hits = totals.exact + totals.semantic
    return AiPerformance(
        time_period=f"{days} day" + ("s" if days != 1 else ""),
        total_requests=totals.total,
        success_rate=share(totals.answered, totals.decided),
        avg_response_time=plain(totals.mean_ms),
        mode_distribution=Modes(real_ai=totals.real, mock_ai=totals.mock, fallback=totals.fallback),
        cost_tracking=_costs(session, period, totals.total),
        error_analysis=Errors(
            failed_calls=totals.decided - totals.answered,
            refused_by_quota=totals.refused,
            cancelled_by_caller=totals.cancelled,
            faults=faults_of(tries),
            most_frequent=_errors(session, period),
        ),
        response_time_ms=Times(p50=p50, p95=p95),
        first_token_ms=Times(p50=first50, p95=first95),
        cache=CacheHits(
            hit_rate=share(hits, totals.missed + hits), asked=totals.missed + hits,
            exact=totals.exact, semantic=totals.semantic,
        ),
        routes=_routes(session, period, totals.answered),
        degraded_rate=share(totals.degraded, totals.answered),
        confidence_histogram=confidence_histogram(session, period),
        satisfaction=_satisfaction(session, period, totals.answered),
        providers={t.provider: _of_provider(t) for t in by_provider(tries)},
        models=_models(tries),
    )  # fmt: skip


def _totals(session: Session, period: Period) -> Any:
    answered = AiMetric.status == "success"
    first_choice = answered & AiMetric.fallback.is_(False)
    decided = AiMetric.status.in_(DECIDED)
    return session.execute(
        sa.select(
            sa.func.count().label("total"),
            counted(answered).label("answered"),
            counted(decided).label("decided"),
            counted(AiMetric.status == "refused").label("refused"),
            counted(AiMetric.status == "cancelled").label("cancelled"),
            counted(first_choice & (AiMetric.effective_mode != "mock")).label("real"),
            counted(first_choice & (AiMetric.effective_mode == "mock")).label("mock"),
            counted(answered & AiMetric.fallback.is_(True)).label("fallback"),
            counted(answered & AiMetric.degraded.is_(True)).label("degraded"),
            counted(AiMetric.cache == "miss").label("missed"),
            counted(AiMetric.cache == "exact").label("exact"),
            counted(AiMetric.cache == "semantic").label("semantic"),
            sa.func.avg(sa.case((decided, AiMetric.latency_ms))).label("mean_ms"),
        ).where(*period.conditions())
    ).one()


def _costs(session: Session, period: Period, total: int) -> Costs:
    query = (
        sa.select(AiMetric.provider, sa.func.sum(AiMetric.cost_usd))
        .where(*period.conditions(), AiMetric.provider != "")
        .group_by(AiMetric.provider)
        .order_by(AiMetric.provider)
    )
    by = {provider: plain(cost) or 0.0 for provider, cost in session.execute(query)}
    if not total:
        return Costs(openai_cost=None, total_api_cost=None, by_provider={})
    return Costs(openai_cost=by.get("openai", 0.0), total_api_cost=round(sum(by.values()), 6), by_provider=by)


def _errors(session: Session, period: Period) -> list[ErrorKind]:
    calls = sa.func.count().label("calls")
    failed = [status for status in DECIDED if status != "success"]
    query = (
        sa.select(AiMetric.provider, AiMetric.status, AiMetric.error_message, calls)
        .where(*period.conditions(), AiMetric.status.in_(failed))
        .group_by(AiMetric.provider, AiMetric.status, AiMetric.error_message)
        .order_by(calls.desc(), AiMetric.provider, AiMetric.status, AiMetric.error_message)
        .limit(MOST_ERRORS)
    )
    return [
        ErrorKind(
            provider=provider, status=status, message=message[:LONGEST_ERROR] if message else None, calls=n
        )
        for provider, status, message, n in session.execute(query)
    ]


def _routes(session: Session, period: Period, answered: int) -> dict[str, float]:
    query = (
        sa.select(AiMetric.route, sa.func.count())
        .where(*period.conditions(), AiMetric.status == "success")
        .group_by(AiMetric.route)
        .order_by(AiMetric.route)
    )
    return {route: n / answered for route, n in session.execute(query)}


def _satisfaction(session: Session, period: Period, answered: int) -> Satisfaction:
    query = (
        sa.select(AiMetric.stars, sa.func.count())
        .where(*period.conditions(), AiMetric.stars.is_not(None))
        .group_by(AiMetric.stars)
    )
    found = {row[0]: row[1] for row in session.execute(query)}
    counts = [found.get(stars, 0) for stars in range(1, 6)]
    ratings = sum(counts)
    total = sum(satisfied(stars) * n for stars, n in enumerate(counts, 1))
    return Satisfaction(
        mean=total / ratings if ratings else None,
        ratings=ratings,
        rated_share=share(ratings, answered),
        stars=counts,
    )


def _of_provider(tries: Tries) -> ProviderFigures:
    low, high = tries.bounds
    return ProviderFigures(
        asked=tries.asked, answered=tries.answered, success_rate=tries.success_rate, low=low, high=high,
        faults=tries.faults,
    )  # fmt: skip


def _models(tries: list[Tries]) -> dict[str, ModelFigures]:
    return {
        f"{t.provider}/{t.model}": ModelFigures(
            provider=t.provider, asked=t.asked, success_rate=100 * t.success_rate
        )
        for t in tries
    }
