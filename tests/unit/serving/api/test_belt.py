from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mandi.serving.api.belt import Belt


class Source:
    """Gives numbers, and remembers how it ended."""

    def __init__(self, *steps: Any) -> None:
        self.steps = steps
        self.given = 0
        self.ending = ""
        self.tasks: set[Any] = set()

    async def pieces(self) -> AsyncIterator[int]:
        try:
            for step in self.steps:
                self.tasks.add(asyncio.current_task())
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    self.given += 1
                    yield step
            self.ending = "ended"
        except (asyncio.CancelledError, GeneratorExit):
            self.ending = "stopped"
            raise
        finally:
            self.tasks.add(asyncio.current_task())


async def drained(belt: Belt[int]) -> list[int]:
    seen: list[int] = []
    while (pieces := await belt.take(5.0)) is not None:
        seen += pieces
    return seen


def test_everything_comes_in_its_order_and_in_one_task() -> None:
    source = Source(1, 0.001, 2, 3, 0.001, *range(4, 500))

    async def run() -> None:
        belt = Belt(source.pieces())
        assert await drained(belt) == [1, 2, 3, *range(4, 500)]
        assert await belt.take(0.01) is None
        assert len(source.tasks) == 1 and source.ending == "ended"

    asyncio.run(run())


def test_a_failure_comes_after_what_was_given_and_once() -> None:
    async def run() -> None:
        belt = Belt(Source(1, 2, ValueError("broken")).pieces())
        assert await belt.take(1.0) == [1, 2]
        with pytest.raises(ValueError, match="broken"):
            await belt.take(1.0)
        assert await belt.take(1.0) is None

    asyncio.run(run())


def test_patience_ends_without_losing_a_piece() -> None:
    async def run() -> None:
        belt = Belt(Source(0.1, 1).pieces())
        assert await belt.take(0.01) == [] and await belt.take(0.01) == []
        assert await drained(belt) == [1]

    asyncio.run(run())


def test_a_slow_reader_makes_the_source_wait() -> None:
    source = Source(*range(1000))

    async def run() -> None:
        belt = Belt(source.pieces(), most=10)
        await asyncio.sleep(0.02)
        assert source.given == 10
        assert await drained(belt) == list(range(1000))

    asyncio.run(run())


@pytest.mark.parametrize("steps", [(0.5, 1), (1, 0.5), tuple(range(1000))])
def test_stopping_stops_the_source_and_waits_for_it(steps: tuple[Any, ...]) -> None:
    source = Source(*steps)

    async def run() -> None:
        belt = Belt(source.pieces(), most=10)
        await asyncio.sleep(0.01)
        begun = time.perf_counter()
        await belt.aclose()
        await belt.aclose()
        assert time.perf_counter() - begun < 0.2
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert source.ending == "stopped"


def test_stopping_before_it_began_closes_it_too() -> None:
    async def run() -> None:
        belt = Belt(Source(1, 2).pieces())
        await belt.aclose()
        assert await belt.take(0.1) is None
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
