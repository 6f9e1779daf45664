"""The output of dvc becomes one line per stage; the closing table says where every model stands."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from mandi.core.paths import Paths
from mandi.report import repro
from mandi.report.repro import ProgressLines, receipt_of, stage_names, standing

DVC = """\
Running stage 'source':
> python -m pipelines.source
generated market
Updating lock file 'dvc.lock'

Stage 'tables' didn't change, skipping
Running stage 'train@price':
> python -m pipelines.train price
fitted on 100 rows
"""


def test_one_line_per_stage() -> None:
    out = io.StringIO()
    lines = ProgressLines(3, out)
    for line in DVC.splitlines(keepends=True):
        lines.feed(line)
    lines.finish()
    shown = out.getvalue().splitlines()
    assert [s.split()[1] for s in (line.split("]", 1)[1].join(["x ", ""]) for line in shown)] == [
        "source",
        "tables",
        "train@price",
    ]
    assert "generated market" in shown[0]
    assert "unchanged" in shown[1]
    assert "fitted on 100 rows" in shown[2]


def test_a_failing_stage_is_named_and_its_output_kept() -> None:
    out = io.StringIO()
    lines = ProgressLines(1, out)
    for line in ("Running stage 'train@price':\n", "Traceback ...\n", "ValueError: no rows\n"):
        lines.feed(line)
    lines.finish(failed=True)
    assert "train@price" in out.getvalue()
    assert "FAILED" in out.getvalue()
    assert "ValueError: no rows" in lines.said


def _project(root: Path) -> Path:
    (root / "params.yaml").write_text("models:\n  price: {}\n  demand: {}\n")
    (root / "dvc.yaml").write_text(
        "stages:\n  tables: {cmd: x}\n  train:\n    foreach: ${models}\n    do: {cmd: y}\n"
    )
    return root


def test_stages_are_counted_with_foreach_expanded(tmp_path: Path) -> None:
    assert stage_names(_project(tmp_path)) == ["tables", "train@price", "train@demand"]


def test_the_table_tells_every_model(tmp_path: Path) -> None:
    root = _project(tmp_path)
    receipts = root / "artifacts" / "receipts"
    receipts.mkdir(parents=True)
    (receipts / "price.json").write_text(
        json.dumps({"champion_version": 3, "main": "MAE 41.2", "baseline": "MAE 77.0", "gate": "passed"})
    )
    (receipts / "demand.json").write_text(json.dumps({"skipped": "needs reports"}))
    text = standing(root)
    assert "v3" in text
    assert "MAE 41.2" in text
    assert "not trained: needs reports" in text
    assert "make serve" in text


def test_the_champion_shown_is_the_one_that_is_served(tmp_path: Path) -> None:
    paths = Paths(_project(tmp_path))
    assert receipt_of(paths, "price") == {}
    for path, content in (
        (paths.receipt("price"), {"champion_version": 3, "gate": "passed"}),
        (paths.champions / "manifest.json", {"models": {"price": {"version": 2}}}),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    assert receipt_of(paths, "price")["champion_version"] == 2
    assert "v2" in standing(paths.root)


def test_side_by_side_a_stage_has_one_line() -> None:
    out, told = io.StringIO(), dict[str, bool]()
    one, other, last = (ProgressLines(2, out, told) for _ in range(3))
    one.feed("Running stage 'train@price':\n")
    other.feed("Running stage 'train@fraud':\n")
    one.finish()
    other.finish()
    for stage in ("train@price", "train@fraud"):
        last.feed(f"Stage '{stage}' didn't change, skipping\n")
    last.finish()
    assert [line.split("]")[0] for line in out.getvalue().splitlines()] == ["[ 1/2", "[ 2/2"]


def test_a_stage_takes_one_thread_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert repro._environment()["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert repro._environment()["OMP_NUM_THREADS"] == "3"


def test_a_lane_that_met_a_lock_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def dvc(root: Path, arguments: list[str], kept: io.StringIO, lines: ProgressLines) -> int:
        asked.append(arguments)
        locked = len(asked) == 1
        if locked:
            lines.said.append("ERROR: Unable to acquire lock. Most likely another DVC process is running")
        return int(locked)

    monkeypatch.setattr(repro, "_dvc", dvc)
    monkeypatch.setattr(repro, "LOCKED_SECONDS", 0.0)
    monkeypatch.setattr(repro, "stage_names", lambda root: ["train@a", "train@b", "package"])
    monkeypatch.setattr(repro, "standing", lambda root: "")
    assert repro.run(tmp_path, [], out=io.StringIO(), jobs=2) == 0
    tried = [arguments[-1] for arguments in asked if arguments]
    assert sorted(tried[:3]) in (["train@a", "train@a", "train@b"], ["train@a", "train@b", "train@b"])
    assert tried[3] == "package" and asked[-1] == []
