"""The search as a stage of DVC: it leaves params.yaml as it is, and the command goes on from its study and writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mandi.core.config import load_params

from .small_stages import ROOT, commit, git, ran, small_repository

STAGE = "pipelines/tune/dvc.yaml:tune@price"
BOTH = f"dvc repro {STAGE} && mandi search price --write"
TRIALS = 2


def _one_tree(params: dict[str, Any]) -> None:
    """Make the settings so poor that any trial is better by more than chance."""
    lots = params["models"]["price"]["lots"]
    lots["candidates"] = ["xgboost"]
    lots["trees"]["xgboost"] |= {"n_estimators": 1, "learning_rate": 0.001}
    params["search"]["trials"] = TRIALS


@pytest.mark.e2e
@pytest.mark.slow
def test_the_stage_searches_and_the_command_writes_from_the_same_study(tmp_path: Path) -> None:
    assert BOTH in (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8")
    project = tmp_path / "project"
    small_repository(project, 3, _one_tree)
    before = (project / "params.yaml").read_bytes()
    first, second = BOTH.split(" && ")

    ran(project, *first.split())
    assert (project / "params.yaml").read_bytes() == before
    commit(project)
    found = json.loads((project / "artifacts" / "tuning" / "price.json").read_text(encoding="utf-8"))
    assert found["trials"] == TRIALS and found["loss"] < found["default_loss"]
    assert "up to date" in ran(project, "dvc", "status", STAGE)

    told = ran(project, "mandi.cli", *second.split()[1:])
    assert f"study {found['study']} goes on: {TRIALS} trials are there" in told
    assert f"price: {TRIALS} trials" in told, "none was made again"
    assert git(project, "status", "--short").splitlines() == [" M params.yaml", "?? tuned.yaml"]
    chosen = load_params(project / "params.yaml")["models"]["price"]["lots"]["trees"]["xgboost"]
    settings = found["settings"]
    assert settings and all(
        chosen[name.rpartition(".")[2]] == value["after"] for name, value in settings.items()
    )
    assert "features@price" in ran(project, "dvc", "status", STAGE, "--with-deps"), (
        "the next run trains with them"
    )
