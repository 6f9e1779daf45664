"""The live mode is shown without secrets, and switched for all with a word in the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.serving.live_modes import KeptModes
from mandi.store.records import AuditEvent

from ...llm.scripted import Scripted
from ..whole_shop import DEAL, whole_shop

CONFIG, SWITCH = "/admin/ai-config", "/admin/switch-ai-mode"


def test_the_config_tells_whether_keys_are_set_and_never_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with whole_shop(tmp_path, monkeypatch, openai_api_key="sk-very-secret") as shop:
        shop.post("/ai/analyze-deal", DEAL)
        shop.opened.spool.flush()
        answer = shop.client.get(CONFIG)
    told = answer.json()
    assert "sk-very-secret" not in answer.text
    assert told["api_keys_configured"]["openai"] and not told["api_keys_configured"]["anthropic"]
    assert (told["current_mode"], told["available_modes"]) == ("hybrid", ["mock", "real", "hybrid"])
    assert told["fallback_count"] == told["last_24h_usage"]["calls"] == 1
    assert told["cache_stats"]["deal_analysis"]["miss"] == 1
    assert [p["name"] for p in told["providers"]] == ["mock"]


def test_a_switch_counts_at_once_is_kept_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Scripted("openai")
    with whole_shop(tmp_path, monkeypatch, [vendor]) as shop:
        told = shop.post(SWITCH, {"new_mode": "mock"}).json()
        analysis = shop.post("/ai/analyze-deal", DEAL).json()
        client = shop.client
        assert client.portal is not None
        kept = client.portal.call(KeptModes(shop.database).get)
        events = shop.database.read(lambda s: s.query(AuditEvent).filter_by(action="ai_mode.switch").all())
    assert told == {
        "message": "AI mode switched to mock", "effective_immediately": True, "fallback_available": False,
        "previous_mode": "hybrid",
    }  # fmt: skip
    assert (analysis["requested_mode"], analysis["fallback"], vendor.asked) == ("mock", False, [])
    assert kept == "mock"
    assert [e.details for e in events] == [{"from": "hybrid", "to": "mock"}]


def test_an_invalid_mode_and_an_empty_real_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with whole_shop(tmp_path, monkeypatch) as shop:
        invalid, empty = shop.post(SWITCH, {"new_mode": "best"}), shop.post(SWITCH, {"new_mode": "real"})
        mode = shop.client.get(CONFIG).json()["current_mode"]
    assert (invalid.status_code, invalid.json()["error"]) == (400, 'Invalid AI mode "best"')
    assert empty.status_code == 409 and "OPENAI_API_KEY" in empty.json()["next"]
    assert mode == "hybrid"


def test_only_operators_see_and_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with whole_shop(tmp_path, monkeypatch) as shop:
        admin_elsewhere = shop.somebody("admin")
        assert shop.client.get(CONFIG, headers=admin_elsewhere).status_code == 403
        assert shop.post(SWITCH, {"new_mode": "mock"}, headers=admin_elsewhere).status_code == 403
        assert shop.client.get(CONFIG).json()["current_mode"] == "hybrid"
