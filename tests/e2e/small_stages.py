"""A small project of one model, and its stages as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
MODEL = "price"


def small_project(folder: Path, seed: int, rounds: int = 12) -> None:
    """Write params.yaml of a small generated market; ``rounds`` of trees."""
    yaml = YAML(typ="safe", pure=True)
    params: dict[str, Any] = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["seed"] = seed
    params["market"] |= {"days": 400, "markets": 4, "lots_per_day": 3.0, "commodities": ["cotton", "soybean"]}
    price = params["models"][MODEL]
    price["market"]["rounds"] = rounds
    for trees in ("xgboost", "lightgbm", "quantiles"):
        price["lots"]["trees"][trees]["n_estimators"] = rounds
    params["models"] = {MODEL: price}
    # so small a market is not what the gates are for
    passes = {"metric": "control.future_perturbation", "at_least": 1}
    params["gates"] = {MODEL: {**params["gates"][MODEL], "generated": {"thresholds": [passes]}}}
    folder.mkdir(exist_ok=True)
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)


def started(project: Path, *words: str) -> subprocess.Popen[str]:
    """Start a module, for example a stage, in a project."""
    env = {
        **os.environ, "MANDI_ROOT": str(project), "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    out = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", *words], cwd=project, env=env, text=True, stdout=out, stderr=out
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a process and return what it said."""
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def stage(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module to its end, however that is."""
    return ended(started(project, *words))


def done(project: Path, *words: str) -> None:
    """Run a module that has to end well."""
    run = stage(project, *words)
    assert run.returncode == 0, run.stderr[-3000:]
