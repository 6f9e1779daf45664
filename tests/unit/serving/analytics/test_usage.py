"""Usage that can be added up by hand, on both engines."""

from __future__ import annotations

from decimal import Decimal

import pytest
from call_logs import MINE, NOW, THEIRS, call, put

from mandi.serving.analytics.period import Period
from mandi.serving.analytics.usage import ai_usage
from mandi.store.database import Database


def test_by_assistant_and_language(database: Database) -> None:
    put(
        database,
        [
            call(assistant="trade", language="hi", latency_ms=100, cost_usd=Decimal("0.01")),
            call(assistant="trade", language="en", latency_ms=300, cost_usd=Decimal("0.000001")),
            call(assistant="quality", language="hi", latency_ms=200, status="error"),
            call(language=None, latency_ms=1, status="refused"),
            call(organization_id=THEIRS, assistant="trade", language="ta", cost_usd=Decimal("5")),
        ],
    )
    told = database.read(lambda session: ai_usage(session, Period.last(7, NOW, MINE)))
    assert told.model_dump() == {
        "total_calls": 4, "total_cost_usd": 0.010001, "average_latency_ms": 200.0,
        "error_rate": pytest.approx(1 / 3),
        "by_assistant": {
            "quality": {"calls": 1, "cost": 0.0}, "trade": {"calls": 2, "cost": 0.010001},
            "unknown": {"calls": 1, "cost": 0.0},
        },
        "by_language": {"en": 0.25, "hi": 0.5, "unknown": 0.25},
    }  # fmt: skip
    both = database.read(lambda session: ai_usage(session, Period.last(7, NOW, None)))
    assert (both.total_calls, both.total_cost_usd) == (5, 5.010001)


def test_nothing(database: Database) -> None:
    told = database.read(lambda session: ai_usage(session, Period.last(7, NOW, MINE)))
    assert told.model_dump() == {
        "total_calls": 0, "total_cost_usd": None, "average_latency_ms": None, "error_rate": None,
        "by_assistant": {}, "by_language": {},
    }  # fmt: skip
