"""Calls in the database become a log to replay and records of providers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ContractError
from mandi.llm.routing.command import route_replay, the_log
from mandi.llm.routing.features import Features
from mandi.llm.routing.recorded import calls, recorded_rows, tried
from mandi.llm.routing.track import tracks
from mandi.store.database import Database
from mandi.store.records import AiMetric
from mandi.store.schema import upgrade

NOW = datetime(2026, 1, 8, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database.open(f"sqlite:///{tmp_path / 'service.db'}")
    upgrade(found)
    yield found
    found.close()


def _call(number: int, chosen: str = "gemini", **more: Any) -> AiMetric:
    decision = {
        "route": "teacher", "order": [[chosen, "m"], ["analyst", "v1"]], "policy": "performance", "propensity": 0.95,
        "score": None, **more.pop("decision", {}),
    }  # fmt: skip
    given = {
        "request_id": f"r{number}", "generation_id": f"g{number}", "organization_id": "o1", "user_pseudonym": "p1",
        "endpoint": "/v1/chat/completions", "task_type": "chat", "requested_mode": "hybrid", "effective_mode": "hybrid",
        "provider": chosen, "model": "m", "route": "teacher", "status": "success", "cache": "miss",
        "cost_usd": Decimal("0.0004"), "latency_ms": 800, "created_at": NOW - timedelta(minutes=number),
        "attempts": [{"provider": chosen, "model": "m", "latency_ms": 800.0, "fault": None}],
        "prompt_features": {**Features(words=7).as_dict(), "decision": decision},
    }  # fmt: skip
    return AiMetric(**{**given, **more})


def _keep(database: Database, *rows: AiMetric) -> None:
    database.write(lambda session: session.add_all(rows))


def test_rows_of_a_replay(database: Database) -> None:
    _keep(
        database,
        _call(1),
        _call(2, rating=-1),
        _call(3, "openai", decision={"propensity": 0.05}),
        _call(4, provider="analyst", fallback=True, effective_mode="mock"),
        _call(5, decision={"policy": "confidence", "score": 0.62, "propensity": 1.0}, conversation_id="c9"),
    )
    rows = recorded_rows(database)
    assert [row["provider"] for row in rows] == [
        "gemini",
        "gemini",
        "openai",
        "gemini",
        "gemini",
    ]  # oldest first
    assert [row["quality"] for row in rows] == [1.0, 0.0, 1.0, 0.0, 1.0]
    assert rows[0]["student_confidence"] == 0.62 and rows[0]["conversation_id"] == "c9"
    assert rows[2]["propensity"] == 0.05 and rows[2]["cost_usd"] == pytest.approx(0.0004)
    log = the_log(None, database, {})
    assert log.rows[0].features == Features(words=7)
    assert "doubly robust" in route_replay(log, ["simple"])


def test_calls_that_say_nothing_of_a_router_are_left_out(database: Database) -> None:
    _keep(
        database,
        _call(1, decision={"policy": "named"}),
        _call(2, cache="exact"),
        _call(3, status="cancelled"),
        _call(4, decision={"order": []}),
        _call(5, prompt_features=None),
    )
    with pytest.raises(ContractError, match="no recorded call"):
        recorded_rows(database)


def test_only_since(database: Database) -> None:
    _keep(database, _call(1), _call(500))
    assert len(recorded_rows(database, NOW - timedelta(hours=1))) == 1
    assert len(recorded_rows(database, most=1)) == 1


def test_a_provider_that_was_stood_in_for_has_failed(database: Database) -> None:
    attempts = [
        {"provider": "gemini", "model": "m", "latency_ms": 30_000.0, "fault": "timeout"},
        {"provider": "local", "model": "l", "latency_ms": 0.0, "fault": "breaker_open"},
        {"provider": "openai", "model": "o", "latency_ms": 500.0, "fault": None},
    ]
    _keep(database, _call(1, provider="openai", model="o", attempts=attempts, fallback=True, rating=1))
    rows = database.read(lambda session: [row for call in calls(session) for row in tried(call)])
    found = tracks(rows, NOW)
    assert found["gemini", "m"].success_rate == 0.0 and found["openai", "o"].success_rate == 1.0
    assert ("local", "l") not in found
    assert found["openai", "o"].satisfaction == 1.0 and found["gemini", "m"].ratings == 0
