"""The studio is the real service: its labels, breaker, cache, limit and records are those of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import MandiError
from mandi.llm.providers.scripted import ScriptedVendor
from mandi.serving.studio import Studio, account

DEAL = {"commodity": "cotton", "quantity": 120, "price": 8450, "asof": "2025-01-01T06:00:00Z"}
PRICES = {"prices": {"scripted/*": {"input": 0.15, "output": 0.6}}}


def staged(
    folder: Path, play: Callable[[Studio, ScriptedVendor], Coroutine[Any, Any, None]], **more: Any
) -> Studio:
    vendor = ScriptedVendor(latency_s=0.0)
    shop = Studio(folder / "no-champions", [vendor], {**PRICES, **more})

    async def go() -> None:
        async with shop:
            await play(shop, vendor)

    asyncio.run(go())
    return shop


def test_it_starts_in_mode_mock_and_the_vendor_is_not_asked(tmp_path: Path) -> None:
    async def play(shop: Studio, vendor: ScriptedVendor) -> None:
        told = account(await shop.analyse(DEAL))
        assert (told["status"], told["answered in mode"], told["by"], told["USD"]) == (
            200,
            "mock",
            "mock",
            0.0,
        )
        assert vendor.asked == 0

    staged(tmp_path, play)


def test_the_same_question_is_paid_for_once(tmp_path: Path) -> None:
    async def play(shop: Studio, vendor: ScriptedVendor) -> None:
        assert (await shop.switch("hybrid")).said["previous_mode"] == "mock"
        first, again = [account(await shop.analyse(DEAL)) for _ in range(2)]
        assert (first["by"], first["cache"], again["cache"], vendor.asked) == ("scripted", "miss", "exact", 1)
        assert first["USD"] > 0 == again["USD"]

    staged(tmp_path, play)


def test_a_broken_vendor_rests_is_tried_once_and_comes_back(tmp_path: Path) -> None:
    async def play(shop: Studio, vendor: ScriptedVendor) -> None:
        vendor.break_down("server_error", 503)
        broken = await shop.tell_of(DEAL, vendor.name, calls=4)
        assert [told["breaker"] for told in broken] == ["closed", "closed", "closed", "open"]
        assert vendor.asked == 5 and all(told["fallback"] and told["by"] == "mock" for told in broken)
        shop.clock.forward(61.0)
        probed = await shop.tell_of(DEAL, vendor.name, calls=2)
        assert [told["breaker"] for told in probed] == ["half_open", "open"] and vendor.asked == 6
        vendor.mend()
        shop.clock.forward(61.0)
        mended = await shop.tell_of(DEAL, vendor.name, calls=2)
        assert [(told["breaker"], told["by"]) for told in mended] == [
            ("half_open", vendor.name),
            ("closed", vendor.name),
        ]

    staged(tmp_path, play, ai_mode="hybrid")


def test_a_guest_is_counted_apart_and_told_when_to_come_back(tmp_path: Path) -> None:
    async def play(shop: Studio, vendor: ScriptedVendor) -> None:
        guest = await shop.guest("Narmada Traders")
        tried = [await guest.ask("POST", "/ai/analyze-deal", {**DEAL, "quantity": 10 + n}) for n in range(4)]
        assert [reply.status for reply in tried] == [200, 200, 200, 429]
        assert 0 < int(tried[-1].headers["retry-after"]) <= 3660 and vendor.asked == 3
        assert (await guest.ask("GET", "/admin/ai-config")).status == 403
        assert (await shop.analyse(DEAL)).status == 200

    staged(tmp_path, play, ai_mode="hybrid")


def test_a_streamed_answer_arrives_while_it_is_written_and_is_recorded(tmp_path: Path) -> None:
    async def play(shop: Studio, vendor: ScriptedVendor) -> None:
        vendor.pause_s = 0.005
        events = await shop.talk("Is cotton dear?", assistant_type="trade", language="en")
        pieces = [event for event in events if event["type"] == "token"]
        assert len(pieces) > 10 and pieces[-1]["ms"] - pieces[0]["ms"] > 20
        assert events[-1]["type"] == "done" and events[-1]["metadata"]["provider"] == vendor.name
        await shop.written()
        used = (await shop.client.ask("GET", "/api/v1/ai/analytics/usage", query={"days": 1})).said
        assert used["total_calls"] == 1 and used["by_assistant"]["trade"]["cost"] > 0

    staged(tmp_path, play, ai_mode="hybrid")


def test_it_reads_no_environment_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRESQL_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("OPENAI_API_KEY", "not-to-be-used")
    seen: list[Path] = []

    async def play(shop: Studio, vendor: ScriptedVendor) -> None:
        config = (await shop.client.ask("GET", "/admin/ai-config")).said
        assert [p["name"] for p in config["providers"]] == [vendor.name, "mock"]
        assert not any(config["api_keys_configured"].values())
        seen.append(Path(shop._place.name))  # type: ignore[union-attr]

    shop = staged(tmp_path, play)
    assert not seen[0].exists()
    with pytest.raises(MandiError, match="not open"):
        _ = shop.client
