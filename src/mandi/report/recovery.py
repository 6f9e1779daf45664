"""Clears away what a killed run of the pipelines left locked, and says what to do about what it left half written.

DVC keeps two kinds of locks in .dvc/tmp: those the system gives back with the process, and a list of paths in ``rwlock``, written as
JSON and not in one step. It strikes out processes that are gone, but stops at a list that breaks off in the middle, and at the number
of a dead process that another program has been given since. Nothing else is touched.
"""

from __future__ import annotations

import fcntl
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from mandi.core.errors import ConfigError
from mandi.core.whole import written_whole

RWLOCK, GUARD = "rwlock", "rwlock.lock"
PROC = Path("/proc")


def recover(root: Path) -> list[str]:
    """Release what no process of DVC holds any more.

    Parameters
    ----------
    root : Path
        The project.

    Returns
    -------
    list of str
        What was released, a line each; empty when nothing had to be.

    Raises
    ------
    ConfigError
        dvc.lock breaks off in the middle: it says how to get it back.
    """
    _whole_lock_file(root / "dvc.lock")
    folder = root / ".dvc" / "tmp"
    listed = folder / RWLOCK
    if not listed.is_file():
        return []
    with (folder / GUARD).open("a") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return []  # a process of DVC writes the list at this moment, so it is in use and whole
        return _released(listed)


def _whole_lock_file(path: Path) -> None:
    with suppress(FileNotFoundError):
        text = path.read_bytes()
        if not text.endswith(b"\n"):
            raise ConfigError(
                f"{path.name} breaks off after {len(text)} bytes: a run was killed while it wrote it",
                allowed="the file as the last run that ended wrote it",
                next_command=f"git checkout -- {path.name} (or rm {path.name}: what is in DVC's cache is not run again), then mandi repro",
            )


def _released(listed: Path) -> list[str]:
    try:
        locks: dict[str, Any] = json.loads(listed.read_text(encoding="utf-8"))
    except ValueError:
        listed.unlink()
        return [f"the list of locks in .dvc/tmp/{RWLOCK} broke off in the middle and was removed"]
    told: list[str] = []
    readers = {
        path: [one for one in infos if _holds(one, path, told)]
        for path, infos in locks.get("read", {}).items()
    }
    writers = {path: one for path, one in locks.get("write", {}).items() if _holds(one, path, told)}
    if told:
        with written_whole(listed) as beside:
            kept = {"read": {path: infos for path, infos in readers.items() if infos}, "write": writers}
            beside.write_text(json.dumps(kept), encoding="utf-8")
    return told


def _holds(info: dict[str, Any], path: str, told: list[str]) -> bool:
    if is_dvc(int(info["pid"])):
        return True
    told.append(f"{Path(path).name} was locked by process {info['pid']}, which is gone")
    return False


def is_dvc(pid: int) -> bool:
    """Return whether a process is there and runs DVC; where that cannot be seen, that it is.

    Examples
    --------
    >>> is_dvc(2**22 + 1)
    False
    """
    if not (PROC / "self").exists():
        return True  # DVC looks by itself whether there is such a process
    try:
        return b"dvc" in (PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        return True
