"""An alert is told once for all workers, off the way of requests, and whatever breaks on its way harms nobody."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from seen_calls import Told, tried

from mandi.core.errors import StoreUnavailable
from mandi.serving.observing.alert_rules import AlertRules
from mandi.serving.observing.alerts import MOST_WAITING, Alerts
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.schema import upgrade
from mandi.store.sql_state import SqlState

RULES = AlertRules(failures_in_a_row=2, least_calls=5, cool_down_seconds=100)


class Sent(list[dict[str, Any]]):
    async def __call__(self, alert: dict[str, Any]) -> None:
        self.append(alert)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_several_workers_tell_it_once_until_it_has_cooled_down(tmp_path: Path) -> None:
    async def tell() -> list[int]:
        database = Database.open(f"sqlite:///{tmp_path}/a.db")
        upgrade(database)
        shared, sent, clock = Clock(), Sent(), Clock()
        states = [AsyncState(SqlState(database, clock=shared)) for _ in range(3)]
        workers = [Alerts(RULES, state, sent, clock=clock) for state in states]
        counts = []
        for step in (0, 50, 60):
            shared.now += step
            clock.now += step
            for worker in workers:
                worker.breaker("openai")
                worker.breaker("openai")
                worker.budget("o", "cost", 0.9)
            await asyncio.gather(*(w.settle() for w in workers))
            counts.append(len(sent))
        await asyncio.gather(*(s.close() for s in states))
        database.close()
        return counts

    assert asyncio.run(tell()) == [2, 2, 4]


def test_calls_lead_to_alerts(caplog: pytest.LogCaptureFixture) -> None:
    async def tell() -> Sent:
        sent, clock = Sent(), Clock()
        alerts = Alerts(RULES, None, sent, clock=clock)
        for _ in range(9):
            clock.now += 0.3
            alerts.called(Told(status="error", attempts=(tried(fault="timeout"),)))
        await alerts.settle()
        return sent

    sent = asyncio.run(tell())
    assert [a["kind"] for a in sent] == ["failures_in_a_row", "error_share"]
    assert set(sent[0]) == {"kind", "subject", "severity", "message", "figures", "at"}
    assert [r.levelname for r in caplog.records if r.name == "mandi.alerts"] == ["ERROR", "ERROR"]


def test_a_failing_webhook_or_state_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        async def update(self, key: str, change: Any, ttl_s: float | None = None) -> Any:
            raise StoreUnavailable("it does not answer")

    async def refuse(alert: dict[str, Any]) -> None:
        raise ConnectionError("https://hooks.example.com/secret-path is gone")

    raised: list[str] = []

    async def tell() -> None:
        alerts = Alerts(RULES, Down(), refuse, raised.append)
        alerts.breaker("openai")
        await alerts.settle()
        alerts.breaker("anthropic")
        await alerts.settle()

    asyncio.run(tell())
    assert raised == ["breaker_open", "breaker_open"]
    assert "secret-path" not in caplog.text
    assert "ConnectionError" in caplog.text


def test_giving_never_waits(caplog: pytest.LogCaptureFixture) -> None:
    async def never(alert: dict[str, Any]) -> None:
        await asyncio.sleep(3600)

    async def tell() -> float:
        alerts = Alerts(RULES, None, never)
        begun = time.perf_counter()
        for i in range(3 * MOST_WAITING):
            alerts.breaker(f"provider-{i}")
        spent = time.perf_counter() - begun
        await alerts.close(patience_s=0.01)
        await asyncio.sleep(0)
        return spent

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(tell()) < 1.0
    assert len([r for r in caplog.records if r.name == "mandi.alerts"]) >= 2 * MOST_WAITING


def test_without_a_loop_the_log_is_told(caplog: pytest.LogCaptureFixture) -> None:
    Alerts(RULES).breaker("openai")
    assert "openai is left alone" in caplog.text
