"""Where the ranks of XGBoost find one another: its tracker, in a process of its own beside the scheduler.

The tracker's library ends the process it runs in when a rank dies while they meet. Here that is nobody's loss: the ranks are told by
their broken connections, and the next try starts another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from threading import Thread
from typing import Any

from mandi.core.errors import ComputeFailed

STARTED: list[subprocess.Popen[str]] = []  # kept open: a tracker ends with whoever started it


def start_tracker(size: int, host: str) -> dict[str, Any]:
    """Start a tracker for so many ranks.

    Parameters
    ----------
    size : int
    host : str
        Name or number of this machine, by which the ranks reach it.

    Returns
    -------
    dict
        What every rank gives to its communicator.

    Raises
    ------
    ComputeFailed
        It did not start.
    """
    STARTED[:] = [process for process in STARTED if process.poll() is None]
    process = subprocess.Popen(
        [sys.executable, "-m", "mandi.models.pricing.lot_tracker", str(size), host],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    STARTED.append(process)
    assert process.stdout is not None
    if not (line := process.stdout.readline()):
        raise ComputeFailed(
            f"XGBoost's tracker did not start at {host}", allowed="an address of this machine"
        )
    told: dict[str, Any] = json.loads(line)
    return told


def main(size: int, host: str) -> None:
    """Track until all ranks are done, or nobody is there any more who wanted it."""
    from xgboost.tracker import RabitTracker

    # ranks in the order of their task ids, so that a worker that came back is who it was
    tracker = RabitTracker(n_workers=size, host_ip=host, sortby="task")
    tracker.start()
    sys.stdout.write(json.dumps(dict(tracker.worker_args())) + "\n")
    sys.stdout.flush()
    Thread(target=_end_with_the_other, daemon=True).start()
    tracker.wait_for()


def _end_with_the_other() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
