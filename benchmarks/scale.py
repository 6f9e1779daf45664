"""Features and training of 10^5, 10^6 and 10^7 lots on two cores: `python -m benchmarks.scale`, or sizes after it.

Every size is a process of its own; memory is that of it and all below it, added up ten times a second. What is measured begins
when the questions lie in files: the market's history, the features of every question (the market's own 200,000 among them), the
whole price model with its validation, bounds and calibration, and the errors on the test lots, 12.5 % of them.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.rows import Row, table, write
from mandi.core.paths import project_root
from mandi.report.canvas import MODEL, NAIVE, SEASON, chart, legend

SIZES = {"1e5": 100_000, "1e6": 1_000_000, "1e7": 10_000_000}
WHOLE = ("1e5", "1e6")  # one frame in memory, as the stages have it: the baseline
SPREAD = ("1e5", "1e6")  # on two Dask workers
WAYS = {
    "parts": ("in parts", MODEL, (8, -4)),
    "frame": ("one frame in memory", NAIVE, (-12, -15)),
    "dask": ("in parts, 2 Dask workers", SEASON, (-12, 8)),
}
MOST_GB, MOST_GROWTH, MOST_APART = 6.0, 11.0, 0.02
LOOK = 0.1
COLUMNS = ("case", "metric", "ours", "baseline", "goal", "met")


def main(wanted: list[str]) -> None:
    """Measure, print a table and write benchmarks/results/scale.json; sizes not asked for keep what was measured before."""
    root = project_root()
    kept = root / "benchmarks" / "results" / "scale.runs"
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name in wanted or SIZES:
        size, _, only = name.partition(":")
        kinds = [only] if only else ["parts", *(["frame"] * (size in WHOLE)), *(["dask"] * (size in SPREAD))]
        for kind in kinds:
            found[f"{size}:{kind}"] = measured(SIZES[size], kind)
            print(size, kind, json.dumps(found[f"{size}:{kind}"]), flush=True)
            kept.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows = results(found)
    print(table(COLUMNS, [(r.case, r.metric, r.value, r.baseline, r.goal, r.met) for r in rows]))
    spent = sum(one["cpu_seconds"] for one in found.values())
    write(root / "benchmarks" / "results", "scale", rows, spent)
    (root / "docs" / "scaling.png").write_bytes(curves(found))


def measured(size: int, kind: str) -> dict[str, Any]:
    """Run one size; what it printed, with wall and processor seconds and the peak of memory (GB)."""
    room = Path(os.environ.get("MANDI_SCALE_ROOM") or tempfile.mkdtemp(prefix="scale-"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "benchmarks.scale_run", str(size), kind, str(room)]
    env = {**os.environ, "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    peak = _Peak(run.pid)
    peak.start()
    told: dict[str, Any] = {}
    begun = after = 0.0
    assert run.stdout is not None
    try:
        for line in run.stdout:
            if line.startswith("begin"):
                begun, after = time.perf_counter(), _tree_cpu(run.pid)
            elif line.startswith("result "):
                told = json.loads(line[len("result ") :])
                told["wall_seconds"] = time.perf_counter() - begun
        if run.wait() or not told:
            sys.exit(f"{size} rows, {kind}: ended with {run.returncode}")
    finally:
        peak.done = True
        run.kill()
        shutil.rmtree(room, ignore_errors=True)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime - after
    return {**told, "cpu_seconds": cpu, "peak_gb": peak.most / 1e9}


def results(found: dict[str, Any]) -> list[Row]:
    """Return the rows of what was measured; baselines are of one frame in memory, at sizes where that was measured."""
    rows = []
    for size in SIZES:
        ours, whole = found.get(f"{size}:parts"), found.get(f"{size}:frame")
        if ours is None:
            continue

        def row(
            metric: str, name: str, goal: str = "", *, case: str = size, own: Any = ours, other: Any = whole
        ) -> Row:
            return Row(case, metric, own[name], None if other is None else other[name], goal=goal)

        rows += [row("seconds", "wall_seconds"), row("cpu_seconds", "cpu_seconds"),
                 row("peak_gb", "peak_gb", f"<= {MOST_GB:g}"), row("mae", "mae")]  # fmt: skip
        rows += [
            row(f"coverage{n}", f"coverage{n}", goal)
            for n, goal in ((90, "0.88..0.92"), (95, "0.935..0.965"))
        ]
        if size == "1e7" and (less := found.get("1e6:parts")) is not None:
            goal = f"<= {MOST_GROWTH:g}"
            rows.append(Row(size, "ratio_to_1e6", ours["wall_seconds"] / less["wall_seconds"], goal=goal))
            rows.append(Row(size, "cpu_ratio_to_1e6", ours["cpu_seconds"] / less["cpu_seconds"], goal=goal))
        if (spread := found.get(f"{size}:dask")) is not None:
            case = f"{size}, 2 Dask workers"
            rows += [row(name, of, case=case, own=spread, other=ours)
                     for name, of in (("seconds", "wall_seconds"), ("cpu_seconds", "cpu_seconds"), ("mae", "mae"))]  # fmt: skip
            rows.append(row("peak_gb", "peak_gb", f"<= {MOST_GB:g}", case=case, own=spread, other=ours))
            apart = abs(spread["mae"] / ours["mae"] - 1.0)
            rows.append(Row(case, "mae_difference", apart, goal=f"<= {MOST_APART:g}"))
            apart = max(abs(spread[f"coverage{n}"] - ours[f"coverage{n}"]) for n in (90, 95))
            rows.append(Row(case, "coverage_difference", apart, goal=f"<= {MOST_APART:g}"))
    return rows


def curves(found: dict[str, Any]) -> bytes:
    """Return the picture of docs/scaling.md: seconds and memory by the number of lots, for each way to compute them."""
    figure, (axes,) = chart(
        "Features and training of the price model, two cores", "lots", "seconds", width=7.5
    )
    for kind, (name, colour, offset) in WAYS.items():
        sizes = [size for size in SIZES if f"{size}:{kind}" in found]
        told = [found[f"{size}:{kind}"] for size in sizes]
        x = [SIZES[size] for size in sizes]
        axes.plot(x, [one["wall_seconds"] for one in told], "o-", color=colour, label=name)
        for at, one in zip(x, told):
            axes.annotate(f"{one['peak_gb']:.1f} GB", (at, one["wall_seconds"]), offset, textcoords="offset points",
                          fontsize=8, color=colour)  # fmt: skip
    axes.set(xscale="log", yscale="log")
    axes.margins(x=0.08, y=0.15)
    legend(axes)
    return figure.png()


class _Peak(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.done = pid, 0, False

    def run(self) -> None:
        while not self.done:
            held = 0
            for process in _tree(self.pid):
                try:
                    held += process.memory_info().rss
                except psutil.Error:  # gone meanwhile
                    continue
            self.most = max(self.most, held)
            time.sleep(LOOK)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _tree_cpu(pid: int) -> float:
    times = [process.cpu_times() for process in _tree(pid)]
    return float(sum(t.user + t.system for t in times))


if __name__ == "__main__":
    main(sys.argv[1:])
