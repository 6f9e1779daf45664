"""Sixteen clients that ask one after the other, and what they saw: times of whole answers and of first pieces."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CONNECTIONS = 16
WORDS = "Say in one sentence why the sky is blue, and in another one why the sea is. This is question {n} of a series."


@dataclass(frozen=True)
class Target:
    """Somebody who answers in OpenAI's shape."""

    name: str
    host: str
    port: int
    model: str
    key: str
    path: str = "/v1/chat/completions"


@dataclass
class Seen:
    """Milliseconds of whole answers and, of streams, until the first piece of text."""

    whole: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)


async def ask_all(target: Target, requests: int, stream: bool, connections: int = CONNECTIONS) -> Seen:
    """Ask ``requests`` different questions over ``connections`` kept connections.

    Parameters
    ----------
    target : Target
    requests : int
        In all; each is another question.
    stream : bool
    connections : int

    Raises
    ------
    RuntimeError
        An answer was not 200, or a stream did not end with its mark.
    """
    seen = Seen()
    waiting = iter(range(requests))

    async def client() -> None:
        reader, writer = await asyncio.open_connection(target.host, target.port)
        try:
            for n in waiting:
                await _ask(target, reader, writer, n, stream, seen)
        finally:
            writer.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return seen


async def _ask(
    target: Target,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    n: int,
    stream: bool,
    seen: Seen,
) -> None:
    body = {
        "model": target.model,
        "stream": stream,
        "messages": [{"role": "user", "content": WORDS.format(n=n)}],
    }
    sent = json.dumps(body).encode()
    head = (
        f"POST {target.path} HTTP/1.1\r\nhost: {target.host}\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {target.key}\r\ncontent-length: {len(sent)}\r\n\r\n"
    )
    begun = time.perf_counter()
    writer.write(head.encode() + sent)
    status, headers = await _head(reader)
    if status != 200:
        text = await reader.read(500)
        raise RuntimeError(f"{target.name} answered {status}: {text[:300]!r}")
    first, said = await _body(reader, headers, begun, stream)
    seen.whole.append(1e3 * (time.perf_counter() - begun))
    if stream:
        if first is None or b"[DONE]" not in said[-40:]:
            raise RuntimeError(f"{target.name} ended a stream without its mark: {said[-200:]!r}")
        seen.first.append(1e3 * first)


async def _head(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split()[1]), headers


async def _body(
    reader: asyncio.StreamReader, headers: Mapping[str, str], begun: float, stream: bool
) -> tuple[float | None, bytes]:
    if "content-length" in headers:
        return None, await reader.readexactly(int(headers["content-length"]))
    first, parts = None, []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        part = (await reader.readexactly(size + 2))[:-2]
        if first is None and stream and _has_text(part):
            first = time.perf_counter() - begun
        parts.append(part)
    await reader.readexactly(2)
    return first, b"".join(parts)


def _has_text(part: bytes) -> bool:
    for line in part.split(b"\n"):
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:]).get("choices") or [{}]
            if (choices[0].get("delta") or {}).get("content"):
                return True
    return False


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies.

    Examples
    --------
    >>> quantile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
