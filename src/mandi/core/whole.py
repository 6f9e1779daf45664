"""Puts a folder in the place of an older one, all of it or nothing, whenever its writer is stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mandi.core.storage import told_when_unwritable


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside another one and put it in that one's place when the block has ended well.

    Whoever is interrupted, killed or out of room leaves the previous folder as it was; what a killed process left beside it goes with
    the next one.

    Parameters
    ----------
    folder : Path
        Made if it is not there.

    Yields
    ------
    Path
        The folder to write into.

    Raises
    ------
    DiskFull
        There is no room.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "tables"
    >>> with replaced(place) as fresh:
    ...     _ = (fresh / "a.txt").write_text("a")
    >>> [file.name for file in place.iterdir()]
    ['a.txt']
    """
    with told_when_unwritable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        previous = previous_of(folder)
        if previous.is_dir():
            if folder.is_dir():
                shutil.rmtree(previous)
            else:
                previous.rename(folder)
        for left in folder.parent.glob(f".{folder.name}.new-*"):
            if not _running(left.name.rpartition("-")[2]):
                shutil.rmtree(left)
        new = folder.with_name(f".{folder.name}.new-{os.getpid()}")
        new.mkdir()
        try:
            yield new
            if folder.is_dir():
                folder.rename(previous)
            new.rename(folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            if previous.is_dir() and not folder.is_dir():
                previous.rename(folder)
            raise
        shutil.rmtree(previous, ignore_errors=True)


def previous_of(folder: Path) -> Path:
    """Return where the folder before lies for the moment of the exchange; whoever reads then reads there."""
    return folder.with_name(f".{folder.name}.previous")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name beside a file to write to; what is there at the end of the block takes the file's place.

    Parameters
    ----------
    path : Path
        Its folder is made if it is not there.

    Yields
    ------
    Path

    Raises
    ------
    DiskFull
        There is no room; the file is as it was.
    """
    beside = path.with_name(f".{path.name}.part-{os.getpid()}")
    with told_when_unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.part-*"):
            if not _running(left.name.rpartition("-")[2]):
                left.unlink(missing_ok=True)
        try:
            yield beside
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def _running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
