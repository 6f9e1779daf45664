"""The pulse shows breakers and the spool, and tells once that a breaker opened."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from mandi.serving.observing.alert_rules import AlertRules
from mandi.serving.observing.alerts import Alerts
from mandi.serving.observing.metrics import Metrics
from mandi.serving.observing.observer import Watch
from mandi.serving.observing.pulse import Pulse


class Breakers:
    def __init__(self, *positions: str) -> None:
        self.positions = list(positions)

    async def views(self, providers: Any) -> list[Any]:
        position = self.positions.pop(0)
        if position == "broken":
            raise RuntimeError("a bug")
        return [SimpleNamespace(provider=name, position=position) for name in providers]


def test_an_opened_breaker_is_told_once() -> None:
    registry, sent = CollectorRegistry(), []

    async def send(alert: dict[str, Any]) -> None:
        sent.append(alert)

    async def beat() -> None:
        alerts = Alerts(AlertRules(cool_down_seconds=1e-9), None, send)
        breakers = Breakers("closed", "open", "open", "half_open")
        pulse = Pulse(Watch(Metrics(registry), alerts), breakers, ["openai"], SimpleNamespace(waiting=7))
        for _ in range(4):
            await pulse.once()
            await alerts.settle()

    asyncio.run(beat())
    assert [a["subject"] for a in sent] == ["openai"]
    text = generate_latest(registry).decode()
    assert 'mandi_ai_breaker{provider="openai"} 1.0' in text
    assert "mandi_spool_records 7.0" in text


def test_it_goes_on_after_a_missed_beat_and_stops(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[str]:
        breakers = Breakers("broken", "closed", *["closed"] * 1000)
        pulse = Pulse(Watch(), breakers, ["openai"], every_s=0.001)
        pulse.start()
        while len(breakers.positions) > 998:
            await asyncio.sleep(0.001)
        await pulse.stop()
        left = len(breakers.positions)
        await asyncio.sleep(0.01)
        assert len(breakers.positions) == left
        return breakers.positions

    assert len(asyncio.run(run())) < 1000
    assert "missed a beat" in caplog.text
