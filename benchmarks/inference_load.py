"""Clients of bench-inference: many that ask one after the other, and one that asks by the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Target:
    """A server on loopback and what it is asked, by the number of rows."""

    name: str
    port: int
    path: str
    bodies: Mapping[int, bytes]
    key: str

    def request(self, rows: int) -> bytes:
        """Return the whole request of so many rows."""
        body = self.bodies[rows]
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {self.key}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True)
class Turn:
    """What one server did in one round: milliseconds of every answer, and requests per second."""

    milliseconds: np.ndarray
    rps: float


async def rounds(
    targets: Mapping[str, Target], count: int, requests: int, connections: int, rows: int
) -> dict[str, list[Turn]]:
    """Ask all of them in every round, in an order that rotates; a first short round warms them and is not kept.

    Parameters
    ----------
    targets : mapping of str to Target
    count : int
        Rounds.
    requests : int
        Of each, in each round.
    connections : int
        Kept, and asked over one after the other.
    rows : int
        Of a request.

    Raises
    ------
    RuntimeError
        Somebody did not answer 200.
    """
    names = list(targets)
    for target in targets.values():
        await _closed(target, max(requests // 5, 4), connections, rows)
    seen: dict[str, list[Turn]] = {name: [] for name in names}
    for number in range(count):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            seen[name].append(await _closed(targets[name], requests, connections, rows))
    return seen


async def paced(target: Target, rate: float, seconds: float, warm: int) -> list[float]:
    """Ask one row by the clock; milliseconds from the moment each question was due.

    Parameters
    ----------
    target : Target
    rate : float
        Requests per second.
    seconds : float
    warm : int
        Questions asked before, as fast as they are answered.
    """
    await _closed(target, warm, 4, 1)
    request, free = target.request(1), [await _line(target) for _ in range(8)]
    begun, late, asking = time.perf_counter(), [], set()

    async def one(due: float) -> None:
        line = free.pop() if free else await _line(target)
        await _ask(line, request, target.name)
        late.append(1e3 * (time.perf_counter() - due))
        free.append(line)

    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(one(due))
        asking.add(task)
        task.add_done_callback(asking.discard)
    await asyncio.gather(*asking)
    for _, writer in free:
        writer.close()
    return late


async def _closed(target: Target, requests: int, connections: int, rows: int) -> Turn:
    request, waiting, times = target.request(rows), iter(range(requests)), []

    async def client() -> None:
        line = await _line(target)
        for _ in waiting:
            begun = time.perf_counter()
            await _ask(line, request, target.name)
            times.append(1e3 * (time.perf_counter() - begun))
        line[1].close()

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return Turn(np.array(times), requests / (time.perf_counter() - begun))


async def _line(target: Target) -> Line:
    return await asyncio.open_connection("127.0.0.1", target.port, limit=1 << 24)


async def _ask(line: Line, request: bytes, name: str) -> None:
    reader, writer = line
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length:" in head:
        body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    else:
        parts = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        body = b"".join(parts)
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(f"{name} answered {head[:60]!r}: {body[:300]!r}")
