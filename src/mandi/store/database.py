"""The database of records: transactions as functions, from threads or from a loop, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import StoreUnavailable
from mandi.store.connections import PATIENCE_S, READING, engine_for, place
from mandi.store.eager import Eager
from mandi.store.failures import may_be_tried_again, told, writes_while_reading

T = TypeVar("T")
DEFAULT_URL = "sqlite:///mandi.db"
TRIES = 5
PAUSE_S = 0.01  # before a second try; doubles, with jitter


class Database:
    """Records by URL. ``write`` and ``read`` give a function a session inside one transaction.

    A function that writes may be called again when its transaction lost against another one, so it does nothing but use
    its session. SQLite has one writer at a time: writers of this process queue on a lock, other processes on the file.
    A commit outlives a crash of the process; with SQLite a power cut may take the last moments (``synchronous=NORMAL``).

    Parameters
    ----------
    engine : Engine
        As ``Database.open`` makes it.

    Examples
    --------
    >>> import tempfile
    >>> from mandi.store.records import SystemConfig
    >>> from mandi.store.schema import upgrade
    >>> folder = tempfile.TemporaryDirectory()
    >>> database = Database.open(f"sqlite:///{folder.name}/mandi.db")
    >>> upgrade(database)
    '0006'
    >>> database.write(lambda session: session.add(SystemConfig(key="ai_mode", value="hybrid")))
    >>> database.read(lambda session: session.get(SystemConfig, "ai_mode").value)
    'hybrid'
    >>> database.close(); folder.cleanup()
    """

    def __init__(self, engine: sa.Engine, patience_s: float = PATIENCE_S) -> None:
        self.engine = engine
        self.place = place(engine.url)
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._reading = engine.execution_options(**{READING: True, "postgresql_readonly": True})
        self._patience_s = patience_s
        self._one_writer = threading.Lock()
        self.eager = Eager(engine, self._one_writer) if self.is_sqlite else None
        self._writers = ThreadPoolExecutor(1 if self.is_sqlite else 4, thread_name_prefix="mandi-write")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="mandi-read")

    @classmethod
    def open(cls, url: str = DEFAULT_URL, *, patience_s: float = PATIENCE_S) -> Database:
        """Return the database of a URL; it is connected at first use.

        Parameters
        ----------
        url : str
            ``sqlite:///path/to/file.db`` or ``postgresql+psycopg://user:password@host:5432/database``.
        patience_s : float
            Seconds to wait for another writer, or for a connection.

        Raises
        ------
        ConfigError
            The URL is not understood or its driver is not installed.
        """
        return cls(engine_for(url, patience_s), patience_s)

    def __repr__(self) -> str:
        return f"Database({self.place})"

    def write(self, change: Callable[[Session], T]) -> T:
        """Call a function in a transaction, commit, and return what it returned.

        Objects it returns stay readable after the commit. Whatever it raises rolls everything back.

        Raises
        ------
        StoreUnavailable
            The database is locked, full, gone or not upgraded; nothing was written.
        IntegrityError
            A constraint of the tables was broken (of SQLAlchemy).
        """
        return self._run(self.engine, change, self._turn if self.is_sqlite else nullcontext)

    def read(self, look: Callable[[Session], T]) -> T:
        """Call a function in a transaction that cannot write, and return what it returned.

        Raises
        ------
        StoreUnavailable
            The database is gone or not upgraded.
        """
        return self._run(self._reading, look, nullcontext)

    async def awrite(self, change: Callable[[Session], T]) -> T:
        """Do ``write`` on a thread of the database; one that was begun is finished even when the caller is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, self.write, change)

    async def aread(self, look: Callable[[Session], T]) -> T:
        """Do ``read`` on a thread of the database."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read, look)

    def check(self) -> None:
        """Raise StoreUnavailable when the database does not answer."""
        self.read(lambda session: session.execute(sa.text("SELECT 1")).scalar())

    def settle(self, mode: str = "TRUNCATE") -> bool:
        """Move SQLite's write-ahead log into its file and return whether all of it went.

        What was deleted is gone from the disk then. ``PASSIVE`` does what can be done without waiting for others.
        """
        if not self.is_sqlite:
            return True
        connection = self.engine.raw_connection()
        try:
            return connection.cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchone()[0] == 0
        finally:
            connection.close()

    def close(self) -> None:
        """Finish what was begun and release connections and threads."""
        self._writers.shutdown()
        self._readers.shutdown()
        if self.eager is not None:
            self.eager.close()
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._one_writer.acquire(timeout=self._patience_s):
            raise StoreUnavailable(
                f"{self.place} does not answer: another writer of this process has not finished",
                next_command="ask again in a moment; a function that writes must not call write",
            )
        try:
            yield
        finally:
            self._one_writer.release()

    def _run(
        self,
        engine: sa.Engine,
        work: Callable[[Session], T],
        turn: Callable[[], AbstractContextManager[None]],
    ) -> T:
        reading = engine is self._reading
        end = time.monotonic() + self._patience_s
        for attempt in range(1, TRIES + 1):
            try:
                with turn(), Session(engine, expire_on_commit=False, autoflush=not reading) as session:
                    result = work(session)
                    if reading:
                        session.expunge_all()  # what was read stays readable, and nothing of it is written
                    else:
                        session.commit()
                    return result
            except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
                again = isinstance(error, sa.exc.DBAPIError) and may_be_tried_again(error)
                if not again or attempt == TRIES or time.monotonic() > end:
                    instead = None if reading and writes_while_reading(error) else told(error, self.place)
                    if instead is None:
                        raise
                    raise instead from None
            time.sleep(PAUSE_S * 2**attempt * random.uniform(0.5, 1.0))
        raise StoreUnavailable(f"{self.place} does not answer")  # pragma: no cover
