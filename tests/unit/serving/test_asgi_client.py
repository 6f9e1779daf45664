"""The client in the process reads what a server would send, while it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from mandi.serving.asgi_client import AsgiClient


async def _echo(request: Request) -> JSONResponse:
    body = await request.json() if request.method == "POST" else None
    told = {"key": request.headers["authorization"], "query": dict(request.query_params), "body": body}
    return JSONResponse(told, status_code=207, headers={"X-Kept": "yes"})


async def _breaks(request: Request) -> JSONResponse:
    raise ZeroDivisionError


def test_method_query_body_key_status_and_headers() -> None:
    client = AsgiClient(Starlette(routes=[Route("/echo", _echo, methods=["GET", "POST"])]), "mk_x")
    posted = asyncio.run(client.ask("POST", "/echo", {"lot": "कपास"}, {"days": 7}))
    assert posted.said == {"key": "Bearer mk_x", "query": {"days": "7"}, "body": {"lot": "कपास"}}
    assert (posted.status, posted.headers["x-kept"]) == (207, "yes") and posted.ms > 0
    assert asyncio.run(client.ask("GET", "/echo")).said["body"] is None
    assert asyncio.run(client.ask("GET", "/nowhere")).said == "Not Found"


def test_a_bug_of_the_application_is_not_hidden() -> None:
    async def breaks(scope: object, receive: object, send: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(AsgiClient(breaks, "mk_x").ask("GET", "/"))


def test_events_come_one_by_one_and_leaving_ends_the_stream() -> None:
    ended: list[int] = []

    async def pieces() -> AsyncIterator[bytes]:
        told = 0
        try:
            for told in range(1, 1000):
                whole = b'id: %d\ndata: {"n": %d}\n\n' % (told, told)
                yield whole[:9]  # an event may come in two pieces
                yield whole[9:] + b": ping\n\n"
                await asyncio.sleep(0.001)
        finally:
            ended.append(told)

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def go() -> list[int]:
        client = AsgiClient(Starlette(routes=[Route("/s", stream, methods=["POST"])]), "mk_x")
        events, seen = client.events("/s", {}), []
        async for _, event in events:
            seen.append(event["n"])
            if len(seen) == 3:
                break
        await events.aclose()
        return seen

    assert asyncio.run(go()) == [1, 2, 3]
    assert ended and ended[0] < 50
