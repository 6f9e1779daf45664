"""A sweep in DVC's queue: every value is an experiment of its own, run in a copy, and the project stays as it was."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from .small_stages import commit, git, ran, small_repository

SETTING = "models.price.lots.trees.xgboost.n_estimators"
VALUES = (3, 9)
PATIENCE_S = 240


def _files(project: Path) -> dict[str, tuple[int, int]]:
    """Every file of the workspace, by size and time of change; params.yaml, which DVC changes and puts back, is Git's to judge."""
    return {
        file.relative_to(project).as_posix(): (file.stat().st_size, file.stat().st_mtime_ns)
        for file in project.rglob("*")
        if file.is_file()
        and not {".dvc", ".git", "__pycache__", "params.yaml"} & set(file.relative_to(project).parts)
    }


def _worked_off(project: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    ran(project, "dvc", "queue", "start")
    while time.monotonic() < until:
        told = ran(project, "dvc", "queue", "status")
        assert "Failed" not in told, told
        if told.count("Success") == len(VALUES) and "1 active" not in told:
            return
        time.sleep(1)
    ran(project, "dvc", "queue", "stop", "--kill")
    pytest.fail(f"the queue was not worked off in {PATIENCE_S} s:\n{told}")


def _experiments(project: Path) -> list[dict[str, Any]]:
    baselines = json.loads(ran(project, "dvc", "exp", "show", "--json"))
    return [run["revs"][0]["data"] for baseline in baselines for run in baseline["experiments"] or []]


@pytest.mark.e2e
@pytest.mark.slow
def test_queued_values_are_measured_apart_and_leave_the_project_alone(tmp_path: Path) -> None:
    project = tmp_path / "project"
    small_repository(project, 3)
    ran(project, "dvc", "repro", "tables")
    commit(project)
    before = _files(project)
    listed = ",".join(map(str, VALUES))
    ran(project, "dvc", "exp", "run", "--queue", "-S", f"{SETTING}={listed}", "evaluate@price")
    _worked_off(project)

    assert _files(project) == before
    assert git(project, "status", "--short") == ""
    found = _experiments(project)
    trees = [run["params"]["params.yaml"]["data"]["models"]["price"]["lots"]["trees"] for run in found]
    assert sorted(each["xgboost"]["n_estimators"] for each in trees) == sorted(VALUES)
    metrics = [run["metrics"]["reports/metrics/price.json"]["data"] for run in found]
    assert len({each["lot.mae"] for each in metrics}) == len(VALUES)
