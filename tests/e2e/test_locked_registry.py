"""A registry that another program holds for longer than a stage or a search waits: told plainly, nothing half registered, and then done."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.registry import promotion
from mandi.registry.connection import connect

from ..held_database import held
from .small_stages import MODEL, done, ended, small_project, started

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
REGISTER = ("pipelines.register", MODEL)
SEARCH = ("mandi.cli", "search", MODEL, "--trials", "1")


def _held(project: Path) -> dict[str, list[str]]:
    """Return the versions of the model, and how the runs of its own and of its search ended."""
    connection = connect(project)
    runs = {
        name: connection.client.search_runs([connection.experiment(name)])
        for name in (MODEL, f"{MODEL}-search")
    }
    return {
        "versions": [str(v) for v in promotion.versions(MODEL, root=project)["version"]],
        **{name: [run.info.status for run in found] for name, found in runs.items()},
    }


def test_a_stage_and_a_search_that_are_locked_out_say_so(tmp_path: Path) -> None:
    project = tmp_path / "project"
    small_project(project, seed=1)
    for words in (("pipelines.tables",), *((f"pipelines.{name}", MODEL) for name in ("features", "train", "evaluate"))):  # fmt: skip
        done(project, *words)
    nothing = {"versions": [], MODEL: [], f"{MODEL}-search": []}
    assert _held(project) == nothing
    receipt, studies = (
        project / "artifacts/receipts" / f"{MODEL}.json",
        project / "artifacts/tuning/studies.db",
    )

    with held(project / "mlflow.db"):
        for run in [ended(process) for process in [started(project, *words) for words in (REGISTER, SEARCH)]]:
            assert run.returncode == 1 and "Traceback" not in run.stderr, run.stderr[-3000:]
            headline, what, allowed, command = run.stderr.splitlines()
            assert headline == "the store does not answer"
            assert what.startswith(f"{project / 'mlflow.db'} is locked: another process has been writing")
            assert allowed.endswith("one writer at a time")
            assert f"next: fuser {project / 'mlflow.db'}" in command and "same command again" in command
        assert _held(project) == nothing and not receipt.exists() and studies.is_file()

    done(project, *REGISTER)
    done(project, *SEARCH)
    assert _held(project) == {"versions": ["1"], MODEL: ["FINISHED"], f"{MODEL}-search": ["FINISHED"] * 2}
    assert receipt.is_file() and promotion.load(MODEL, 1, root=project).name == MODEL
