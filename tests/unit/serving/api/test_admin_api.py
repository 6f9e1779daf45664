"""Operators see what every organisation costs, forget cached answers and close a breaker; each change is in the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.store.records import AuditEvent

from ...llm.scripted import Fails, Says, Scripted
from ..whole_shop import DEAL, whole_shop
from .test_deal_api import QUICK, VENDORS


def test_cost_by_organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Scripted("openai", script=[Says(VENDORS)])
    with whole_shop(
        tmp_path, monkeypatch, [vendor], prices={"openai/*": {"input": 10, "output": 10}}
    ) as shop:
        other = shop.somebody()
        cost = [shop.post("/ai/analyze-deal", {**DEAL, "quantity": n}).json()["cost_usd"] for n in (1, 2)]
        one = shop.post("/ai/analyze-deal", DEAL, headers=other).json()["cost_usd"]
        shop.opened.spool.flush()  # type: ignore[union-attr]
        told = shop.client.get("/admin/ai-metrics?days=2").json()
        assert shop.client.get("/admin/ai-metrics", headers=other).status_code == 403
        assert shop.client.get("/admin/ai-metrics?days=0").status_code == 400
    assert [(o["name"], o["calls"], o["success_rate"]) for o in told["organizations"]] == [
        ("local", 2, 1.0),
        ("another", 1, 1.0),
    ]
    assert told["total_calls"] == 3 and told["total_cost_usd"] == pytest.approx(sum(cost) + one)
    assert told["organizations"][0]["cost_usd"] == pytest.approx(sum(cost)) and sum(cost) > 0


def test_cached_answers_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Scripted("openai", script=[Says(VENDORS)])
    with whole_shop(tmp_path, monkeypatch, [vendor]) as shop:
        ask = lambda: shop.post("/ai/analyze-deal", DEAL).json()["cache"]  # noqa: E731
        before = [ask(), ask()]
        shop.post("/admin/cache/clear", {"task": "scoring"})
        kept = ask()
        assert shop.post("/admin/cache/clear", {"task": "deal_analysis"}).json()["task"] == "deal_analysis"
        after = ask()
        assert shop.post("/admin/cache/clear", {"task": "everything"}).json()["field"] == "task"
        actions = shop.database.read(lambda s: [e.action for e in s.query(AuditEvent).all()])
    assert (before, kept, after) == (["miss", "exact"], "exact", "miss")
    assert actions.count("cache.clear") == 2


def test_a_breaker_is_closed_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Scripted("openai", script=[Fails()])
    with whole_shop(tmp_path, monkeypatch, [vendor], breaker_failures=2, **QUICK) as shop:
        for quantity in (1, 2):
            shop.post("/ai/analyze-deal", {**DEAL, "quantity": quantity})
        position = [
            p["breaker"]
            for p in shop.client.get("/admin/ai-config").json()["providers"]
            if p["name"] == "openai"
        ]
        told = shop.client.post("/admin/providers/openai/reset").json()
        assert shop.client.post("/admin/providers/nobody/reset").status_code == 404
    assert position == ["open"]
    assert told == {"provider": "openai", "breaker": "closed", "failures": 0}


def test_the_rules_of_alerts_are_shown_without_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"alert_webhook_url": "https://alerts.example.com/secret-path", "alert_failures_in_a_row": 3}
    with whole_shop(tmp_path, monkeypatch, **settings) as shop:
        answer = shop.client.get("/admin/alerts")
    told = answer.json()
    assert told["enabled"] and told["webhook"] and told["rules"]["failures_in_a_row"] == 3
    assert "secret-path" not in answer.text
