"""A small project of one model, and its stages as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
MODEL = "price"
REPOSITORY = ("dvc.yaml", "pipelines", "src", ".dvcignore", ".gitignore")


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


def small_repository(folder: Path, seed: int, change: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Make a small project under Git and DVC, with the whole pipeline and code of its own; nothing has run."""
    small_project(folder, seed)
    if change is not None:
        yaml = YAML(typ="safe", pure=True)
        params: dict[str, Any] = yaml.load((folder / "params.yaml").read_text(encoding="utf-8"))
        change(params)
        with (folder / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(params, file)
    for name in REPOSITORY:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "-q")
    ran(folder, "dvc", "init", "-q")
    commit(folder)


def commit(project: Path) -> None:
    """Commit everything."""
    git(project, "add", "-A")
    git(project, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "small")


def git(project: Path, *words: str) -> str:
    """Run Git and return what it said."""
    run = subprocess.run(["git", *words], cwd=project, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def ran(project: Path, *words: str) -> str:
    """Run a module with the code of the project itself, as after an editable install, and return what it said."""
    env = {
        **os.environ, "MANDI_ROOT": str(project), "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # DVC runs "python"
        "DVC_NO_ANALYTICS": "1",
    }  # fmt: skip
    env.pop("MLFLOW_TRACKING_URI", None)
    run = subprocess.run(
        [sys.executable, "-m", *words], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
    return run.stdout


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
