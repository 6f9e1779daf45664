"""A run of the pipelines that is killed, twice, and begun again ends as one that was left alone: lock, outputs and registry."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from benchmarks.running import family
from mandi.registry import promotion

from .test_pipeline import COPIED, ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MODEL = "quality"
STAGES = ("source", "tables", *(f"{kind}@{MODEL}" for kind in ("features", "train", "evaluate", "register")))
PATIENCE_S = 300
OUTS = (
    "data/tables",
    "data/truth",
    f"data/features/{MODEL}",
    f"artifacts/models/{MODEL}",
    f"reports/evaluation/{MODEL}",
)


def _small(params: dict[str, Any]) -> None:
    params["market"] |= {"days": 500, "markets": 6, "lots_per_day": 4.0, "commodities": ["cotton", "soybean"]}
    quality = params["models"][MODEL]
    quality["jury"]["settings"] = {name: {"n_estimators": 30} for name in ("lightgbm", "random-forest")}
    params["models"] = {MODEL: quality}
    params["gates"][MODEL]["generated"] = {
        "thresholds": [{"metric": "control.future_perturbation", "at_least": 1}]
    }


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """One project twice."""
    made = []
    for name in ("left-alone", "killed"):
        folder = tmp_path_factory.mktemp(name)
        for part in COPIED:
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, folder / part)
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        yaml = YAML(typ="safe", pure=True)
        params = yaml.load((folder / "params.yaml").read_text(encoding="utf-8"))
        _small(params)
        with (folder / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(params, file)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=folder, check=True)
        made.append(folder)
    yield made[0], made[1]


def _started(project: Path) -> subprocess.Popen[str]:
    env = {
        **os.environ, "MANDI_ROOT": str(project), "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    env.pop("MLFLOW_TRACKING_URI", None)
    return subprocess.Popen(
        [sys.executable, "-m", "mandi.cli", "repro", f"register@{MODEL}"],
        cwd=project, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def _processes(run: subprocess.Popen[str]) -> dict[int, str]:
    found = {}
    for pid in family(run.pid):
        try:
            found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def _wait_for(run: subprocess.Popen[str], stage: str) -> dict[int, str]:
    """Wait until the process of a stage is at work, and return the processes of the run."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and run.poll() is None:
        there = _processes(run)
        if any(f"-m pipelines.{stage} {MODEL}" in line and "/sh " not in line for line in there.values()):
            return there
        time.sleep(0.02)
    pytest.fail(
        f"{stage} was never at work: {run.communicate()[0][-3000:] if run.poll() is not None else ''}"
    )


def _kill(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _plain(receipt: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(receipt.read_text(encoding="utf-8"))
    found.pop("run_id")  # made up anew for every run
    return found


def _lock(project: Path) -> dict[str, Any]:
    stages: dict[str, Any] = YAML(typ="safe", pure=True).load((project / "dvc.lock").read_text())["stages"]
    stages = {name: stages[name] for name in STAGES}
    stages[f"register@{MODEL}"]["outs"] = [{"path": f"artifacts/receipts/{MODEL}.json"}]  # holds the run's id
    return stages


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_killed_in_training_and_in_registering_it_ends_as_if_left_alone(projects: tuple[Path, Path]) -> None:
    alone, killed = projects
    run = _started(alone)
    told, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, told

    run = _started(killed)
    there = _wait_for(run, "train")
    orphans = [pid for pid, line in there.items() if "pipelines.train" in line]
    os.kill(orphans[-1], signal.SIGSTOP)  # it is in the middle of its work when those above it go
    _kill([pid for pid in there if pid not in orphans])
    run.wait()
    assert not (killed / "artifacts" / "receipts" / f"{MODEL}.json").exists()
    again = _started(killed)
    time.sleep(3)
    os.kill(orphans[-1], signal.SIGCONT)  # what was left behind goes on, while the next run has begun
    there = _wait_for(again, "register")
    _kill(list(there))
    again.wait()
    last = _started(killed)
    told, _ = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, told

    assert _lock(killed) == _lock(alone)
    for name in OUTS:
        assert _files(killed / name) == _files(alone / name), name
    receipts = [_plain(project / "artifacts" / "receipts" / f"{MODEL}.json") for project in projects]
    assert receipts[0] | {"created": True} == receipts[1] | {"created": True}
    for project in projects:
        found = promotion.versions(MODEL, root=project)
        assert (found["version"].tolist(), found["aliases"].tolist()) == ([1], ["champion"])
        assert promotion.load(MODEL, "champion", root=project).name == MODEL
    once, twice = (promotion.find(MODEL, 1, root=project) for project in projects)
    assert (once.content_hash, once.metrics, once.gate) == (twice.content_hash, twice.metrics, twice.gate)
    left = [p for place in ("data", "artifacts") for p in (killed / place).rglob(".*.new-*")]
    assert left == [], "what was half written is gone"
