"""A fake vendor on loopback: real wire formats over raw HTTP/1.1, scripted request by request, and counted."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import from_json, to_json

from .behaviour import Behaviour
from .shapes import error_body, event_bytes, events, whole, wire_of


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as plain data."""
        return from_json(self.body) if self.body else None


class FakeVendor:
    """A server that speaks the wires of OpenAI (and of what is shaped like it), Anthropic and Gemini.

    ``async with FakeVendor() as vendor`` starts it in the running loop. The wire is chosen by path and headers, so one server
    serves all of them: ``vendor.url + "/v1"`` for OpenAI, ``vendor.url`` for the others.

    Attributes
    ----------
    default : Behaviour
        For requests that no script speaks of.
    requests : list of Seen
        Everything that came, unless ``keep`` is False.
    count : int
        Requests that came.
    made, open_connections, aborted : int
        Connections ever made, open now, and lost by the other side in the middle of an answer.
    """

    def __init__(self, default: Behaviour | None = None, *, port: int = 0, keep: bool = True) -> None:
        self.default = default or Behaviour()
        self.requests: list[Seen] = []
        self.count = 0
        self.made = 0
        self.aborted = 0
        self._keep = keep
        self._port = port
        self._script: deque[tuple[str | None, Behaviour]] = deque()
        self._lines: set[_Line] = set()
        self._server: asyncio.Server | None = None

    @property
    def open_connections(self) -> int:
        """Return the connections that are open now."""
        return len(self._lines)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        assert self._server is not None, "the fake vendor is not started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Return its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def script(self, *behaviours: Behaviour, path: str | None = None) -> None:
        """Answer the next requests (whose path holds ``path``) so, one each; then by default again."""
        self._script.extend((path, behaviour) for behaviour in behaviours)

    def forget(self) -> None:
        """Drop what is left of the script: a request may have been given up before it came."""
        self._script.clear()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Line(self), "127.0.0.1", self._port, backlog=1024)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in tuple(self._lines):
            line.end()
        await asyncio.sleep(0)

    def _behaviour(self, path: str) -> Behaviour:
        for n, (part, behaviour) in enumerate(self._script):
            if part is None or part in path:
                del self._script[n]
                return behaviour
        return self.default


class _Line(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, vendor: FakeVendor) -> None:
        self._vendor = vendor
        self._waiting = b""
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._vendor._lines.add(self)
        self._vendor.made += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._vendor._lines.discard(self)
        if self._task is not None and not self._task.done():
            self._vendor.aborted += 1
            self._task.cancel()

    def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while self._task is None or self._task.done():
            seen = self._request()
            if seen is None:
                return
            self._answer(seen)

    def _request(self) -> Seen | None:
        head, mark, rest = self._waiting.partition(b"\r\n\r\n")
        if not mark:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, after = _dechunked(rest)
            if body is None:
                return None
            rest = after
        else:
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return None
            body, rest = rest[:length], rest[length:]
        self._waiting = rest
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        return Seen(method, path, query, headers, body)

    def _answer(self, seen: Seen) -> None:
        vendor = self._vendor
        vendor.count += 1
        if vendor._keep:
            vendor.requests.append(seen)
        behaviour = vendor._behaviour(seen.path)
        wire = wire_of(seen.path, seen.headers)
        try:
            asked = seen.json if seen.body else {}
        except ValueError:
            asked, behaviour = {}, Behaviour(status=400)
        streamed = "streamGenerateContent" in seen.path or bool(
            isinstance(asked, dict) and asked.get("stream")
        )
        if behaviour.status == 200 and behaviour.body is None and streamed:
            parts = [event_bytes(e, behaviour) for e in events(wire, seen.path, asked, behaviour)]
            self._task = asyncio.ensure_future(self._streamed(behaviour, parts))
            return
        if behaviour.body is not None:
            body = behaviour.body
        elif behaviour.status != 200:
            body = to_json(error_body(wire, behaviour.status, behaviour.retry_after))
        else:
            body = to_json(whole(wire, seen.path, asked, behaviour))
        head = _head(behaviour, "application/json", f"Content-Length: {len(body)}")
        slow = behaviour.hang or behaviour.first_token_s or behaviour.write_size
        if slow or behaviour.cut_after is not None or behaviour.cut_head is not None:
            self._task = asyncio.ensure_future(self._slow(behaviour, head, body))
        elif behaviour.latency_s:
            asyncio.get_running_loop().call_later(_wait(behaviour), self._transport.write, head + body)
        else:
            self._transport.write(head + body)

    async def _slow(self, behaviour: Behaviour, head: bytes, body: bytes) -> None:
        await self._begin(behaviour, head)
        await self._send(behaviour, body, 0)

    async def _streamed(self, behaviour: Behaviour, parts: list[bytes]) -> None:
        await self._begin(
            behaviour, _head(behaviour, "text/event-stream; charset=utf-8", "Transfer-Encoding: chunked")
        )
        sent = 0
        for n, part in enumerate(parts):
            if n and behaviour.token_s:
                await asyncio.sleep(behaviour.token_s)
            if not await self._send(behaviour, part, sent, chunked=True):
                return
            sent += len(part)
            if behaviour.hang == "middle":
                await asyncio.Event().wait()
        self._transport.write(b"0\r\n\r\n")

    async def _begin(self, behaviour: Behaviour, head: bytes) -> None:
        if behaviour.latency_s:
            await asyncio.sleep(_wait(behaviour))
        if behaviour.hang == "head":
            await asyncio.Event().wait()
        if behaviour.cut_head is not None:
            self._transport.write(head[: behaviour.cut_head])
            self._transport.close()
            return
        self._transport.write(head)
        if behaviour.hang == "body":
            await asyncio.Event().wait()
        if behaviour.first_token_s:
            await asyncio.sleep(behaviour.first_token_s)

    async def _send(self, behaviour: Behaviour, part: bytes, sent: int, chunked: bool = False) -> bool:
        if self._transport.is_closing():
            return False
        cut = behaviour.cut_after is not None and sent + len(part) > behaviour.cut_after
        if cut and behaviour.cut_after is not None:
            part = part[: max(behaviour.cut_after - sent, 0)]
        size = behaviour.write_size or len(part) or 1
        for start in range(0, len(part), size):
            piece = part[start : start + size]
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if behaviour.write_size:
                await asyncio.sleep(0)
        if cut:
            self._transport.close()
        return not cut


def _head(behaviour: Behaviour, content_type: str, framing: str) -> bytes:
    lines = [
        f"HTTP/1.1 {behaviour.status} X",
        f"Content-Type: {behaviour.content_type or content_type}",
        framing,
    ]
    if behaviour.retry_after is not None:
        lines.append(f"Retry-After: {behaviour.retry_after}")
    lines += [f"{k}: {v}" for k, v in behaviour.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _dechunked(rest: bytes) -> tuple[bytes | None, bytes]:
    body = b""
    while True:
        size, mark, rest = rest.partition(b"\r\n")
        if not mark:
            return None, b""
        length = int(size, 16)
        if len(rest) < length + 2:
            return None, b""
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest


def cuts(longest: int, every: int = 1) -> Iterator[Behaviour]:
    """Yield a behaviour for each length of body at which a connection may end."""
    return (Behaviour(cut_after=n) for n in range(0, longest, every))


_DRAWS = random.Random(0)


def _wait(behaviour: Behaviour) -> float:
    return behaviour.latency_s + behaviour.spread_s * _DRAWS.uniform(-1.0, 1.0)
