"""Runs `dvc repro` with one progress line per stage and ends with a table of where every model stands."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from mandi.core.config import load_params
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths
from mandi.report.lanes import is_as_left, only_locked_out, phases, remember, run_phase
from mandi.report.recovery import recover

RUNNING = re.compile(r"^Running stage '([^']+)'")
SKIPPED = re.compile(r"^Stage '([^']+)' (didn't change|is cached)")
NOISE = re.compile(
    r"^(> |Updating lock file|Generating lock file|To track the changes|\s*git add|To enable auto staging|Use `dvc push`|\s*dvc config|Running callback|WARNING: '.*' is empty|\s*$)"
)
LOCKED_TRIES, LOCKED_SECONDS = 200, 0.7
KEPT_LINES = 40  # of a failing stage's output


def stage_names(root: Path) -> list[str]:
    """Return the stages of dvc.yaml in file order, foreach expanded over params.yaml.

    Parameters
    ----------
    root : Path
        Folder with dvc.yaml and params.yaml.
    """
    stages = load_params(root / "dvc.yaml")["stages"]
    params = load_params(root / "params.yaml")
    names: list[str] = []
    for name, stage in stages.items():
        over = stage.get("foreach")
        if over is None:
            names.append(name)
        else:
            key = str(over).strip("${}")
            names += [f"{name}@{item}" for item in params.get(key) or {}]
    return names


@dataclass
class ProgressLines:
    """Turns the output of `dvc repro` into one line per stage.

    Parameters
    ----------
    total : int
        Number of stages, for the counter.
    out : text stream
        Where the lines go; on a terminal the running stage's line shows what it last said.
    told : dict of str to bool
        Stages that have their line, shared by processes that run side by side; whether it was run.
    """

    total: int
    out: TextIO
    told: dict[str, bool] = field(default_factory=dict)
    stage: str = ""
    started: float = 0.0
    said: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))

    def feed(self, line: str) -> None:
        """Take one line of dvc's output."""
        line = line.rstrip("\n")
        if running := RUNNING.match(line):
            self.finish()
            self.stage, self.started = running[1], time.monotonic()
            self.said.clear()
            self._show("")
        elif skipped := SKIPPED.match(line):
            self.finish()
            if skipped[1] not in self.told:
                self.told[skipped[1]] = False
                self._print(skipped[1], "unchanged")
        elif self.stage and not NOISE.match(line):
            self.said.append(line)
            self._show(line)
        elif not NOISE.match(line):
            self.said.append(line)

    def finish(self, failed: bool = False) -> None:
        """Close the line of the running stage."""
        if not self.stage:
            return
        took = f"{time.monotonic() - self.started:6.1f} s"
        last = next((s for s in reversed(self.said) if s and not s.startswith((" ", "\t"))), "")
        again = self.told.get(self.stage, False)
        self.told[self.stage] = True
        if failed or not again:
            self._print(self.stage, f"{took}  {'FAILED' if failed else last[:90]}")
        self.stage = ""

    def _print(self, stage: str, text: str) -> None:
        clear = "\r\x1b[2K" if self.out.isatty() else ""
        print(
            f"{clear}[{len(self.told):2d}/{self.total}] {stage:<28} {text}".rstrip(),
            file=self.out,
            flush=True,
        )

    def _show(self, line: str) -> None:
        if self.out.isatty():
            text = f"[{len(self.told) + 1:2d}/{self.total}] {self.stage:<28} {line}"[:118]
            print(f"\r\x1b[2K{text}", end="", file=self.out, flush=True)


def run(
    root: Path, stages: list[str], *, force: bool = False, out: TextIO | None = None, jobs: int = 2
) -> int:
    """Run the pipelines.

    Parameters
    ----------
    root : Path
        The project.
    stages : list of str
        Stages to bring up to date; all of them when empty.
    force : bool
        Run even what has not changed.
    out : text stream, optional
        Standard output if not given.
    jobs : int
        Stages that do not need each other and run side by side, when all are asked for.

    Returns
    -------
    int
        Exit status of dvc. The whole output is kept in reports/repro.log.

    Raises
    ------
    ConfigError
        A killed run left dvc.lock half written; what else it left locked is released.
    """
    out = out or sys.stdout
    known = stage_names(root)
    log = Paths(root).reports / "repro.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    for line in recover(root):
        print(line, file=out)
    told: dict[str, bool] = {}
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as kept:

        def lane(named: list[str], *, last: bool = False) -> int:
            options = [*(["--force"] if force else []), *([] if last else ["--single-item"])]
            for attempt in range(LOCKED_TRIES):
                lines = ProgressLines(len(known), out, told)
                status = _dvc(root, [*options, *named], kept, lines)
                if not status or last or not only_locked_out(lines.said):
                    break
                lines.stage = ""
                time.sleep(LOCKED_SECONDS * (1 + attempt % 3))  # another lane reads or writes the state
            lines.finish(failed=status != 0)
            if status:
                print(
                    "\n".join(["", *lines.said, "", f"the whole output is in {log.relative_to(root)}"]),
                    file=out,
                )
            return status

        status = 0
        if not stages and jobs > 1 and not is_as_left(root):
            for phase in phases(known):
                status = status or run_phase(phase, lane, jobs)
            force = False  # the lanes have run everything once
        status = status or lane(stages, last=True)
    if status:
        return status
    if not stages:
        remember(root)
    print(f"\n{standing(root)}\n\n{time.monotonic() - started:.0f} s", file=out)
    return 0


def _dvc(root: Path, arguments: list[str], kept: TextIO, lines: ProgressLines) -> int:
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    with subprocess.Popen(
        command, cwd=root, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            kept.write(line)
            lines.feed(line)
    return process.returncode


def package(root: Path) -> str:
    """Write the service folder and the index again from the registry's champions, after a champion has moved."""
    told = []
    for stage in ("package", "index"):
        done = subprocess.run(
            [sys.executable, "-m", f"pipelines.{stage}"],
            cwd=root,
            env=_environment(),
            capture_output=True,
            text=True,
        )
        told.append(done.stdout.strip())
        if done.returncode:
            raise DataNotFound(
                f"the {stage} was not written:\n{done.stderr.strip()[-2000:]}", next_command="mandi repro"
            )
    return "\n".join(told)


def receipt_of(paths: Paths, model: str) -> dict[str, Any]:
    """Return what the registry answered for a model, with the champion that is served now; empty before the first run.

    Parameters
    ----------
    paths : Paths
    model : str
    """
    path, manifest = paths.receipt(model), paths.champions / "manifest.json"
    receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if receipt and manifest.is_file():
        served = json.loads(manifest.read_text(encoding="utf-8"))["models"].get(model, {})
        receipt["champion_version"] = served.get("version", receipt.get("champion_version"))
    return receipt


def standing(root: Path) -> str:
    """Return the closing table: model, champion version, main metric, baseline, gate, and where to look next."""
    from rich.console import Console
    from rich.table import Table

    paths = Paths(root)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("model", "champion", "main metric", "baseline", "best possible", "gate"):
        table.add_column(column)
    for model in load_params(paths.params).get("models", {}):
        table.add_row(model, *_row(receipt_of(paths, model)))
    console = Console(width=118, record=True, file=io.StringIO(), highlight=False)
    console.print(table)
    after = [
        "",
        "report    reports/index.html",
        "notebook  make lab",
        "serve     make serve",
        "commands  .venv/bin/mandi --help   (mandi alone after: . .venv/bin/activate)",
    ]
    return console.export_text().rstrip() + "\n" + "\n".join(after)


def _row(receipt: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    if not receipt:
        return ("-", "-", "-", "-", "not run yet: mandi repro")
    if receipt.get("skipped"):
        return ("-", "-", "-", "-", f"not trained: {receipt['skipped']}")
    champion = receipt.get("champion_version")
    return (
        f"v{champion}" if champion else "none",
        receipt.get("main", "-"),
        receipt.get("baseline", "-"),
        receipt.get("floor") or "-",
        receipt.get("gate", "-"),
    )


def _environment() -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    return {
        # two lanes whose libraries each take every core wait for one another; and one thread gives one order of sums
        "OMP_NUM_THREADS": "1",
        **os.environ,
        "PATH": here + os.pathsep + os.environ.get("PATH", ""),
        "PYTHONUNBUFFERED": "1",
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENTOML_DO_NOT_TRACK": "True",
    }
