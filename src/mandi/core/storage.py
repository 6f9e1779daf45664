"""Says plainly what a full disk, a read-only one or a locked database file means, whichever library met it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mandi.core.errors import DiskFull, MandiError, StoreUnavailable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SQLITE_UNWRITTEN = ("database or disk is full", "disk i/o error", "attempt to write a readonly database")
SQLITE_LOCKED = ("database is locked", "database table is locked", "database schema is locked")


@contextmanager
def told_when_unwritable(where: Path | None = None) -> Iterator[None]:
    """Raise what a block meets of full disks and locked databases as an error that says what to do; all else as it is.

    Parameters
    ----------
    where : Path, optional
        File or folder that is written, for an error that names none.

    Raises
    ------
    DiskFull
        There is no room, or nothing may be written there.
    StoreUnavailable
        A database file is held by another process.

    Examples
    --------
    >>> with told_when_unwritable(Path("/tmp")):
    ...     raise OSError(28, "No space left on device")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mandi.core.errors.DiskFull: /tmp cannot be written: No space left on device; ... MB are free there
      allowed: a disk with room, for the files of one run about 1 GB
      next: df -h /tmp, then the same command again
    """
    try:
        yield
    except MandiError:
        raise
    except Exception as error:
        told = unwritable(error, where)
        if told is None:
            raise
        raise told from error


def unwritable(error: BaseException, where: Path | None = None) -> MandiError | None:
    """Return the error to show instead, or None when the disk and its databases have nothing to do with it.

    Parameters
    ----------
    error : BaseException
        Whatever was raised; what it was raised from is looked at as well.
    where : Path, optional
        See ``told_when_unwritable``.
    """
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno in (*FULL, errno.EROFS):
            return _no_room(os.strerror(link.errno), _place(link, where))
        if isinstance(link, sqlite3.Error):
            said = str(link).lower()
            if reason := next((r for r in SQLITE_UNWRITTEN if r in said), ""):
                return _no_room(reason, where or Path.cwd())
            if any(reason in said for reason in SQLITE_LOCKED):
                return _locked(where)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inner = getattr(link, "orig", None)  # where SQLAlchemy keeps the driver's own
        waiting.append(inner if isinstance(inner, BaseException) else None)
        waiting.append(link.__cause__)
        waiting.append(None if link.__suppress_context__ else link.__context__)


def _place(error: OSError, where: Path | None) -> Path:
    named = error.filename
    return Path(os.fsdecode(named)) if isinstance(named, str | bytes) else where or Path.cwd()


def _no_room(said: str, place: Path) -> DiskFull:
    folder = next((p for p in (place, *place.absolute().parents) if p.is_dir()), Path.cwd())
    free = shutil.disk_usage(folder).free / 1e6
    return DiskFull(
        f"{place} cannot be written: {said}; {free:.1f} MB are free there",
        allowed="a disk with room, for the files of one run about 1 GB",
        next_command=f"df -h {folder}, then the same command again",
    )


def _locked(where: Path | None) -> StoreUnavailable:
    named = str(where) if where is not None else "a database file"
    return StoreUnavailable(
        f"{named} is locked: another process has been writing to it for longer than this one waits",
        allowed="one writer at a time",
        next_command=f"fuser {where if where is not None else 'FILE'} names that process; when it has finished, the same command again",
    )
