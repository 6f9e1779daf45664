"""One kept connection of HTTP/1.1: requests, whole answers, and streams event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Self

CHAT = "/v1/chat/completions"
HEALTH = "/api/v1/health"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes = b""

    @property
    def told(self) -> Any:
        return json.loads(self.body)


@dataclass
class Streamed:
    """A streamed answer as its reader saw it."""

    status: int
    text: str = ""
    pieces: int = 0
    mandi: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    done: bool = False
    broken: bool = False
    refusal: Answer | None = None

    def take(self, event: bytes) -> None:
        if event == b"[DONE]":
            self.done = True
            return
        told = json.loads(event)
        self.error = told.get("error") or self.error
        self.mandi = told.get("mandi") or self.mandi
        for choice in told.get("choices") or []:
            piece = choice["delta"].get("content")
            if piece:
                self.text += piece
                self.pieces += 1


class Line:
    """A connection to a service; ``pid`` is the worker at its other end, once asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self.key = key
        self.pid = 0
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, key: str) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, key)

    async def find_worker(self, key: str | None = None) -> Self:
        """Ask who is at the other end, with a key of somebody who is not counted."""
        answer = await self.ask(HEALTH, key=key)
        self.pid = answer.told["worker"]["pid"]
        return self

    async def ask(self, path: str, body: Any = None, key: str | None = None) -> Answer:
        answer = await self._sent(path, body, key)
        answer.body = await self._whole(answer.headers)
        return answer

    async def chat(self, words: str, model: str = "mandi", **more: Any) -> Answer:
        return await self.ask(
            CHAT, {"model": model, "messages": [{"role": "user", "content": words}], **more}
        )

    async def stream(self, words: str, model: str = "mandi", **more: Any) -> AsyncIterator[Streamed]:
        """Yield the answer after each part of it that came; the last is the whole of it."""
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": words}], **more}
        answer = await self._sent(CHAT, body, None)
        seen = Streamed(answer.status)
        if answer.headers.get("transfer-encoding") != "chunked":
            answer.body = await self._whole(answer.headers)
            seen.refusal = answer
            yield seen
            return
        rest = b""
        try:
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                rest += (await self._reader.readexactly(size + 2))[:-2]
                *events, rest = rest.split(b"\n\n")
                for event in events:
                    if event.startswith(b"data: "):
                        seen.take(event[6:])
                yield seen
            await self._reader.readexactly(2)
        except (asyncio.IncompleteReadError, ConnectionError):
            seen.broken = True
        yield seen

    async def streamed(self, words: str, model: str = "mandi", **more: Any) -> Streamed:
        return [seen async for seen in self.stream(words, model, **more)][-1]

    def close(self) -> None:
        self._writer.close()

    async def _sent(self, path: str, body: Any, key: str | None) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            f"content-type: application/json\r\nauthorization: Bearer {key or self.key}\r\n"
            f"content-length: {len(sent)}\r\n\r\n"
        )
        self._writer.write(head.encode() + sent)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines[1:] if line)}
        return Answer(int(lines[0].split()[1]), headers)

    async def _whole(self, headers: dict[str, str]) -> bytes:
        return await self._reader.readexactly(int(headers.get("content-length", "0")))
