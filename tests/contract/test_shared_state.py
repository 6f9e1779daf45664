"""One suite over every place where shared state may live."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mandi.core.errors import StoreUnavailable, UnknownValue
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.open import in_thread, open_state
from mandi.store.redis_state import RedisState
from mandi.store.schema import upgrade
from mandi.store.shared_state import SharedState
from mandi.store.sql_state import SqlState

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "store"))
from store_places import ALL, database_url, processes, redis_place

WORKER = """
import sys
from mandi.store.database import Database
from mandi.store.redis_state import RedisState
from mandi.store.sql_state import SqlState
kind, url, prefix = sys.argv[1:]
state = RedisState.open(url, prefix) if kind == "redis" else SqlState(Database.open(url))
def add(old):
    number = int(old or 0) + 1
    return str(number).encode(), number
print(*[state.update("counter:calls", add) for _ in range(200)])
"""


@dataclass
class Place:
    kind: str
    url: str
    prefix: str
    state: SharedState

    def another(self) -> SharedState:
        """What a second worker would open."""
        if self.kind == "redis":
            return RedisState.open(self.url, self.prefix)
        return SqlState(Database.open(self.url))


@pytest.fixture(params=ALL)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "redis":
        with redis_place() as (url, prefix):
            state: SharedState = RedisState.open(url, prefix)
            yield Place("redis", url, prefix, state)
            state.close()
        return
    with database_url(request.param, tmp_path) as url:
        database = Database.open(url)
        upgrade(database)
        yield Place(request.param, url, "", open_state(None, database))
        database.close()


@pytest.fixture
def state(place: Place) -> SharedState:
    return place.state


def add(old: bytes | None) -> tuple[bytes, int]:
    number = int(old or 0) + 1
    return str(number).encode(), number


def test_a_document_is_put_changed_and_removed(state: SharedState) -> None:
    assert state.read("a:1") is None
    state.write("a:1", b"\x00\xff{}")
    assert state.read("a:1") == b"\x00\xff{}"
    assert state.update("a:1", lambda old: (old + b"!" if old else b"", "said")) == "said"
    assert state.read("a:1") == b"\x00\xff{}!"
    assert state.update("a:1", lambda old: (None, old)) == b"\x00\xff{}!"
    assert state.read("a:1") is None
    state.remove("a:1")
    state.write("a:1", b"")
    assert state.read("a:1") == b""
    state.remove("a:1")
    assert state.read("a:1") is None


def test_processes_never_lose_a_change(place: Place) -> None:
    arguments = [place.kind, place.url, place.prefix]
    ended = processes(WORKER, arguments, arguments)
    assert [done.returncode for done in ended] == [0, 0], [done.stderr for done in ended]
    tickets = [int(ticket) for done in ended for ticket in done.stdout.split()]
    assert sorted(tickets) == list(range(1, 401))  # everybody was told a number of their own
    assert place.state.read("counter:calls") == b"400"


def test_threads_of_two_workers_never_lose_a_change(place: Place) -> None:
    other = place.another()
    with ThreadPoolExecutor(8) as pool:
        both = [place.state, other] * 40
        tickets = list(pool.map(lambda one: one.update("counter:calls", add), both))
    assert sorted(tickets) == list(range(1, 81))
    other.close()


def test_changes_of_many_keys_from_a_loop(place: Place) -> None:
    async def many() -> list[int]:
        state, other = in_thread(place.state), in_thread(place.another())
        calls = [one.update(f"k:{n % 5}", add) for n in range(50) for one in (state, other)]
        tickets = await asyncio.gather(*calls)
        assert await state.read("k:3") == b"20"
        assert sorted(await state.keys("k:")) == [f"k:{n}" for n in range(5)]
        await state.write("k:9", b"x", ttl_s=60)
        await state.remove("k:3")
        assert await state.read("k:3") is None and await state.read("k:9") == b"x"
        await state.check()
        await other.close()
        return tickets

    assert sorted(asyncio.run(many())) == sorted(list(range(1, 21)) * 5)


def test_a_change_that_fails_changes_nothing_and_harms_no_other(place: Place) -> None:
    def refuse(old: bytes | None) -> tuple[bytes | None, int]:
        raise ValueError("over the limit")

    async def mixed() -> list[int | BaseException]:
        state = AsyncState(place.state)
        calls: list[Callable[[bytes | None], tuple[bytes | None, int]]] = [add, refuse, add, refuse, add]
        return await asyncio.gather(*[state.update("q:1", call) for call in calls], return_exceptions=True)

    ended = asyncio.run(mixed())
    assert [type(one).__name__ if isinstance(one, Exception) else one for one in ended] == [
        1, "ValueError", 2, "ValueError", 3,
    ]  # fmt: skip
    assert place.state.read("q:1") == b"3"
    with pytest.raises(ValueError, match="over the limit"):
        place.state.update("q:1", refuse)


def test_a_caller_who_leaves_harms_nobody(place: Place) -> None:
    async def leave() -> int:
        state = AsyncState(place.state)
        going = asyncio.create_task(state.update("c:1", add))
        staying = asyncio.create_task(state.update("c:2", add))
        await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        return await staying

    assert asyncio.run(leave()) == 1


def test_a_document_is_over_when_its_time_is(place: Place) -> None:
    # on the server's clock, as every place keeps it; an injected clock is tested with the tables
    state, waited = place.state, threading.Event()
    state.write("t:short", b"1", ttl_s=0.15)
    state.update("t:changed", lambda _: (b"1", None), ttl_s=0.15)
    state.write("t:renewed", b"1", ttl_s=0.15)
    state.write("t:renewed", b"2", ttl_s=60)
    state.write("t:forever", b"1", ttl_s=0.15)
    state.update("t:forever", lambda old: (old, None))
    assert state.read("t:short") == b"1"
    waited.wait(0.2)
    assert [state.read(f"t:{name}") for name in ("short", "changed", "renewed", "forever")] == [
        None,
        None,
        b"2",
        b"1",
    ]
    assert sorted(state.keys("t:")) == ["t:forever", "t:renewed"]
    assert state.update("t:short", add) == 1  # a change sees nothing of what is over


def test_keys_are_those_below_a_prefix_and_no_others(state: SharedState) -> None:
    names = ["quota:a", "quota:b*", "quota2:a", "Quota:a", "quo", "quota:[x]", "quota:x_y", "quota:ü"]
    for name in names:
        state.write(name, b"1")
    assert sorted(state.keys("quota:")) == sorted(
        ["quota:a", "quota:b*", "quota:[x]", "quota:x_y", "quota:ü"]
    )
    assert list(state.keys("quota:b*")) == ["quota:b*"]
    assert list(state.keys("quota:[")) == ["quota:[x]"]
    assert list(state.keys("quota:_")) == [] and list(state.keys("%")) == []
    assert sorted(state.keys("")) == sorted(names)


def test_many_keys_come_in_pages(state: SharedState) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: state.write(f"p:{n:04}", b"1"), range(1_050)))
    found = list(state.keys("p:"))
    assert len(found) == len(set(found)) == 1_050


@pytest.mark.parametrize("wrong", ["", "k" * 201])
def test_a_key_that_is_none_is_refused(state: SharedState, wrong: str) -> None:
    for call in (
        lambda: state.read(wrong),
        lambda: state.write(wrong, b""),
        lambda: state.update(wrong, add),
        lambda: state.remove(wrong),
    ):
        with pytest.raises(UnknownValue, match="characters"):
            call()
    state.write("k" * 200, b"1")


@pytest.mark.parametrize("ttl_s", [0, -1, float("nan")])
def test_a_time_to_live_is_above_nothing(state: SharedState, ttl_s: float) -> None:
    with pytest.raises(UnknownValue, match="time to live"):
        state.write("a:1", b"1", ttl_s=ttl_s)


def test_a_large_document(state: SharedState) -> None:
    state.write("cache:x", b"\x00" * 1_000_000)
    assert state.read("cache:x") == b"\x00" * 1_000_000


def test_it_answers_and_says_when_it_does_not(place: Place, tmp_path: Path) -> None:
    place.state.check()
    gone: SharedState
    if place.kind == "redis":
        gone = RedisState.open("redis://:hunter2@127.0.0.1:1/0")
    elif place.kind == "postgres":
        gone = SqlState(Database.open("postgresql+psycopg://me:hunter2@127.0.0.1:1/x"))
    else:
        gone = SqlState(Database.open(f"sqlite:///{tmp_path}/without-tables.db"))
    for call in (
        gone.check,
        lambda: gone.read("a:1"),
        lambda: gone.update("a:1", add),
        lambda: list(gone.keys("a")),
    ):
        with pytest.raises(StoreUnavailable) as refused:
            call()
        assert refused.value.next_command and "hunter2" not in str(refused.value) + repr(gone)
        assert refused.value.__cause__ is None

    async def from_a_loop() -> None:
        state = AsyncState(gone)
        with pytest.raises(StoreUnavailable):
            await state.update("a:1", add)
        with pytest.raises(StoreUnavailable):
            await state.update("a:1", add)  # the thread outlived the first failure

    asyncio.run(from_a_loop())
