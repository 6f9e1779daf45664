"""Ends what a killed process left open in the registry: its runs, and a champion that was moved halfway."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from mandi.registry.connection import Connection
from mandi.registry.versions import CHALLENGER, CHAMPION, PREVIOUS, aliases_of

PROCESS = "process"  # tag of a run: host, id and start of the process that holds it open
MOST = 200


def this_process() -> str:
    """Return what tells this process from any other one, also from a later one with its number.

    Examples
    --------
    >>> this_process() == this_process()
    True
    """
    return f"{socket.gethostname()} {os.getpid()} {_started(os.getpid())}"


def end_runs_of_the_dead(connection: Connection, experiment_id: str) -> int:
    """End the runs of an experiment whose process was killed on this machine, as KILLED, and return how many those were.

    Parameters
    ----------
    connection : Connection
    experiment_id : str
    """
    open_runs = connection.client.search_runs(
        [experiment_id], filter_string="attributes.status = 'RUNNING'", max_results=MOST
    )
    ended = 0
    for run in open_runs:
        if _is_dead(run.data.tags.get(PROCESS, "")):
            connection.client.set_terminated(run.info.run_id, status="KILLED")
            ended += 1
    return ended


def finish_move(connection: Connection, name: str, line: list[int]) -> None:
    """Set the aliases beside ``champion`` as they are after a whole move; the caller holds the registry alone.

    Parameters
    ----------
    connection : Connection
    name : str
        A model with a champion.
    line : list of int
        Its champions, the present one last; see ``champions.line_of``.
    """
    aliases = aliases_of(connection, name)
    if aliases.get(CHALLENGER) == aliases.get(CHAMPION):
        connection.client.delete_registered_model_alias(name, CHALLENGER)
    before = line[-2] if len(line) > 1 else None
    if before is not None and aliases.get(PREVIOUS) != before:
        connection.client.set_registered_model_alias(name, PREVIOUS, str(before))
    elif before is None and PREVIOUS in aliases:
        connection.client.delete_registered_model_alias(name, PREVIOUS)


def _is_dead(tag: str) -> bool:
    host, _, rest = tag.partition(" ")
    number, _, started = rest.partition(" ")
    if host != socket.gethostname() or not number.isdigit():
        return False  # of another machine, or of a time when no run said whose it is
    return _started(int(number)) != started


def _started(pid: int) -> str:
    if not Path("/proc/self/stat").is_file():  # elsewhere it is only known whether there is such a process
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return "gone"
        except PermissionError:
            pass
        return "-"
    try:
        # the name of a program may hold blanks and brackets: what counts comes after the last one
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
