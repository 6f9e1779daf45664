"""A log of calls that can be added up by hand, on both engines."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from call_logs import MINE, NOW, THEIRS, call, put, tried

from mandi.serving.analytics.performance import AiPerformance, ai_performance
from mandi.serving.analytics.period import Period
from mandi.store.database import Database

LOG = [
    {
        "latency_ms": 100,
        "first_token_ms": 10,
        "cost_usd": Decimal("0.01"),
        "confidence": 0.95,
        "stars": 5,
        "attempts": [tried("openai")],
    },
    {
        "latency_ms": 200,
        "first_token_ms": 30,
        "cost_usd": Decimal("0.02"),
        "confidence": 1.0,
        "stars": 4,
        "cache": "miss",
        "attempts": [tried("openai")],
    },
    {"latency_ms": 2, "cache": "exact", "confidence": 0.5, "stars": 1},
    {
        "latency_ms": 300,
        "provider": "anthropic",
        "fallback": True,
        "cost_usd": Decimal("0.005"),
        "attempts": [tried("openai", "timeout"), tried("anthropic")],
    },
    {
        "latency_ms": 5,
        "provider": "mock",
        "model": "analyst-1",
        "route": "mock",
        "effective_mode": "mock",
        "fallback": True,
        "degraded": True,
        "attempts": [tried("openai", "server_error"), tried("anthropic", "timeout")],
    },
    {
        "latency_ms": 4,
        "provider": "mock",
        "model": "analyst-1",
        "route": "mock",
        "effective_mode": "mock",
        "requested_mode": "mock",
    },
    {
        "latency_ms": 400,
        "status": "timeout",
        "error_message": "no answer in time",
        "attempts": [tried("openai", "timeout")],
    },
    {
        "latency_ms": 50,
        "status": "error",
        "error_message": "what was asked was refused",
        "attempts": [tried("openai", "refused_request")],
    },
    {"latency_ms": 1, "status": "refused", "provider": "", "model": "", "route": "none"},
    {"latency_ms": 9, "status": "cancelled"},
]
BESIDE = [
    {
        "organization_id": THEIRS,
        "latency_ms": 9999,
        "cost_usd": Decimal("7"),
        "attempts": [tried("openai", "cut")],
    },
    {"created_at": NOW - timedelta(days=7, seconds=1), "latency_ms": 9999, "cost_usd": Decimal("9")},
]


@pytest.fixture
def told(database: Database) -> AiPerformance:
    put(database, [call(**row) for row in LOG + BESIDE])
    period = Period.last(7, NOW, MINE)
    return database.read(lambda session: ai_performance(session, period, 7))


def test_the_promised_fields(told: AiPerformance) -> None:
    assert told.time_period == "7 days"
    assert told.total_requests == 10
    assert told.success_rate == pytest.approx(6 / 8)
    assert told.avg_response_time == pytest.approx((100 + 200 + 2 + 300 + 5 + 4 + 400 + 50) / 8)
    assert told.mode_distribution.model_dump() == {"real_ai": 3, "mock_ai": 1, "fallback": 2}
    assert told.cost_tracking.model_dump() == {
        "openai_cost": 0.03, "total_api_cost": 0.035,
        "by_provider": {"anthropic": 0.005, "mock": 0.0, "openai": 0.03},
    }  # fmt: skip


def test_what_went_wrong(told: AiPerformance) -> None:
    errors = told.error_analysis
    assert (errors.failed_calls, errors.refused_by_quota, errors.cancelled_by_caller) == (2, 1, 1)
    assert errors.faults == {"timeout": 3, "server_error": 1}
    assert [(e.status, e.message, e.calls) for e in errors.most_frequent] == [
        ("error", "what was asked was refused", 1), ("timeout", "no answer in time", 1),
    ]  # fmt: skip


def test_times_cache_routes_and_confidence(told: AiPerformance) -> None:
    # ordered: 2 4 5 50 100 200 300 400, so the fourth and the eighth
    assert told.response_time_ms.model_dump() == {"p50": 50, "p95": 400}
    assert told.first_token_ms.model_dump() == {"p50": 10, "p95": 30}
    assert told.cache.model_dump() == {"hit_rate": 0.5, "asked": 2, "exact": 1, "semantic": 0}
    assert told.routes == {"mock": pytest.approx(2 / 6), "teacher": pytest.approx(4 / 6)}
    assert told.degraded_rate == pytest.approx(1 / 6)
    assert told.confidence_histogram == [0, 0, 0, 0, 0, 1, 0, 0, 0, 2]


def test_satisfaction_is_a_fraction_of_what_was_rated(told: AiPerformance) -> None:
    assert told.satisfaction.model_dump() == {
        "mean": pytest.approx((1 + 0.75 + 0) / 3), "ratings": 3, "rated_share": pytest.approx(3 / 6), "stars": [1, 0, 0, 1, 1],
    }  # fmt: skip


def test_a_fallback_does_not_hide_who_failed(told: AiPerformance) -> None:
    openai, anthropic = told.providers["openai"], told.providers["anthropic"]
    assert (openai.asked, openai.answered) == (5, 2)  # what was refused of what was asked is not its fault
    assert openai.low < openai.success_rate == 0.4 < openai.high
    assert (round(openai.low, 3), round(openai.high, 3)) == (0.118, 0.769)  # Wilson, 2 of 5
    assert (anthropic.asked, anthropic.answered, anthropic.faults) == (2, 1, {"timeout": 1})
    assert told.models["anthropic/m"].success_rate == 50.0
    assert "mock" not in told.providers


def test_nothing_is_null_and_not_zero(database: Database) -> None:
    told = database.read(lambda session: ai_performance(session, Period.last(1, NOW, MINE), 1))
    assert told.time_period == "1 day"
    assert told.total_requests == 0
    assert told.success_rate is told.avg_response_time is told.degraded_rate is None
    assert told.cost_tracking.model_dump() == {"openai_cost": None, "total_api_cost": None, "by_provider": {}}
    assert told.response_time_ms.p50 is told.response_time_ms.p95 is told.cache.hit_rate is None
    assert told.providers == told.models == told.routes == {}
    assert (told.satisfaction.mean, told.satisfaction.ratings) == (None, 0)


def test_refusals_alone_are_no_failures(database: Database) -> None:
    put(database, [call(status="refused", provider="", model="", route="none", latency_ms=1)])
    told = database.read(lambda session: ai_performance(session, Period.last(7, NOW, MINE), 7))
    assert (told.total_requests, told.success_rate, told.error_analysis.refused_by_quota) == (1, None, 1)
    assert told.cost_tracking.openai_cost == 0.0


def test_the_edge_of_a_period(database: Database) -> None:
    put(database, [call(created_at=NOW - timedelta(days=7)), call(created_at=NOW)])
    total = lambda days: database.read(  # noqa: E731
        lambda session: ai_performance(session, Period.last(days, NOW, MINE), days).total_requests
    )
    assert (total(7), total(6)) == (2, 1)
