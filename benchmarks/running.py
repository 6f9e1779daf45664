"""Servers that run as long as a benchmark asks them: started, waited for, ended, and what their processes take."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

READY_S = 180
TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@contextmanager
def running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a folder; what it says goes to a log.

    Parameters
    ----------
    command : sequence of str
    folder : Path
    environment : mapping
        All of it.
    log : Path
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as kept:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=kept, stderr=kept)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_there(url: str, process: subprocess.Popen[bytes], key: str) -> None:
    """Wait until a server answers.

    Parameters
    ----------
    url : str
        Asked with ``key`` until it answers something else than 502 or 503.
    process : Popen
    key : str

    Raises
    ------
    RuntimeError
        It ended, or is not there after three minutes.
    """
    until = time.monotonic() + READY_S
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"})
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except urllib.error.HTTPError as error:
            if error.code not in (502, 503):
                raise
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} was not there in {READY_S} s; its log says why")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """Return a process and all that it started, and they, as long as they live."""
    found = [pid]
    for parent in found:
        for children in PROC.glob(f"{parent}/task/*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue  # it has just ended
    return found


def proportional_mib(pids: Sequence[int]) -> float:
    """Return the memory of processes together, MiB; a page that several share counts once.

    Examples
    --------
    >>> 1 < proportional_mib([os.getpid()]) < 4096
    True
    """
    kib = 0
    for pid in pids:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the processor time of processes since they began, seconds.

    Examples
    --------
    >>> cpu_seconds([os.getpid()]) > 0
    True
    """
    ticks = 0
    for pid in pids:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS
