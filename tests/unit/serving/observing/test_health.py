"""Checks run side by side, none for long, and a check that breaks is told as such."""

from __future__ import annotations

import asyncio
import time

from mandi.core.errors import StoreUnavailable
from mandi.serving.observing.health import Health, Part


def refuse() -> None:
    raise StoreUnavailable("the database does not answer")


def bug() -> None:
    raise RuntimeError("postgresql://me:hunter2@h")


async def slow() -> None:
    await asyncio.sleep(60)


async def fine() -> Part:
    return Part("ok", facts={"n": 1})


def test_each_tells_for_itself() -> None:
    health = Health({"a": lambda: None, "b": refuse, "c": bug, "d": slow, "e": fine}, patience_s=0.2)
    begun = time.perf_counter()
    parts = asyncio.run(health.parts())
    assert time.perf_counter() - begun < 5
    assert [p.status for p in parts.values()] == ["ok", "down", "down", "down", "ok"]
    assert parts["b"].detail == "the database does not answer"
    assert parts["c"].detail == "the check failed (RuntimeError)"
    assert parts["d"].detail == "no answer within 0.2 s"
    assert parts["e"].facts == {"n": 1}
    assert parts["a"].milliseconds is not None


def test_checks_run_side_by_side() -> None:
    async def wait() -> None:
        await asyncio.sleep(0.2)

    begun = time.perf_counter()
    asyncio.run(Health({str(i): wait for i in range(20)}).parts())
    assert time.perf_counter() - begun < 2


def test_what_is_needed_decides() -> None:
    health = Health({})
    assert health.standing({}) == "ok"
    assert health.standing({"spool": Part("degraded")}) == "degraded"
    assert health.standing({"providers": Part("down"), "database": Part("ok")}) == "degraded"
    assert health.standing({"providers": Part("down"), "database": Part("down")}) == "down"
