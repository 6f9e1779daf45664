"""The one format of benchmark results: rows of case, metric, value, baseline, published and goal."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured figure.

    Attributes
    ----------
    case, metric : str
    value : float
    baseline : float, optional
        The same metric of the baseline, on the same rows.
    published : float, optional
        The figure somebody else published.
    goal : str
        "<= x", ">= x" or "x..y"; empty when none was set.

    Examples
    --------
    >>> Row("soybean/1d", "skill", 0.16, goal=">= 0.15").met
    True
    >>> Row("soybean/1d", "coverage90", 0.93, goal="0.885..0.915").met
    False
    """

    case: str
    metric: str
    value: float
    baseline: float | None = None
    published: float | None = None
    goal: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal was reached; None without one."""
        if not self.goal:
            return None
        if ".." in self.goal:
            low, high = map(float, self.goal.split(".."))
            return low <= self.value <= high
        sign, bound = self.goal.split()
        return self.value <= float(bound) if sign == "<=" else self.value >= float(bound)


def write(folder: Path, benchmark: str, rows: Sequence[Row], cpu_seconds: float) -> Path:
    """Write ``<folder>/<benchmark>.json`` with the commit it was measured at (``+`` when the tree had changes)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{benchmark}.json"
    head = {"benchmark": benchmark, "commit": _commit(), "cpu_seconds": round(cpu_seconds, 1)}
    lines = ",\n".join(
        "  " + json.dumps({key: _plain(value) for key, value in asdict(row).items()}) for row in rows
    )
    text = json.dumps(head)[:-1] + f', "rows": [\n{lines}\n]}}\n'
    path.write_text(text, encoding="utf-8")
    return path


def table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Lay out text columns.

    Examples
    --------
    >>> print(table(("case", "mae"), [("tur/1d", 218.04)]))
    case    mae
    tur/1d  218.0
    """
    cells = [list(map(str, header)), *([_shown(cell) for cell in line] for line in lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _shown(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "NO"
    if isinstance(cell, float):
        return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.3f}"
    return str(cell)


def _plain(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "benchmarks/*.py", "params.yaml")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
