from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mandi.serving.dispatch import routes
from mandi.serving.house import House
from mandi.serving.openapi import document
from mandi.serving.operations import Asked, Operation, Stream
from mandi.serving.routes import routes_app

from ...gates import OpenGate


class Events:
    """Events without end, that know whether they were closed."""

    def __init__(self) -> None:
        self.closed = 0
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.given += 1
            yield b"data: x\n\n"
            await asyncio.sleep(0.001)

    async def aclose(self) -> None:
        await asyncio.sleep(0)  # closing takes a moment, also when the request was cancelled
        self.closed += 1


class Watching:
    """Counts what began and what ended."""

    def __init__(self) -> None:
        self.ends: list[int] = []

    def begun(self, *_: Any) -> None:
        pass

    def ended(self, operation: str, status: int, *_: Any) -> None:
        self.ends.append(status)


def scope(path: str, version: str) -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0", "spec_version": version}, "http_version": "1.1", "method": "GET",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [], "scheme": "http", "root_path": "",
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "state": {},
    }  # fmt: skip


@pytest.mark.parametrize("version", ["2.3", "2.4"])
@pytest.mark.parametrize("sent", [0, 1, 5])
def test_events_are_closed_once_when_the_client_goes_away(version: str, sent: int) -> None:
    events, watching = Events(), Watching()

    async def stream(asked: Asked) -> Stream:
        return Stream(events)

    app = routes_app(
        House(gate=OpenGate(), observer=watching), [Operation("GET", "/s", "s", stream, "open", streams=True)]
    )

    async def run() -> None:
        gone = asyncio.Event()
        messages: list[Any] = []

        async def receive() -> Any:
            if sent:
                await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            messages.append(message)
            if len(messages) > sent:
                gone.set()
                if version == "2.4":
                    raise OSError("gone")
                await asyncio.sleep(10)

        try:
            await asyncio.wait_for(app(scope("/s", version), receive, send), 5)
        except Exception as error:
            assert version == "2.4" and type(error).__name__ == "ClientDisconnect"

    asyncio.run(run())
    assert events.closed == 1 and watching.ends == [200]


def test_a_name_in_a_path_may_have_slashes_where_it_is_declared_so() -> None:
    seen = []

    async def one(asked: Asked) -> Any:
        seen.append(asked.path["name"])
        return {}

    operation = Operation("GET", "/m/{name:path}", "m", one, "open")
    app = routes_app(House(gate=OpenGate()), [operation])

    async def ask(path: str) -> int:
        got: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            got.append(message)

        await app(scope(path, "2.3"), receive, send)
        status: int = got[0]["status"]
        return status

    assert [asyncio.run(ask(p)) for p in ("/m/a/b:8b", "/m/a b", "/m/" + "x" * 201)] == [200, 404, 404]
    assert seen == ["a/b:8b"]
    assert list(document([operation])["paths"])[0] == "/m/{name}" and routes([operation])
