"""A client of an application in the same process: no socket, and a stream is read while it is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic_core import from_json, to_json

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

BLANK = b"\n\n"
DATA = b"data: "


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP.

    Attributes
    ----------
    status : int
    headers : mapping
        By their names in small letters.
    said : object
        The JSON of the body; its text where it is none.
    ms : float
        From the request to the last byte.
    """

    status: int
    headers: Mapping[str, str]
    said: Any
    ms: float


class AsgiClient:
    """Asks an application as whoever has a key.

    Parameters
    ----------
    app : ASGI application
    key : str
        Shown as a bearer token.

    Examples
    --------
    >>> from starlette.responses import PlainTextResponse
    >>> client = AsgiClient(PlainTextResponse("42"), "mk_none")
    >>> asyncio.run(client.ask("GET", "/")).said
    42
    """

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._headers = [
            (b"host", b"in-process"),
            (b"authorization", b"Bearer " + key.encode()),
            (b"content-type", b"application/json"),
        ]

    async def ask(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Reply:
        """Return the whole answer, whatever its status.

        Parameters
        ----------
        method, path : str
        body : object, optional
            Sent as JSON.
        query : mapping, optional
        """
        begun, status, headers, parts = time.perf_counter(), 0, {}, []
        async with aclosing(self._messages(method, path, body, query)) as messages:
            async for message in messages:
                if message["type"] == "http.response.start":
                    status, headers = message["status"], _headers(message)
                else:
                    parts.append(message.get("body", b""))
        return Reply(status, headers, _read(b"".join(parts)), 1000 * (time.perf_counter() - begun))

    async def events(self, path: str, body: Any) -> AsyncGenerator[tuple[float, dict[str, Any]], None]:
        """Yield the server-sent events of an answer to a POST, each with the milliseconds after which it arrived.

        Parameters
        ----------
        path : str
        body : object
            Sent as JSON.
        """
        begun, rest = time.perf_counter(), b""
        async with aclosing(self._messages("POST", path, body, None)) as messages:
            async for message in messages:
                rest += message.get("body", b"")
                *whole, rest = rest.split(BLANK)
                ms = 1000 * (time.perf_counter() - begun)
                for event in whole:
                    for line in event.split(b"\n"):
                        if line.startswith(DATA):
                            yield ms, from_json(line.removeprefix(DATA))

    async def _messages(
        self, method: str, path: str, body: Any, query: Mapping[str, Any] | None
    ) -> AsyncGenerator[Message, None]:
        sent: asyncio.Queue[Message | None] = asyncio.Queue()
        asked = [{"type": "http.request", "body": b"" if body is None else to_json(body), "more_body": False}]
        left = asyncio.Event()

        async def receive() -> Message:
            if asked:
                return asked.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": urlencode(query or {}).encode(), "root_path": "",
            "headers": list(self._headers), "client": ("127.0.0.1", 0), "server": ("in-process", 80),
        }  # fmt: skip
        task = asyncio.ensure_future(self._app(scope, receive, sent.put))
        task.add_done_callback(lambda _: sent.put_nowait(None))
        try:
            while (message := await sent.get()) is not None:
                yield message
            await task
        finally:
            left.set()
            await asyncio.wait({task})


def _headers(message: Message) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}


def _read(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")
