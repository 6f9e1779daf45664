"""A search that is killed with SIGKILL at any moment and begun again ends as one that nobody killed: study, runs and what is written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed_search.py")
# what is there at each moment: trials that have ended, trials that are open, runs that nobody will end, files that are written
THERE = {
    "the study's tables are half made": (0, 0, 0, 0),
    "in the first trial": (0, 1, 1, 0),
    "in a later trial": (3, 1, 1, 0),
    "the run of a trial is half kept": (2, 0, 2, 0),
    "the last trial has ended and is no run yet": (7, 0, 1, 0),
    "in the confirmation": (7, 0, 1, 0),
    "the confirmation is half kept": (7, 0, 1, 0),
    "between the two files that are written": (7, 0, 0, 1),
}


@pytest.fixture(scope="module")
def searches(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the script tells: of a search that nobody killed, and of each that was killed."""
    import slope

    project = tmp_path_factory.mktemp("project")
    (project / "params.yaml").write_text(slope.PARAMS, encoding="utf-8")
    (project / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    (project / "data" / "features" / "slope").mkdir(parents=True)
    slope.lots().to_parquet(project / "data" / "features" / "slope" / "frame.parquet")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(project)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_as_if_nobody_had(searches: list[dict[str, Any]]) -> None:
    undisturbed, *killed = searches
    whole = undisturbed["state"]
    assert [trial[0] for trial in whole["trials"]] == list(range(7)) and whole["open trials"] == []
    assert [run[:2] for run in whole["runs"]] == [[place, "FINISHED"] for place in range(7)]
    assert whole["searches"] == ["FINISHED"] and whole["last search"][1]["offered_trial"] > 0
    assert "written to params.yaml and tuned.yaml" in undisturbed["said"][-1] and all(whole["written"])
    assert [one["moment"] for one in killed] == list(THERE)
    for one in killed:
        assert one["ended"] == -signal.SIGKILL, f"{one['moment']}: it had no such moment"
        left, now = one["left"], one["state"]
        runs = [*(run[1] for run in left["runs"]), *left["searches"]]
        there = len(left["trials"]), len(left["open trials"]), runs.count("RUNNING"), bool(left["written"][1])
        assert there == THERE[one["moment"]], one["moment"]
        killed_ones = ["KILLED"] if "RUNNING" in left["searches"] else []
        assert now.pop("searches") == [*whole["searches"], *killed_ones], one["moment"]
        assert now == {name: told for name, told in whole.items() if name != "searches"}, one["moment"]
        assert one["said"] == undisturbed["said"], one["moment"]
