from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import ConfigError, StoreUnavailable
from mandi.store.database import Database
from mandi.store.records import Organization, SystemConfig
from mandi.store.schema import upgrade

sys.path.insert(0, str(Path(__file__).parent))
from store_places import processes

SECRET = "hunter2secret"
ADD = """
import sys
from mandi.store.database import Database
from mandi.store.records import SystemConfig
database = Database.open(sys.argv[1])
calls = []
def add(session):
    calls.append(1)
    row = session.get(SystemConfig, "counter", with_for_update=True)
    row.value = row.value + 1
for _ in range(50):
    database.write(add)
print(len(calls))
"""


def put(key: str, value: object):  # type: ignore[no-untyped-def]
    return lambda session: session.add(SystemConfig(key=key, value=value))


def value(database: Database, key: str) -> object:
    row = database.read(lambda session: session.get(SystemConfig, key))
    return None if row is None else row.value


def test_what_is_written_is_read_and_what_fails_leaves_nothing(database: Database) -> None:
    database.write(put("a", {"mode": "hybrid"}))
    assert value(database, "a") == {"mode": "hybrid"}

    def half(session: Session) -> None:
        session.add(SystemConfig(key="b", value=1))
        session.flush()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        database.write(half)
    assert value(database, "b") is None


def test_reading_cannot_write(database: Database) -> None:
    statement = sa.text("insert into organizations (id) values ('x')")
    with pytest.raises(sa.exc.DBAPIError, match="readonly|read-only"):
        database.read(lambda session: session.execute(statement))
    database.read(put("forgotten", 1))
    database.write(put("kept", 1))  # the connection is as good as before
    assert (value(database, "forgotten"), value(database, "kept")) == (None, 1)


def test_a_broken_constraint_is_the_callers(database: Database) -> None:
    database.write(lambda session: session.add(Organization(name="one")))
    with pytest.raises(sa.exc.IntegrityError) as refused:
        database.write(lambda session: session.add(Organization(name="one", timezone=SECRET)))
    assert SECRET not in str(refused.value)


def test_calls_from_a_loop(database: Database) -> None:
    async def many() -> list[object]:
        await asyncio.gather(*[database.awrite(put(f"k{n}", n)) for n in range(20)])
        return await asyncio.gather(
            *[
                database.aread(lambda session, n=n: session.get(SystemConfig, f"k{n}").value)
                for n in range(20)
            ]
        )

    assert asyncio.run(many()) == list(range(20))


def test_processes_never_lose_an_update(database: Database, url: str) -> None:
    database.write(put("counter", 0))
    for done in processes(ADD, [url], [url]):
        # each one waited for its turn before it read, so nothing was done twice
        assert (done.returncode, done.stdout.strip()) == (0, "50"), done.stderr
    assert value(database, "counter") == 100


def test_a_lost_transaction_is_tried_again(database: Database) -> None:
    if database.is_sqlite:
        lost = sa.exc.OperationalError("x", {}, sqlite3.OperationalError("database is locked"))
    else:
        import psycopg

        lost = sa.exc.OperationalError("x", {}, psycopg.errors.SerializationFailure())
    seen = []

    def unlucky(session: Session) -> str:
        seen.append(1)
        if len(seen) < 3:
            raise lost
        return "done"

    assert database.write(unlucky) == "done"
    assert len(seen) == 3


def test_a_locked_file_is_said_so_and_nothing_is_half_written(lite: Database) -> None:
    other = sqlite3.connect(lite.engine.url.database, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreUnavailable, match="locked") as refused:
        lite.write(put("a", 1))
    assert refused.value.next_command
    other.execute("commit")
    other.close()
    lite.write(put("b", 2))
    assert (value(lite, "a"), value(lite, "b")) == (None, 2)


def test_a_full_disk_is_said_so_and_nothing_is_half_written(lite: Database) -> None:
    @sa.event.listens_for(lite.engine, "begin")
    def narrow(connection: sa.Connection) -> None:
        connection.connection.dbapi_connection.execute("pragma max_page_count = 1")  # type: ignore[union-attr]

    def big(session: Session) -> None:
        session.add(SystemConfig(key="small", value=1))
        session.flush()
        session.add(SystemConfig(key="big", value="x" * 1_000_000))

    with pytest.raises(StoreUnavailable, match="full") as refused:
        lite.write(big)
    assert refused.value.next_command == "free some space on its disk"
    assert value(lite, "small") is None


def test_a_writer_that_writes_is_told_instead_of_hanging(lite: Database) -> None:
    with pytest.raises(StoreUnavailable, match="has not finished"):
        lite.write(lambda _: lite.write(put("a", 1)))
    lite.write(put("b", 1))


def test_threads_take_turns(lite: Database) -> None:
    patient = Database.open(lite.engine.url.render_as_string())
    threads = [threading.Thread(target=patient.write, args=(put(f"t{n}", n),)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [value(lite, f"t{n}") for n in range(16)] == list(range(16))
    patient.close()


def test_sqlite_is_set_up_for_several_processes(lite: Database) -> None:
    with lite.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 300}


@pytest.fixture
def unreachable() -> Iterator[Database]:
    database = Database.open(f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/market", patience_s=0.2)
    yield database
    database.close()


def test_a_password_is_never_shown(unreachable: Database, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        unreachable.check()
    for text in (str(refused.value), repr(refused.value), repr(unreachable), caplog.text):
        assert SECRET not in text
    assert refused.value.__cause__ is None and refused.value.__suppress_context__
    assert "127.0.0.1/market" in str(refused.value)
    for wrong in (f"mysql://me:{SECRET}@host/x", f"postgresql://me:{SECRET}@host:port/x", f"::{SECRET}"):
        with pytest.raises(ConfigError) as unknown:
            Database.open(wrong)
        assert SECRET not in str(unknown.value)


@pytest.mark.parametrize("wrong", ["sqlite://", "sqlite:///:memory:", "oracle://x"])
def test_only_what_workers_can_share(wrong: str) -> None:
    with pytest.raises(ConfigError, match="SQLite URL|oracle"):
        Database.open(wrong)


def test_a_database_without_tables_says_what_to_do(url: str) -> None:
    empty = Database.open(url)
    empty.check()
    with pytest.raises(StoreUnavailable) as refused:
        empty.read(lambda session: session.get(SystemConfig, "a"))
    assert refused.value.next_command == "mandi store upgrade"
    upgrade(empty)
    assert value(empty, "a") is None
    empty.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    database = Database.open(f"sqlite:///{tmp_path}/file/mandi.db")
    with pytest.raises(StoreUnavailable, match="cannot be made|unable to open"):
        database.check()
    database.close()
