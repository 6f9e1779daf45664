"""One connection to an SQLite file that answers at once or not at all: short enough work may be done on a loop's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from mandi.store.connections import READING

NO_WAIT = (
    "busy_timeout=0",
    "wal_autocheckpoint=0",
)  # a checkpoint waits for the disk: writers on threads do it


class Driver:
    """A connection of the driver with the few calls that shared state makes: SQLAlchemy's own cost as much as their work.

    Parameters
    ----------
    connection : Connection
        Detached from the pool.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()

    def exec_driver_sql(self, statement: str, parameters: Any = ()) -> Found:
        """Run a statement, once or for each of a list of parameters."""
        if isinstance(parameters, list):
            self._cursor.executemany(statement, parameters)
            return Found([])
        self._cursor.execute(statement, parameters)
        return Found(self._cursor.fetchall())

    def begin(self, words: str) -> None:
        """Begin a transaction."""
        self._cursor.execute(words)

    def end(self, words: str) -> None:
        """End it."""
        self._cursor.execute(words)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class Found(list[Any]):
    """Rows of an answer."""

    def scalar(self) -> Any:
        """Return the first column of the first row, or None."""
        return self[0][0] if self else None


class Eager:
    """A connection held open beside the pool.

    Handing a change to a thread and back costs more than a transaction without a disk in it (0.1 ms), and a busy loop
    makes the thread wait for the interpreter at every statement. So the loop tries by itself first.

    Parameters
    ----------
    engine : Engine
        Of an SQLite file.
    turn : Lock
        Held by whoever writes in this process.
    """

    def __init__(self, engine: sa.Engine, turn: threading.Lock) -> None:
        self._engine = engine
        self._turn = turn
        self._alone = threading.Lock()
        self._writing: Driver | None = None
        self._reading: Driver | None = None

    def write(self, work: Callable[[Any], Any]) -> bool:
        """Do work in a transaction if nobody else is writing, and return whether it was done.

        False means that nothing was written: the file was taken, or something failed that a thread has the time to look into.
        """
        if not self._turn.acquire(blocking=False):
            return False
        try:
            if self._writing is None:
                self._writing = _held(self._engine, reading=False)
            self._writing.begin("BEGIN IMMEDIATE")
            try:
                work(self._writing)
            except BaseException:
                self._writing.end("ROLLBACK")
                raise
            self._writing.end("COMMIT")
            return True
        except Exception:  # a loop cannot wait for the reason; the thread that tries next says it
            return False
        finally:
            self._turn.release()

    def read(self, look: Callable[[Any], Any]) -> tuple[bool, Any]:
        """Return whether the file could be read just now, and what was found."""
        if not self._alone.acquire(blocking=False):
            return False, None
        try:
            if self._reading is None:
                self._reading = _held(self._engine, reading=True)
            return True, look(self._reading)  # a single statement sees one state of the file by itself
        except Exception:
            return False, None
        finally:
            self._alone.release()

    def close(self) -> None:
        """Let go of the connections."""
        with self._turn, self._alone:
            for connection in (self._writing, self._reading):
                if connection is not None:
                    connection.close()
            self._writing = self._reading = None


def _held(engine: sa.Engine, *, reading: bool) -> Driver:
    connection = engine.execution_options(**{READING: reading}).connect()
    connection.detach()  # never given to anyone who would wait
    for pragma in NO_WAIT:
        connection.connection.cursor().execute(f"PRAGMA {pragma}")
    return Driver(connection)
