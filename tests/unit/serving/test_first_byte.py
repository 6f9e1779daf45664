"""A request whose answer does not begin in time, and what is left of one that did."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import Any

import pytest

from mandi.serving.first_byte import FirstByte

SCOPE = {"type": "http", "path": "/ai/analyze-deal", "method": "POST", "headers": []}
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}


async def nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def asked(app: Any, timeout: float, path: str = SCOPE["path"], times: int = 1) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def go() -> None:
        for _ in range(times):
            await FirstByte(app, timeout)({**SCOPE, "path": path}, nothing, send)
        gc.collect()
        timers = [o for o in gc.get_objects() if isinstance(o, asyncio.TimerHandle) and not o.cancelled()]
        assert not timers, "no timer outlives its request"

    asyncio.run(go())
    return sent


async def quick(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    await send({"type": "http.response.body", "body": b"x"})


def test_an_answer_leaves_nothing_behind() -> None:
    assert len(asked(quick, timeout=60.0, times=50)) == 100


def test_an_answer_that_began_takes_as_long_as_it_needs() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": b"end"})

    assert asked(slow, timeout=0.02)[-1]["body"] == b"end"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/ai/analyze-deal"])
def test_one_that_does_not_begin_is_refused_in_time_although_a_thread_goes_on(path: str) -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.3)  # as a thread that is not done yet
            await send(START)

    begun = time.perf_counter()
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def go() -> float:
        await FirstByte(never, 0.05)({**SCOPE, "path": path}, nothing, send)
        took = time.perf_counter() - begun
        await asyncio.sleep(0.4)
        return took

    assert asyncio.run(go()) < 0.3
    start, body = sent  # what came too late is not sent after it
    assert start["status"] == 504
    error = json.loads(body["body"])["error"]
    assert "0.05 s" in (error["message"] if path.startswith("/v1") else error)


def test_what_fails_before_it_answers_fails_at_once() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("broken")

    begun = time.perf_counter()
    with pytest.raises(ValueError, match="broken"):
        asked(broken, timeout=30.0)
    assert time.perf_counter() - begun < 5
