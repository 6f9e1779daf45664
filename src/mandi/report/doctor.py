"""Looks at the machine and the project and names, for each thing missing, the command that mends it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths, project_root


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, whether it is well, what was found, what to type."""

    what: str
    well: bool
    found: str
    mend: str = ""
    needed: bool = True


def examine(start: Path | None = None) -> tuple[str, bool]:
    """Look at Python, the locked packages, the tools and the outputs of the pipelines.

    Parameters
    ----------
    start : Path, optional
        Where to look for the project; the current folder if not given.

    Returns
    -------
    text : str
        One line per finding; a missing thing carries the command that mends it.
    healthy : bool
        Whether everything needed is there. What a command makes later is not needed.
    """
    findings = [_python(), *_tools()]
    try:
        root = project_root(start)
    except DataNotFound as error:
        findings.append(Finding("project", False, error.message, "cd into the folder that holds dvc.yaml"))
        return _table(findings), False
    findings += [_packages(root), _disk(root), *_outputs(Paths(root)), *_services()]
    return _table(findings), all(f.well for f in findings if f.needed)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "make PYTHON=python3.11 setup")


def _tools() -> list[Finding]:
    wanted: dict[str, tuple[str, bool]] = {
        "git": ("install git with your system's package manager", True),
        "make": ("install make with your system's package manager", True),
        "cc": ("install a C compiler with your system's package manager", False),
    }
    return [
        Finding(name, bool(shutil.which(name)), shutil.which(name) or "not found", mend, needed)
        for name, (mend, needed) in wanted.items()
    ]


def _packages(root: Path) -> Finding:
    lock = root / "requirements.lock"
    if not lock.is_file():
        return Finding("packages", False, "requirements.lock is missing", "git checkout -- requirements.lock")
    from packaging.requirements import Requirement

    off = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            have = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            off.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(have, prereleases=True):
            off.append(f"{wanted.name} is {have}, locked {wanted.specifier}")
    found = (
        "as locked" if not off else "; ".join(off[:3]) + (f" and {len(off) - 3} more" if len(off) > 3 else "")
    )
    return Finding("packages", not off, found, "rm -f .venv/.installed && make setup")


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free / 1e9
    return Finding("disk", free > 1.0, f"{free:.0f} GB free", "make clean", needed=False)


def _outputs(paths: Paths) -> list[Finding]:
    made: list[tuple[str, Callable[[], Path], str]] = [
        ("tables", lambda: paths.tables, "mandi repro"),
        ("champions to serve", lambda: paths.champions / "manifest.json", "mandi repro"),
        ("reports", lambda: paths.reports / "index.html", "mandi repro"),
    ]
    return [
        Finding(
            what, place().exists(), "there" if place().exists() else "not made yet", command, needed=False
        )
        for what, place, command in made
    ]


def _services() -> list[Finding]:
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    return [
        Finding(
            "tracking", True, "MLFLOW_TRACKING_URI is set" if uri else "SQLite in the project", needed=False
        )
    ]


def _table(findings: list[Finding]) -> str:
    width = max(len(f.what) for f in findings)
    lines = []
    for f in findings:
        mark = "ok  " if f.well else ("MISS" if f.needed else "-   ")
        mend = "" if f.well else f"   ->  {f.mend}"
        lines.append(f"{mark} {f.what:<{width}}  {f.found}{mend}")
    return "\n".join(lines)
