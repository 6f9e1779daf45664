"""Every stage of dvc.yaml depends on all the code it can reach, and dvc.yaml stays readable."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).parent))
from imports import closure, modules

ROOT = Path(__file__).resolve().parents[2]


def _stages() -> dict[str, dict[str, Any]]:
    loaded = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    return {name: stage.get("do", stage) for name, stage in loaded["stages"].items()}


def _covered(file: str, deps: list[str]) -> bool:
    return any(file == dep or file.startswith(dep.rstrip("/") + "/") for dep in deps)


@pytest.mark.parametrize("name", list(_stages()))
def test_deps_cover_every_file_a_stage_can_import(name: str) -> None:
    stage = _stages()[name]
    command = re.search(r"python -m (pipelines\.\w+)", stage["cmd"])
    assert command, f"{name} should run python -m pipelines.<module>"
    known = modules(ROOT)
    deps = [str(d) for d in stage["deps"]]
    needed = sorted(str(known[m].relative_to(ROOT)) for m in closure(command[1], known))
    missing = [file for file in needed if not _covered(file, deps)]
    assert not missing, f"{name} does not depend on:\n  " + "\n  ".join(missing)


@pytest.mark.parametrize("name", list(_stages()))
def test_deps_name_what_is_there(name: str) -> None:
    outs = {
        o if isinstance(o, str) else next(iter(o))
        for s in _stages().values()
        for k in ("outs", "metrics", "plots")
        for o in s.get(k, [])
    }
    for dep in _stages()[name]["deps"]:
        if "${" in dep or dep in outs or any(dep.startswith(str(o)) or str(o).startswith(dep) for o in outs):
            continue
        assert (ROOT / dep).exists(), f"{name} depends on {dep}, which is neither in the tree nor an output"


def test_a_stage_passes_names_never_parameters() -> None:
    for name, stage in _stages().items():
        for used in re.findall(r"\$\{([^}]+)\}", stage["cmd"]):
            assert used in {"key", "item"}, f"{name} passes ${{{used}}} on the command line"


def test_dvc_yaml_fits_three_screens() -> None:
    assert (ROOT / "dvc.yaml").read_text(encoding="utf-8").count("\n") <= 180


def test_models_in_params_are_the_models_in_code() -> None:
    from mandi.core.config import load_params
    from mandi.features import FEATURES
    from mandi.models import MODELS

    params = load_params(ROOT / "params.yaml")
    assert set(params["models"]) == set(MODELS) == set(FEATURES), (
        "a model needs its section, its features and its line in MODELS"
    )
    assert set(params["models"]) <= set(params["gates"]), "a model needs its gate"


def test_every_model_is_served_and_shown() -> None:
    from mandi.core.config import load_params
    from mandi.evaluation.examiner import EXAMINERS
    from mandi.models import MODELS, model_class
    from mandi.report.task_charts import CHARTS
    from mandi.serving.counters import COUNTERS, counter_class
    from mandi.serving.desk import Desk

    assert set(COUNTERS) == set(MODELS), "a model needs its line in COUNTERS"
    shown = load_params(ROOT / "params.yaml")["notebooks"]
    for name in MODELS:
        assert callable(getattr(Desk, name, None)), f"the desk needs a method {name}"
        task = model_class(name).spec.task
        assert task in EXAMINERS and task in CHARTS, f"{task} needs its examiner and its charts"
        assert counter_class(name).row.__name__.endswith("Row") and counter_class(name).path.startswith(
            "/api/v1/"
        )
        assert f"20_{name}_report" in shown, f"params.yaml shows no report of {name}"
