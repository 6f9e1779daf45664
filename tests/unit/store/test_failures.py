from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from mandi.core.errors import StoreUnavailable
from mandi.store.database import Database
from mandi.store.failures import may_be_tried_again, told


@pytest.mark.parametrize(
    ("kind", "text", "next_command"),
    [
        ("OperationalError", "database is locked", "find the process that holds the file: fuser x.db"),
        ("OperationalError", "database or disk is full", "free some space on its disk"),
        ("OperationalError", "disk I/O error", "check that it runs, and who may use it"),
        ("DatabaseError", "database disk image is malformed", "check that it runs, and who may use it"),
        ("OperationalError", "no such table: users", "mandi store upgrade"),
    ],
)
def test_a_store_that_cannot_go_on_says_why_and_what_next(kind: str, text: str, next_command: str) -> None:
    wrapped = getattr(sa.exc, kind)("SELECT secret", {}, getattr(sqlite3, kind)(text))
    said = told(wrapped, "sqlite x.db")
    assert isinstance(said, StoreUnavailable)
    assert said.next_command == next_command
    assert "secret" not in str(said)


@pytest.mark.parametrize("statement", ["selec 1", "select * from (", "insert into"])
def test_a_misspelt_statement_is_not_the_stores_fault(database: Database, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        database.write(lambda session: session.execute(sa.text(statement)))


def test_only_a_lost_race_is_tried_again() -> None:
    import psycopg

    def wrapped(cause: Exception) -> sa.exc.DBAPIError:
        return sa.exc.OperationalError("x", {}, cause)

    assert may_be_tried_again(wrapped(psycopg.errors.DeadlockDetected()))
    assert may_be_tried_again(wrapped(psycopg.errors.SerializationFailure()))
    assert may_be_tried_again(wrapped(sqlite3.OperationalError("database is locked")))
    assert not may_be_tried_again(wrapped(psycopg.errors.AdminShutdown()))
    assert not may_be_tried_again(wrapped(sqlite3.OperationalError("disk I/O error")))
