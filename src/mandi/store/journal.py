"""Lines on the local disk until the database has them: one file per process, taken over by another one after a crash."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SEGMENT_BYTES = 4 << 20
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Segment:
    """A file of lines, and how many of their records the database does not have yet."""

    path: Path
    descriptor: int
    size: int = 0
    open_records: int = 0


class Journal:
    """Keeps lines that were acknowledged but not written to the database.

    A line is with the operating system when ``append`` returns: it outlives the process, not a power cut. The owner of a file
    holds a lock on it; a file without an owner is read by ``orphans``.

    Parameters
    ----------
    folder : Path
        On a local disk, for this service alone.
    segment_bytes : int
        A file that is longer is closed, and deleted once all its lines are in the database.
    """

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._current = self._begin()

    def append(self, line: bytes, records: int = 1) -> Segment | None:
        """Keep a line of so many records and return where; None, and a warning, when the disk would not take it."""
        with self._lock:
            segment = self._current
            try:
                _write(segment, line)
            except OSError as error:
                log.warning("the spool folder takes no more: %s", error.strerror)
                return None
            segment.open_records += records
            if segment.size >= self._segment_bytes:
                self._current = self._begin()
            return segment

    def settle(self, segments: Iterable[Segment | None]) -> None:
        """Say that one record of each of these segments is in the database."""
        with self._lock:
            for segment in segments:
                if segment is None:
                    continue
                segment.open_records -= 1
                if segment.open_records:
                    continue
                if segment is self._current:
                    os.ftruncate(segment.descriptor, 0)
                    segment.size = 0
                else:
                    _end(segment)

    def close(self) -> None:
        """Let go of the file; it stays, for the next process, when the database lacks lines of it."""
        with self._lock:
            if self._current.open_records:
                os.close(self._current.descriptor)
            else:
                _end(self._current)

    def orphans(self) -> Iterator[list[bytes]]:
        """Yield the lines of each file whose process is gone, and delete the file when the next one is asked for."""
        import fcntl

        for path in sorted(self.folder.glob("*.jsonl")):
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            try:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue  # its process lives
                if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
                    continue  # another process has just read and deleted it
                yield path.read_bytes().splitlines(keepends=True)
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def refuse(self, line: bytes) -> None:
        """Set a line aside that the database will not take, for a person to look at."""
        with (self.folder / "refused.txt").open("ab") as file:
            file.write(line)

    def _begin(self) -> Segment:
        import fcntl

        final = self.folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}.jsonl"
        making = final.with_suffix(
            ".new"
        )  # locked before anyone can see it, so that nobody takes it for an orphan
        descriptor = os.open(making, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        making.rename(final)
        return Segment(final, descriptor)


def _write(segment: Segment, line: bytes) -> None:
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[os.write(segment.descriptor, rest) :]
    except OSError:
        os.ftruncate(segment.descriptor, segment.size)  # half a line would spoil the next one
        raise
    segment.size += len(line)


def _end(segment: Segment) -> None:
    segment.path.unlink(missing_ok=True)
    os.close(segment.descriptor)
