"""Shared state in the database of records: every change waiting at the same moment goes into one transaction."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.store.database import Database
from mandi.store.keys import Wanted, checked
from mandi.store.records.state import StateDocument
from mandi.store.shared_state import Change, Document
from mandi.store.state_sql import POSTGRESQL, SQLITE, Kept

T = TypeVar("T")
SWEEP_EVERY_S = 30.0
SWEEP_AT_MOST = 1_000
CHECKPOINT_EVERY = 500  # changes on a loop's own thread, which make no checkpoint
PAGE = 500

TABLE: sa.Table = StateDocument.__table__  # type: ignore[assignment]


class SqlState:
    """SharedState on SQLite or PostgreSQL.

    The first of several waiting threads does the work of all of them (flat combining: Hendler, Incze, Shavit and Tzafrir,
    SPAA 2010): changes of many keys, and many changes of one key, cost one transaction.

    Parameters
    ----------
    database : Database
    clock : callable
        Seconds since 1970; decides when a document is over. All workers need about the same time.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._waiting: deque[Wanted] = deque()
        self._turn = threading.Lock()
        self._swept_at = clock()
        self._commits = 0
        self._say = SQLITE if database.is_sqlite else POSTGRESQL

    def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says."""
        wanted = Wanted(checked(key, ttl_s), change, ttl_s)
        self._waiting.append(wanted)
        with self._turn:
            if not wanted.done:
                batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
                self.update_all(batch)
        return wanted.outcome()

    def update_all(self, batch: Sequence[Wanted]) -> None:
        """Do many changes in one transaction, in their order; each one says for itself what became of it."""
        try:
            self._database.write(lambda session: self._apply(session.connection(), batch))
        except BaseException as error:
            for wanted in batch:
                wanted.error = wanted.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            for wanted in batch:
                wanted.done = True
        self.tidy()

    def at_once(self, batch: Sequence[Wanted]) -> bool:
        """Do changes without waiting, on the thread of the caller; False when that cannot be, and nothing was done.

        Only an SQLite file nobody else is writing to is that quick.
        """
        eager = self._database.eager
        if eager is None or self._untidy():
            return False
        done = eager.write(lambda connection: self._apply(connection, batch))
        self._commits += done
        for wanted in batch if done else ():
            wanted.done = True
        return done

    def read_at_once(self, key: str) -> tuple[bool, Document | None]:
        """Return whether a document could be read without waiting, and the document."""
        if self._database.eager is None:
            return False, None
        return self._database.eager.read(lambda connection: self._say.read(connection, key, self._clock()))

    def tidy(self) -> None:
        """Delete what is over and move the write-ahead log on, if it is time to."""
        if self._clock() - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = self._clock()
            self._database.write(self._sweep)
        if self._commits >= CHECKPOINT_EVERY:
            self._commits = 0
            self._database.settle("PASSIVE")

    def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        checked(key)
        return self._database.read(lambda session: self._say.read(session.connection(), key, self._clock()))

    def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        self.update(key, lambda _: (document, None), ttl_s)

    def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        self.update(key, lambda _: (None, None))

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix, a page at a time."""
        after = ""
        while True:
            query = (
                sa.select(TABLE.c.key)
                .where(
                    sa.func.substr(TABLE.c.key, 1, len(prefix)) == prefix, TABLE.c.key > after, self._alive()
                )
                .order_by(TABLE.c.key)
                .limit(PAGE)
            )
            page = self._database.read(lambda session, query=query: list(session.scalars(query)))  # type: ignore[misc]
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]

    def sweep(self) -> int:
        """Delete documents that are over and return how many there were (at most 1000 at a time)."""
        return self._database.write(self._sweep)

    def check(self) -> None:
        """Raise StoreUnavailable when the database does not answer or lacks the table."""
        self._database.read(lambda session: session.execute(sa.select(TABLE.c.key).limit(1)).scalar())

    def close(self) -> None:
        """Do nothing: the database belongs to whoever opened it."""

    def _untidy(self) -> bool:
        return self._commits >= CHECKPOINT_EVERY or self._clock() - self._swept_at >= SWEEP_EVERY_S

    def _alive(self) -> sa.ColumnElement[bool]:
        return sa.or_(TABLE.c.expires_at.is_(None), TABLE.c.expires_at > self._clock())

    def _apply(self, connection: sa.Connection, batch: Sequence[Wanted]) -> None:
        keys = sorted({wanted.key for wanted in batch})
        self._say.lock(connection, keys)
        before = self._say.find(connection, keys)
        now = self._clock()
        after: dict[str, tuple[Document | None, float | None]] = {
            key: (document, ends) if ends is None or ends > now else (None, None)
            for key, (document, ends, _) in before.items()
        }
        for wanted in batch:
            wanted.error = wanted.result = None
            try:
                document, wanted.result = wanted.change(after.get(wanted.key, (None, None))[0])
            except Exception as error:
                wanted.error = error  # of this caller alone: its document stays as it was
                continue
            ends = None if wanted.ttl_s is None or document is None else now + wanted.ttl_s
            after[wanted.key] = (document, ends)
        self._keep(connection, before, after)

    def _keep(
        self,
        connection: sa.Connection,
        before: dict[str, Kept],
        after: dict[str, tuple[Document | None, float | None]],
    ) -> None:
        gone = [key for key, (document, _) in after.items() if document is None and key in before]
        put = [
            (key, document, ends, before[key][2] + 1 if key in before else 1)
            for key, (document, ends) in after.items()
            if document is not None and (key not in before or before[key][:2] != (document, ends))
        ]
        if put:
            self._say.put(connection, put)
        if gone:
            self._say.remove(connection, gone)

    def _sweep(self, session: Session) -> int:
        over = sa.select(TABLE.c.key).where(TABLE.c.expires_at <= self._clock()).limit(SWEEP_AT_MOST)
        if not self._database.is_sqlite:
            over = over.with_for_update(skip_locked=True)
        found = list(session.scalars(over))
        # asked again: a document may have come back to life in between
        done = sa.delete(TABLE).where(TABLE.c.key.in_(found), TABLE.c.expires_at <= self._clock())
        return session.connection().execute(done).rowcount if found else 0
