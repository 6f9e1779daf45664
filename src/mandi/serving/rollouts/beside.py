"""Answers in the shadow, in a process of its own: what the service answers meanwhile does not wait for it.

``python -m mandi.serving.rollouts.beside FOLDER`` reads one question a line and writes one answer a line, both JSON. It has the lowest
priority there is, and opens a version when it is first asked about.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from pydantic_core import from_json, to_json

from mandi.core.errors import MandiError
from mandi.serving.counters import counter_class
from mandi.serving.predictions.log import Side, timed
from mandi.serving.rollouts.challengers import challengers_folder

if TYPE_CHECKING:
    from mandi.serving.desk import Desk

PATIENCE_S = 60.0  # of one question; opening a version is part of the first
LOWEST = 19
OTHER: Mapping[Side, Side] = {"champion": "challenger", "challenger": "champion"}


class NoAnswer(Exception):
    """The version that was asked failed; its argument is the kind of error."""


class Unheard(MandiError):
    """Whoever answers in the shadow did not answer; that says nothing of the version."""

    headline = "nobody answers in the shadow"


@dataclass(frozen=True, slots=True)
class Beside:
    """Answers of one version, and the milliseconds of work that it and the other one took for them, in the same place."""

    answers: Sequence[Any]
    cpu_ms: float
    other_ms: float


class Asker(Protocol):
    """Whoever answers in the shadow."""

    def ask(self, model: str, side: Side, rows: Sequence[Any], now: datetime) -> Beside:
        """Answer rows by one version.

        Raises
        ------
        NoAnswer
            It cannot.
        Unheard
            Nobody could be asked.
        """
        ...

    def close(self) -> None:
        """Release what was opened."""
        ...


class Here:
    """Answers in this process, with desks that are opened when they are first asked.

    Parameters
    ----------
    folder : Path
        The service folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folders: dict[Side, Path] = {"champion": folder, "challenger": challengers_folder(folder)}
        self._desks: dict[tuple[Side, str], Desk] = {}

    def ask(self, model: str, side: Side, rows: Sequence[Any], now: datetime) -> Beside:
        """Answer rows by one version, and again by the other one for its time; who begins changes from row to row."""
        try:
            if len(rows) % 2:  # what is asked second finds the machine warm: neither is always second
                answers, cpu_ms = self._timed(model, side, rows, now)
                return Beside(answers, cpu_ms, self._time_of_other(model, side, rows, now))
            other_ms = self._time_of_other(model, side, rows, now)
            answers, cpu_ms = self._timed(model, side, rows, now)
        except Exception as error:
            raise NoAnswer(type(error).__name__) from error
        return Beside(answers, cpu_ms, other_ms)

    def close(self) -> None:
        """Let go of the desks."""
        self._desks.clear()

    def _time_of_other(self, model: str, side: Side, rows: Sequence[Any], now: datetime) -> float:
        try:
            return self._timed(model, OTHER[side], rows, now)[1]
        except Exception:  # it has answered already; that it cannot now is no fault of the one that is asked
            return 0.0

    def _timed(
        self, model: str, side: Side, rows: Sequence[Any], now: datetime
    ) -> tuple[Sequence[Any], float]:
        from mandi.serving.desk import Desk
        from mandi.serving.warming import warm

        key = (side, model)
        if key not in self._desks:
            # what is opened when it is first needed would count as work of whoever is asked first
            self._desks[key] = warm(Desk.open(self._folders[side], model), now)
        desk = self._desks[key]
        return timed(lambda: getattr(desk, model)(rows, now, False))()


class Apart:
    """Answers in a process of its own, which is started when it is first asked and again when it has died.

    Parameters
    ----------
    command : sequence of str
        What to start; see ``apart_on``.
    patience_s : float
        Seconds a question may take.
    """

    def __init__(self, command: Sequence[str], patience_s: float = PATIENCE_S) -> None:
        self._command, self._patience_s = list(command), patience_s
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, model: str, side: Side, rows: Sequence[Any], now: datetime) -> Beside:
        """Answer rows by one version."""
        # a request of one row is its row and whether it was to be explained
        plain = [row.model_dump(mode="json", exclude={"explain"}) for row in rows]
        asked = {"model": model, "side": side, "now": now, "rows": plain}
        told = from_json(self._line(to_json(asked) + b"\n"))
        if "error" in told:
            raise NoAnswer(told["error"])
        shape = counter_class(model).told
        answers = [shape.model_validate_json(to_json(answer)) for answer in told["answers"]]
        return Beside(answers, told["cpu_ms"], told["other_ms"])

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):  # what was to be flushed has nobody to read it
                        stream.close()

    def _line(self, asked: bytes) -> bytes:
        if self._process is None or self._process.poll() is not None:
            self.close()
            path = os.pathsep.join(place for place in sys.path if place)  # a Bento's is in no variable
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(asked)
            process.stdin.flush()
            told = _line_of(process.stdout, time.monotonic() + self._patience_s)
        except (OSError, ValueError):  # it died, or was ended while it was asked
            told = b""
        if not told.endswith(b"\n"):  # late, dead, or cut off: the next question begins anew
            self.close()
            raise Unheard("the process that answers in the shadow did not answer")
        return told


def apart_on(folder: Path) -> Apart:
    """Return who answers in a process of its own, on a service folder.

    Parameters
    ----------
    folder : Path
    """
    return Apart([sys.executable, "-m", "mandi.serving.rollouts.beside", str(folder)])


def main(folder: Path, asked: IO[bytes], told: IO[bytes]) -> None:
    """Answer line by line until there are no more."""
    here = Here(folder)
    for line in asked:
        told.write(to_json(_answer(here, from_json(line))) + b"\n")
        told.flush()


def _answer(here: Here, asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        shape = counter_class(asked["model"]).row
        rows = [shape.model_validate_json(to_json(row)) for row in asked["rows"]]
        beside = here.ask(asked["model"], asked["side"], rows, datetime.fromisoformat(asked["now"]))
    except NoAnswer as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": type(error).__name__}
    answers = [answer.model_dump(mode="json") for answer in beside.answers]
    return {"answers": answers, "cpu_ms": beside.cpu_ms, "other_ms": beside.other_ms}


def _line_of(stream: IO[bytes], end: float) -> bytes:
    found = b""
    while not found.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0.0, end - time.monotonic()))
        part = os.read(stream.fileno(), 1 << 16) if ready else b""
        if not part:
            break
        found += part
    return found


if __name__ == "__main__":
    os.nice(LOWEST)
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]  # as in the service: 50 MB that no champion needs
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    main(Path(sys.argv[1]), sys.stdin.buffer, answers)
