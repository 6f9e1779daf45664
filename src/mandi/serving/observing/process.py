"""What this worker takes of the machine: memory, processor time, threads and files, from /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc/self")
BEGUN = time.monotonic()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process takes; None where the system does not say.

    Attributes
    ----------
    resident_mib : float, optional
        Memory in use, what is shared with other workers counted in full.
    proportional_mib : float, optional
        The same with shared pages divided among those that share them: these add up over workers.
    cpu_seconds : float
        User and system time since the start.
    uptime_seconds : float
        Since this module was loaded, which the service does when it starts.
    """

    pid: int
    resident_mib: float | None
    proportional_mib: float | None
    cpu_seconds: float
    threads: int | None
    open_files: int | None
    uptime_seconds: float


def usage(proc: Path = PROC) -> Usage:
    """Return what this process takes now.

    Parameters
    ----------
    proc : Path
        Its folder below ``/proc``.

    Examples
    --------
    >>> usage().cpu_seconds > 0
    True
    """
    status = _fields(proc / "status")
    shares = _fields(proc / "smaps_rollup")
    times = os.times()
    return Usage(
        pid=os.getpid(),
        resident_mib=_mib(status.get("VmRSS")),
        proportional_mib=_mib(shares.get("Pss")),
        cpu_seconds=times.user + times.system,
        threads=int(status["Threads"]) if "Threads" in status else None,
        open_files=_count(proc / "fd"),
        uptime_seconds=time.monotonic() - BEGUN,
    )


def _fields(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: rest.strip() for name, colon, rest in (line.partition(":") for line in lines) if colon}


def _mib(kib: str | None) -> float | None:
    return None if kib is None else round(int(kib.split()[0]) / 1024, 1)


def _count(folder: Path) -> int | None:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return None
