"""Writes records off the path of a request: gathered, put in by one thread, kept on disk until the database has them."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.core.errors import MandiError, StoreUnavailable, UnknownValue
from mandi.store.bulk import insert_new
from mandi.store.database import Database
from mandi.store.journal import Journal, Segment
from mandi.store.records.base import Base
from mandi.store.records.feedback import ONLY_WHILE
from mandi.store.records.people import credentials
from mandi.store.rows import Row, from_line, row_of, to_line

log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 5.0


@dataclass(slots=True)
class _Kept:
    table: str
    row: Row
    segment: Segment | None = None


class Spool:
    """A bounded queue of records and the thread that empties it.

    A record that is there already (by its id or another unique column, as ``generation_id``) is left as it is, so that
    what is replayed after a crash is never there twice. When the database does not answer, records wait; when the queue
    is full, whoever adds waits; nothing is dropped but what belongs to somebody who was erased meanwhile. A record the tables
    refuse is logged, set aside and counted.

    Parameters
    ----------
    database : Database
    spool_dir : Path, optional
        Folder of this machine for lines that outlive a crash of the process; without one a crash loses what waits.
    batch : int
        Rows per transaction at most.
    every_s : float
        Seconds a record may wait for company.
    room : int
        Records that may wait.
    patience_s : float
        Seconds ``add`` and ``put`` wait for room.
    """

    def __init__(
        self,
        database: Database,
        spool_dir: Path | None = None,
        *,
        batch: int = 200,
        every_s: float = 0.05,
        room: int = 10_000,
        patience_s: float = 5.0,
    ) -> None:
        self._database = database
        self._journal = None if spool_dir is None else Journal(spool_dir)
        self._batch, self._every_s, self._room, self._patience_s = batch, every_s, room, patience_s
        self._queue: deque[_Kept] = deque()
        self._changed = threading.Condition()
        self._in_hand = 0
        self._hurry = 0
        self._closing = False
        self._replaying = self._journal is not None
        self.refused = 0
        self.written = 0
        self._thread = threading.Thread(target=self._work, name="mandi-spool", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Records that the database does not have yet."""
        return len(self._queue) + self._in_hand

    async def add(self, record: Base) -> None:
        """Take a record; wait without blocking the loop while there is no room.

        Raises
        ------
        StoreUnavailable
            There was no room for ``patience_s``, or the spool is closed.
        UnknownValue
            The record holds credentials, which are never written to a spool.
        """
        await self._add([self._kept(record)])

    async def add_rows(self, kind: type[Base], rows: Sequence[Row]) -> None:
        """Take a few records of one kind as their rows, as ``add`` does: each has every column, as ``row_of`` returns it.

        Parameters
        ----------
        kind : type
            Of a table without credentials.
        rows : sequence of dict
        """
        await self._add(_kept_rows(kind, rows))

    async def _add(self, together: list[_Kept]) -> None:
        end = time.monotonic() + self._patience_s
        while not self._offer(together):
            self._give_up_after(end)
            await asyncio.sleep(0.005)

    def put(self, record: Base) -> None:
        """Take a record, as ``add`` does, from a thread."""
        self._put([self._kept(record)])

    def put_rows(self, kind: type[Base], rows: Sequence[Row]) -> None:
        """Take many records of one kind as their rows, from a thread: each has every column, as ``row_of`` returns it.

        Parameters
        ----------
        kind : type
            Of a table without credentials.
        rows : sequence of dict
        """
        for start in range(0, len(rows), self._room):
            self._put(_kept_rows(kind, rows[start : start + self._room]))

    def _put(self, together: list[_Kept]) -> None:
        end = time.monotonic() + self._patience_s
        while not self._offer(together):
            self._give_up_after(end)
            with self._changed:
                self._changed.wait(0.05)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until the database has everything that was taken before, and return whether it has."""
        end = time.monotonic() + timeout_s
        with self._changed:
            self._hurry += 1
            self._changed.notify_all()
            try:
                while (self.waiting or self._replaying) and self._thread.is_alive():
                    if not self._changed.wait(max(0.0, end - time.monotonic())):
                        return False
                return not self.waiting
            finally:
                self._hurry -= 1

    def close(self, timeout_s: float = 10.0) -> None:
        """Flush and stop; what the database would not take stays in the folder for the next start."""
        self.flush(timeout_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if self.waiting:
            level = logging.WARNING if self._journal else logging.ERROR
            log.log(
                level,
                "%d records %s",
                self.waiting,
                "wait in the spool folder" if self._journal else "are lost",
            )
        if self._journal is not None:
            self._journal.close()

    def _kept(self, record: Base) -> _Kept:
        if credentials(record):
            raise UnknownValue(f"{type(record).__name__} holds credentials", allowed="records of calls")
        return _Kept(record.__tablename__, row_of(record))

    def _give_up_after(self, end: float) -> None:
        if time.monotonic() > end:
            raise StoreUnavailable(
                f"{self.waiting} records wait for {self._database.place}",
                next_command="ask again in a moment",
            )

    def _offer(self, together: list[_Kept]) -> bool:
        # of one table, kept as one line; made outside the lock, because it takes its time where they are many
        line = None
        if self._journal is not None and self.waiting + len(together) <= self._room:
            line = to_line(together[0].table, *(kept.row for kept in together))
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the spool is closed", next_command="start the service again")
            if len(self._queue) + len(together) > self._room or (self._journal is not None and line is None):
                return False
            if self._journal is not None and line is not None:
                segment = self._journal.append(line, len(together))
                for kept in together:
                    kept.segment = segment
            few = len(self._queue) < self._batch
            self._queue.extend(together)
            if len(self._queue) == len(together) or (few and len(self._queue) >= self._batch):
                self._changed.notify_all()
            return True

    def _work(self) -> None:
        if self._journal is not None:
            self._replay(self._journal)
        while batch := self._take():
            done = self._until_written(batch)
            with self._changed:
                if not done:
                    return  # closing, and the database does not answer: what is left stays as it is
                if self._journal is not None:
                    self._journal.settle(kept.segment for kept in batch)
                self._in_hand = 0
                self._changed.notify_all()

    def _take(self) -> list[_Kept]:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            end = time.monotonic() + self._every_s
            while len(self._queue) < self._batch and not self._closing and not self._hurry:
                if not self._changed.wait(end - time.monotonic()) or time.monotonic() >= end:
                    break
            batch = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            self._in_hand = len(batch)
            self._changed.notify_all()
            return batch

    def _replay(self, journal: Journal) -> None:
        try:
            for lines in journal.orphans():
                found = []
                for line in lines:
                    try:
                        table, rows = from_line(line)
                        found += [_Kept(table, row) for row in rows]
                    except UnknownValue:
                        # the last one is cut off when the process died while writing it: it was never acknowledged
                        if line.endswith(b"\n"):
                            self._refuse(line, "unreadable")
                for start in range(0, len(found), self._batch):
                    if not self._until_written(found[start : start + self._batch]):
                        return
                log.info("%d records of a process that is gone were replayed", len(found))
        except OSError as error:
            log.warning("the spool folder cannot be read: %s", error.strerror)
        finally:
            with self._changed:
                self._replaying = False
                self._changed.notify_all()

    def _until_written(self, batch: Sequence[_Kept]) -> bool:
        pause = 0.05
        told = False
        while True:
            try:
                self._write(batch)
                return True
            except Exception as error:
                # a thread that ends takes the service's memory of its calls with it: it never does
                if not told:
                    reason = (
                        str(error).splitlines()[0] if isinstance(error, MandiError) else type(error).__name__
                    )
                    log.warning("%d records wait: %s", self.waiting, reason)
                    told = True
            with self._changed:
                if self._closing:
                    return False
                self._changed.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _write(self, batch: Sequence[_Kept]) -> None:
        try:
            self._database.write(lambda session: _insert(session, batch))
            self.written += len(batch)
        except (sa.exc.SQLAlchemyError, UnknownValue) as error:
            if len(batch) == 1:
                self._refuse(to_line(batch[0].table, batch[0].row), type(error).__name__)
                return
            for kept in batch:
                self._write([kept])

    def _refuse(self, line: bytes, reason: str) -> None:
        self.refused += 1
        log.error("a record was refused (%s)%s", reason, ": see refused.txt" if self._journal else "")
        if self._journal is not None:
            try:
                self._journal.refuse(line)
            except OSError as error:
                log.error("and the spool folder does not take it: %s", error.strerror)


def _kept_rows(kind: type[Base], rows: Sequence[Row]) -> list[_Kept]:
    if _holds_credentials(kind):
        raise UnknownValue(f"{kind.__name__} holds credentials", allowed="records of calls")
    return [_Kept(kind.__tablename__, row) for row in rows]


@cache
def _holds_credentials(kind: type[Base]) -> bool:
    return bool(credentials(kind()))


def _insert(session: Session, batch: Sequence[_Kept]) -> None:
    rows: dict[str, list[dict[str, Any]]] = {}
    for kept in batch:
        rows.setdefault(kept.table, []).append(kept.row)
    connection = session.connection()
    for table in Base.metadata.sorted_tables:  # what others refer to comes first
        wanted = still_wanted(session, table, rows.get(table.name, []))
        if wanted:
            insert_new(connection, table, wanted)


def still_wanted(session: Session, table: sa.Table, rows: list[Row]) -> list[Row]:
    """Return the rows whose user and conversation are still there: what waited while they were erased is not written after it.

    Parameters
    ----------
    session : Session
        Of a transaction that writes; what the rows name cannot be erased before it ends.
    table : Table
        May say in ``info`` under ``ONLY_WHILE`` which columns name what.
    rows : list of dict
    """
    for column, (other, named) in table.info.get(ONLY_WHILE, {}).items():
        asked = {row[column] for row in rows} - {None}
        if not asked:
            continue
        key = Base.metadata.tables[other].c[named]
        there = set(session.scalars(sa.select(key).where(key.in_(asked)).with_for_update(read=True)))
        rows = [row for row in rows if row[column] is None or row[column] in there]
    return rows
