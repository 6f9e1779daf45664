"""The search is a stage of its own file: complete deps, and never run by the project's own pipeline."""

from __future__ import annotations

import sys
from pathlib import Path

from ruamel.yaml import YAML

from mandi.report.repro import stage_names

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "house"))
from imports import closure, modules

ROOT = Path(__file__).resolve().parents[3]


def _tune() -> dict[str, object]:
    text = (ROOT / "pipelines" / "tune" / "dvc.yaml").read_text(encoding="utf-8")
    loaded = YAML(typ="safe", pure=True).load(text)
    stage: dict[str, object] = loaded["stages"]["tune"]["do"]
    return stage


def test_the_pipeline_of_the_project_does_not_search() -> None:
    assert not any(name.startswith("tune") for name in stage_names(ROOT))
    assert "pipelines.search" not in (ROOT / "dvc.yaml").read_text(encoding="utf-8")


def test_its_deps_cover_every_file_it_can_import() -> None:
    stage, known = _tune(), modules(ROOT)
    deps = [str(dep) for dep in stage["deps"]]  # type: ignore[attr-defined]
    needed = [str(known[m].relative_to(ROOT)) for m in closure("pipelines.search", known)]
    missing = [f for f in needed if not any(f == d or f.startswith(d.rstrip("/") + "/") for d in deps)]
    assert needed and not missing


def test_it_runs_at_the_root_and_passes_only_the_name() -> None:
    stage = _tune()
    assert stage["wdir"] == "../.." and stage["cmd"] == "python -m pipelines.search ${key}"
