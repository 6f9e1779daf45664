from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence

import pytest
import sqlalchemy as sa

from mandi.core.errors import StoreUnavailable
from mandi.store import sql_state
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.keys import Wanted
from mandi.store.records import StateDocument
from mandi.store.sql_state import SqlState


class Watched(SqlState):
    """Says on which threads its changes were done, and how many at a time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.at_once_sizes: list[int] = []
        self.threaded_sizes: list[int] = []

    def at_once(self, batch: Sequence[Wanted]) -> bool:
        done = super().at_once(batch)
        if done:
            self.at_once_sizes.append(len(batch))
        return done

    def update_all(self, batch: Sequence[Wanted]) -> None:
        assert threading.current_thread() is not threading.main_thread()
        self.threaded_sizes.append(len(batch))
        super().update_all(batch)


@pytest.fixture
def patient(lite: Database) -> Iterator[Database]:
    """The same file, opened by someone whose threads wait much longer than a loop may."""
    opened = Database.open(lite.engine.url.render_as_string(), patience_s=20)
    yield opened
    opened.close()


def add(old: bytes | None) -> tuple[bytes, int]:
    number = int(old or 0) + 1
    return str(number).encode(), number


def test_changes_of_one_turn_are_one_transaction_on_the_spot(lite: Database) -> None:
    watched = Watched(lite)

    async def turn() -> list[int]:
        state = AsyncState(watched)
        return await asyncio.gather(*[state.update("k:1", add) for _ in range(16)])

    assert asyncio.run(turn()) == list(range(1, 17))
    assert (watched.at_once_sizes, watched.threaded_sizes) == ([16], [])
    (row,) = lite.read(lambda session: list(session.scalars(sa.select(StateDocument))))
    assert (row.document, row.version) == (b"16", 1)


def test_the_loop_never_waits_for_another_process(patient: Database) -> None:
    watched = Watched(patient)
    other = sqlite3.connect(str(patient.engine.url.database), isolation_level=None)

    async def beside_a_writer() -> list[int]:
        state = AsyncState(watched)
        await state.update("k:1", add)
        other.execute("begin immediate")
        calls = [asyncio.create_task(state.update("k:1", add)) for _ in range(3)]
        for _ in range(5):
            start = asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() - start < 5
            assert await state.read("k:1") == b"1"  # readers do not wait for a writer
        assert not any(call.done() for call in calls)
        other.execute("commit")
        return await asyncio.gather(*calls)

    assert asyncio.run(beside_a_writer()) == [2, 3, 4]
    assert watched.at_once_sizes == [1] and sum(watched.threaded_sizes) == 3
    other.close()


def test_a_writer_of_this_process_is_not_waited_for_either(patient: Database) -> None:
    watched = Watched(patient)
    entered, go = threading.Event(), threading.Event()

    def slow(session: object) -> None:
        entered.set()
        go.wait(10)

    async def beside_a_writer() -> int:
        state = AsyncState(watched)
        writing = asyncio.create_task(patient.awrite(slow))
        while not entered.is_set():
            await asyncio.sleep(0.001)
        call = asyncio.create_task(state.update("k:1", add))
        await asyncio.sleep(0.01)
        assert not call.done()
        go.set()
        await writing
        return await call

    assert asyncio.run(beside_a_writer()) == 1
    assert watched.threaded_sizes == [1]


def test_the_log_is_moved_on_by_a_thread(lite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_state, "CHECKPOINT_EVERY", 5)
    watched, modes = Watched(lite), []
    settle = lite.settle
    monkeypatch.setattr(lite, "settle", lambda mode: (modes.append(mode), settle(mode))[1])

    async def many() -> None:
        state = AsyncState(watched)
        for n in range(12):
            assert await state.update("k:1", add) == n + 1

    asyncio.run(many())
    assert modes == ["PASSIVE", "PASSIVE"]
    assert watched.threaded_sizes == [1, 1] and len(watched.at_once_sizes) == 10


def test_a_failure_on_the_spot_is_tried_again_and_told_by_the_thread(lite: Database) -> None:
    lite.write(lambda session: session.execute(sa.text("drop table shared_state")))
    watched = Watched(lite)

    async def twice() -> None:
        state = AsyncState(watched)
        for call in (state.update("k:1", add), state.read("k:1"), state.update("k:1", add)):
            with pytest.raises(StoreUnavailable, match="no such table"):
                await call

    asyncio.run(twice())
    assert watched.at_once_sizes == []


def test_closing_finishes_what_waits(lite: Database) -> None:
    async def close() -> None:
        state = AsyncState(SqlState(lite))
        calls = [asyncio.create_task(state.update("k:1", add)) for _ in range(5)]
        await asyncio.sleep(0)
        await state.close()
        assert sorted(await asyncio.gather(*calls)) == [1, 2, 3, 4, 5]
        with pytest.raises(StoreUnavailable, match="closed"):
            await state.update("k:1", add)

    asyncio.run(close())


def test_loops_of_two_threads_may_share_one(lite: Database) -> None:
    state = AsyncState(SqlState(lite))
    tickets: list[int] = []

    async def some() -> None:
        tickets.extend(await asyncio.gather(*[state.update("k:1", add) for _ in range(50)]))

    threads = [threading.Thread(target=lambda: asyncio.run(some())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(tickets) == list(range(1, 101))
