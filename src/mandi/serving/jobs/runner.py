"""A task of every worker that takes up jobs, one at a time, and follows the process that answers each."""

from __future__ import annotations

import asyncio
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pydantic_core import from_json, to_json

from mandi.core.errors import DataNotFound, MandiError
from mandi.serving.jobs import book
from mandi.serving.jobs.folders import Folders
from mandi.store.database import Database
from mandi.store.records.base import new_id
from mandi.store.records.batch_jobs import BatchJob

LOG = logging.getLogger("mandi.serving")
EVERY_S = 5.0  # a worker looks for jobs that others took in; its own wake it at once
BEAT_S = 2.0
APART = (sys.executable, "-m", "mandi.serving.jobs.apart")


class Runner:
    """Takes up jobs while its worker serves.

    Parameters
    ----------
    database : Database
    folders : Folders
    service : Path
        Folder with the champions.
    now : callable
        The moment, aware.
    most_rows : int
        Rows of one job at most.
    command : sequence of str
        What answers a folder; see ``mandi.serving.jobs.apart``.
    """

    def __init__(
        self,
        database: Database,
        folders: Folders,
        service: Path,
        now: Callable[[], datetime],
        *,
        most_rows: int,
        command: Sequence[str] = APART,
        beat_s: float = BEAT_S,
    ) -> None:
        self._database, self.folders, self._service, self._now = database, folders, service, now
        self._most_rows, self._command, self._beat_s = most_rows, list(command), beat_s
        self._me = new_id()
        self._task: asyncio.Task[None] | None = None
        self._woken: asyncio.Event | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin, in the running loop."""
        self._woken = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="mandi-jobs")

    def wake(self) -> None:
        """Say that a job was taken in."""
        if self._woken is not None:
            self._woken.set()

    async def stop(self) -> None:
        """End; a job that is being answered waits for another worker, and goes on where it was."""
        self._stopping.set()
        self.wake()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _keep(self) -> None:
        assert self._woken is not None
        while not self._stopping.is_set():
            try:
                worked = await asyncio.to_thread(self.turn)
            except MandiError as error:
                LOG.warning("jobs cannot be taken up: %s", error.message)
                worked = False
            except Exception:
                LOG.exception("jobs cannot be taken up")
                worked = False
            if not worked and not self._stopping.is_set():
                try:
                    await asyncio.wait_for(self._woken.wait(), EVERY_S)
                except TimeoutError:
                    continue
                self._woken.clear()

    def turn(self) -> bool:
        """Take up one job and answer it; return whether there was one."""
        if not self._database.read(lambda session: book.waits(session, self._now())):
            return False
        job = self._database.write(lambda session: book.claim(session, self._me, self._now()))
        if job is not None:
            self._answer(job)
        return True

    def _answer(self, job: BatchJob) -> None:
        try:
            place = self.folders.find(job.organization_id, job.folder)
            self.folders.check(place, job.model)
        except MandiError as error:
            self._end(job, error={"error": error.message, "allowed": error.allowed, "next": None})
            return
        asked = {
            "service": str(self._service.resolve()), "model": job.model, "source": str(place),
            "target": str(self.folders.target(place, job.model)), "explain": job.explain,
            "asof": None if job.asof is None else job.asof.isoformat(), "most_rows": self._most_rows,
        }  # fmt: skip
        path = os.pathsep.join(place for place in sys.path if place)  # a Bento's is in no variable
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        try:
            told = self._followed(job, process, asked)
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        if told is None:
            return
        if "report" in told or "error" in told:
            self._end(job, report=told.get("report"), error=told.get("error"))
        else:  # it died: another turn takes it up again once its last beat is old, a few times
            LOG.error("the process of job %s ended with status %s", job.id, process.returncode)

    def _followed(
        self, job: BatchJob, process: subprocess.Popen[bytes], asked: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the last word of the process; None when the job was ended here."""
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(to_json(asked) + b"\n")
        process.stdin.flush()
        done, total, beaten, waiting = 0, None, 0.0, b""
        while True:
            if self._stopping.is_set():
                self._database.write(lambda session: book.put_back(session, job.id, self._me))
                return None
            if time.monotonic() - beaten >= self._beat_s:
                beaten, at, of = time.monotonic(), done, total
                go_on = self._database.write(
                    lambda session, at=at, of=of: book.beat(session, job.id, self._me, at, of, self._now())  # type: ignore[misc]
                )
                if not go_on:
                    process.kill()
                    self._end(job)
                    return None
            waiting, lines = _read(process.stdout, waiting, min(self._beat_s, 0.5))
            if lines is None:
                return {}
            for line in lines:
                told: dict[str, Any] = from_json(line)
                if "rows_done" not in told:
                    return told
                done, total = told["rows_done"], told["rows"]

    def _end(
        self, job: BatchJob, *, report: dict[str, Any] | None = None, error: dict[str, Any] | None = None
    ) -> None:
        self._database.write(
            lambda session: book.finish(session, job.id, self._me, self._now(), report=report, error=error)
        )


def _read(stream: IO[bytes], waiting: bytes, patience_s: float) -> tuple[bytes, list[bytes] | None]:
    """Return what is left of a line, and the whole lines that came; None for them at the end of the stream."""
    ready, _, _ = select.select([stream], [], [], patience_s)
    if not ready:
        return waiting, []
    read = os.read(stream.fileno(), 65536)
    if not read:
        return waiting, None
    *lines, rest = (waiting + read).split(b"\n")
    return rest, lines


def runner_of(found: Any) -> Runner:
    """Return the runner of a house's room.

    Raises
    ------
    DataNotFound
        No folder for batches is set.
    """
    if not isinstance(found, Runner):
        raise DataNotFound(
            "no folder for batches is set here", allowed="MANDI_BATCH_FOLDER", next_command="mandi settings"
        )
    return found
