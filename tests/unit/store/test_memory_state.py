from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from mandi.store.memory_state import Awaited, MemoryState


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def add(old: bytes | None) -> tuple[bytes, int]:
    number = int(old or 0) + 1
    return str(number).encode(), number


def test_a_document_is_over_after_its_time_to_live() -> None:
    clock = Clock()
    state = MemoryState(clock)
    state.write("a:1", b"x", ttl_s=10)
    state.write("a:2", b"y")
    clock.now += 9.9
    assert (state.read("a:1"), list(state.keys("a:"))) == (b"x", ["a:1", "a:2"])
    clock.now += 0.1
    assert (state.read("a:1"), list(state.keys("a:"))) == (None, ["a:2"])


def test_threads_never_lose_a_change() -> None:
    state = MemoryState()
    with ThreadPoolExecutor(8) as pool:
        tickets = list(pool.map(lambda _: state.update("n", add), range(200)))
    assert sorted(tickets) == list(range(1, 201))


def test_a_change_to_nothing_removes_and_close_forgets() -> None:
    state = MemoryState()
    state.write("a", b"x")
    assert state.update("a", lambda old: (None, old)) == b"x"
    assert state.read("a") is None
    state.write("b", b"x")
    state.close()
    assert state.read("b") is None
    state.check()


def test_the_same_calls_as_coroutines() -> None:
    state = Awaited(MemoryState())

    async def go() -> None:
        await state.write("a", b"1")
        assert await state.update("a", add) == 2
        assert await state.read("a") == b"2"
        await state.remove("a")
        assert await state.read("a") is None

    asyncio.run(go())
