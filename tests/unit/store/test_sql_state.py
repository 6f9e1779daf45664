from __future__ import annotations

import threading
import time

import pytest
import sqlalchemy as sa

from mandi.core.errors import StoreUnavailable
from mandi.store.database import Database
from mandi.store.keys import Wanted
from mandi.store.records import StateDocument
from mandi.store.sql_state import SWEEP_EVERY_S, SqlState


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(database: Database, clock: Clock) -> SqlState:
    return SqlState(database, clock)


def rows(database: Database) -> dict[str, StateDocument]:
    found = database.read(lambda session: list(session.scalars(sa.select(StateDocument))))
    return {row.key: row for row in found}


def add(old: bytes | None) -> tuple[bytes, int]:
    number = int(old or 0) + 1
    return str(number).encode(), number


def transactions(database: Database) -> list[float]:
    seen: list[float] = []
    sa.event.listen(database.engine, "commit", lambda _: seen.append(time.monotonic()))
    return seen


def test_the_clock_decides_when_a_document_is_over(state: SqlState, clock: Clock) -> None:
    state.write("a:1", b"1", ttl_s=10)
    clock.now += 9.9
    assert state.read("a:1") == b"1" and list(state.keys("a:")) == ["a:1"]
    clock.now += 0.1
    assert state.read("a:1") is None and list(state.keys("a:")) == []
    assert state.update("a:1", lambda old: (b"2", old)) is None


def test_what_is_over_is_swept_by_the_way(database: Database, state: SqlState, clock: Clock) -> None:
    for n in range(5):
        state.write(f"old:{n}", b"1", ttl_s=1)
    state.write("kept:1", b"1", ttl_s=10_000)
    clock.now += SWEEP_EVERY_S
    assert len(rows(database)) == 6
    state.write("new:1", b"1")
    assert sorted(rows(database)) == ["kept:1", "new:1"]
    assert state.sweep() == 0


def test_waiting_changes_share_one_transaction(database: Database, state: SqlState) -> None:
    batch = [Wanted(f"k:{n % 3}", add) for n in range(30)]
    seen = transactions(database)
    state.update_all(batch)
    assert len(seen) == 1
    assert sorted(wanted.outcome() for wanted in batch) == sorted(list(range(1, 11)) * 3)
    assert {key: row.version for key, row in rows(database).items()} == {"k:0": 1, "k:1": 1, "k:2": 1}


def test_the_first_of_waiting_threads_works_for_all(database: Database, state: SqlState) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(old: bytes | None) -> tuple[bytes, int]:
        entered.set()
        go.wait(5)
        return add(old)

    seen = transactions(database)
    first = threading.Thread(target=state.update, args=("k:1", slow))
    first.start()
    entered.wait(5)
    tickets: list[int] = []
    others = [threading.Thread(target=lambda: tickets.append(state.update("k:1", add))) for _ in range(12)]
    for thread in others:
        thread.start()
    while len(state._waiting) < 12:
        time.sleep(0.001)
    go.set()
    for thread in (first, *others):
        thread.join(5)
    assert sorted(tickets) == list(range(2, 14))
    assert len(seen) == 2  # one for the first, one for the twelve


def test_a_change_is_called_again_when_its_transaction_was_lost(database: Database, state: SqlState) -> None:
    lost = threading.Event()
    calls: list[bytes | None] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def fail_once(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        if statement.startswith("INSERT INTO shared_state") and not lost.is_set():
            lost.set()
            import sqlite3

            raise sa.exc.OperationalError(statement, {}, sqlite3.OperationalError("database is locked"))

    def count(old: bytes | None) -> tuple[bytes, int]:
        calls.append(old)
        return add(old)

    assert state.update("k:1", count) == 1
    assert calls == [None, None]
    assert state.read("k:1") == b"1"


def test_a_store_that_fails_tells_every_one_who_waited(lite: Database) -> None:
    state = SqlState(lite)
    lite.write(lambda session: session.execute(sa.text("drop table shared_state")))
    batch = [Wanted("a:1", add), Wanted("a:2", add)]
    state.update_all(batch)
    for wanted in batch:
        with pytest.raises(StoreUnavailable):
            wanted.outcome()


def test_an_unchanged_document_is_not_written_again(database: Database, state: SqlState) -> None:
    state.write("k:1", b"5")
    state.update("k:1", lambda old: (old, None))
    state.update("nothing:1", lambda old: (None, None))
    assert {key: row.version for key, row in rows(database).items()} == {"k:1": 1}
    state.write("k:1", b"6")
    assert rows(database)["k:1"].version == 2
