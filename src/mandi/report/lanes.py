"""Runs independent stages side by side before the one `dvc repro` that decides what is up to date.

DVC runs one stage at a time. The chains of two models, and that of the student, share nothing but the tables, and no notebook
reads another, so they are started as lanes of `dvc repro --single-item`, a few at a time. A lane that meets another's lock tries again; what is up to
date is decided by the closing `dvc repro` of everything.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUSY = re.compile(r"[Uu]nable to acquire lock|is busy|currently in use")
CODE = ("src", "pipelines", "notebooks", "dvc.yaml", "params.yaml", "data/source.json")
STAMP = ".dvc/tmp/mandi-last-run"
PER_MODEL = ("features", "train", "evaluate", "register")
LEARNING = (
    "log_source",
    "calls",
    "feedback",
    "datasets",
    "datasets_register",
    "student",
    "student_loop",
    "student_register",
)
"""The other tower: it needs the tables and no model, so it is a lane beside theirs."""
WATCH = "drift"
"""It reads what every model left and only the index reads it: a lane beside the package and the notebooks."""

Phase = list[list[str]]


def phases(stages: Sequence[str]) -> list[Phase]:
    """Return what may run side by side: phases in order, each of lanes, each of stages in order.

    Parameters
    ----------
    stages : sequence of str
        All stages in file order, foreach expanded.

    Examples
    --------
    >>> phases(["tables", "features@a", "train@a", "features@b", "train@b", "package", "look@x", "look@y"])
    [[['tables']], [['features@a', 'train@a'], ['features@b', 'train@b']], [['package']], [['look@x'], ['look@y']]]
    """
    found: list[Phase] = []
    kinds: list[str] = []
    lanes: dict[str, list[str]] = {}
    for stage in stages:
        name, _, key = stage.partition("@")
        if name in LEARNING:
            key = "learning"
        kind = "tower" if name in (*PER_MODEL, *LEARNING) else name if key else "alone"
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
            found.append([])
            lanes = {}
        lane = WATCH if name == WATCH else {"alone": "", "tower": key}.get(kind, stage)
        if lane not in lanes:
            lanes[lane] = []
            found[-1].append(lanes[lane])
        lanes[lane].append(stage)
    return found


def run_phase(lanes: Phase, run_lane: Callable[[list[str]], int], jobs: int) -> int:
    """Run the lanes of a phase, at most ``jobs`` at a time; after a failure no further lane is started.

    Parameters
    ----------
    lanes : list of list of str
    run_lane : callable
        Runs the stages of one lane and returns its exit status.
    jobs : int

    Returns
    -------
    int
        The first exit status that is not 0, or 0.
    """
    failed = threading.Event()

    def one(lane: list[str]) -> int:
        if failed.is_set():
            return 0
        status = run_lane(lane)
        if status:
            failed.set()
        return status

    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        statuses = list(pool.map(one, lanes))
    return next((status for status in statuses if status), 0)


def only_locked_out(lines: Iterable[str]) -> bool:
    """Whether a lane failed only because another held a lock, so that it may try again.

    Examples
    --------
    >>> only_locked_out(["ERROR: Unable to acquire lock. Most likely another DVC process is running"])
    True
    """
    return any(BUSY.search(line) for line in lines)


def code_stamp(root: Path) -> str:
    """Return a fingerprint of everything in the tree that stages depend on, by size and time of change.

    Parameters
    ----------
    root : Path
        The project.
    """
    seen = hashlib.sha256()
    for name in CODE:
        top = root / name
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts and ".ipynb_checkpoints" not in file.parts:
                stat = file.stat()
                seen.update(f"{file.relative_to(root)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def is_as_left(root: Path) -> bool:
    """Whether nothing has changed since the last run that ended well: then there is nothing to run side by side."""
    stamp = root / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == code_stamp(root)


def remember(root: Path) -> None:
    """Keep the fingerprint of a run that ended well."""
    (root / STAMP).parent.mkdir(parents=True, exist_ok=True)
    (root / STAMP).write_text(code_stamp(root), encoding="utf-8")
