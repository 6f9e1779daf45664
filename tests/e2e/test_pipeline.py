"""The whole pipeline on a smaller market, as a user runs it: repro, again, a gate that fails, promote and roll back."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mandi.core.config import load_params
from mandi.models import MODELS
from mandi.report.look import render

from .jupyterlab import browser, jupyterlab, run_all

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "dvc.yaml",
    "params.yaml",
    "pipelines",
    "notebooks",
    ".dvcignore",
    "bentofile.yaml",
    "requirements.lock",
)


def _run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # the package is imported from the project, as after an editable install
    env = {
        **os.environ,
        "MANDI_ROOT": str(project),
        "PYTHONPATH": str(project / "src"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "mandi.cli", *words]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)


def _change(project: Path, change: Any) -> None:
    yaml = YAML(typ="safe", pure=True)
    path = project / "params.yaml"
    params = yaml.load(path.read_text(encoding="utf-8"))
    change(params)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(params, file)


def _smaller(params: dict[str, Any]) -> None:
    params["market"] |= {"days": 640, "markets": 12, "lots_per_day": 5.0}
    params["market"]["commodities"] = ["cotton", "soybean"]
    params["models"]["price"]["lots"]["trees"]["xgboost"]["n_estimators"] = 40
    params["models"]["price"]["lots"]["trees"]["lightgbm"]["n_estimators"] = 40
    params["models"]["price"]["lots"]["trees"]["quantiles"]["n_estimators"] = 30
    params["evaluation"]["backtest"] |= {"refit_every": 12, "validation_days": 60, "calibration_days": 90}
    params["models"]["matching"]["scorers"]["siamese"] |= {
        "epochs": 2,
        "hidden": 32,
        "embedding_dim": 16,
        "hard": 2,
    }
    params["models"]["quality"]["jury"]["settings"] = {
        name: {"n_estimators": 20} for name in ("lightgbm", "random-forest")
    }
    for gate in params["gates"].values():  # two years of two crops are too little for what is asked of four
        gate["generated"] = {"thresholds": [{"metric": "control.future_perturbation", "at_least": 1}]}
    params["gates"]["price"]["generated"] = {"thresholds": [{"metric": "market.1.skill", "at_least": 0.0}]}
    params["calls"]["generated"]["answers"] = 900
    params["datasets"]["splitting"]["min_gold"] = 10
    params["student"] |= {"strengths": [4.0], "folds": 2, "min_examples": 50, "min_new": 1}
    params["notebooks"] = {"20_price_report": params["notebooks"]["20_price_report"]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("market")
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    _change(folder, _smaller)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=folder, check=True)
    yield folder


def _receipt(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "artifacts" / "receipts" / "price.json").read_text())
    return found


def _same_pictures_everywhere(project: Path) -> None:
    """`dvc plots show` and the report hold the charts of the price model byte for byte, and the registry too."""
    pictures = {p.name: p.read_bytes() for p in (project / "reports" / "plots" / "price").iterdir()}
    assert len(pictures) >= 6 and all(picture.startswith(b"\x89PNG") for picture in pictures.values())
    dvc = [sys.executable, "-m", "dvc", "plots", "show"]
    shown = subprocess.run(dvc, cwd=project, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    page = (project / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    report = (project / "reports" / "notebooks" / "20_price_report.html").read_text(encoding="utf-8")
    for name, picture in pictures.items():
        linked = f"static/workspace_reports_plots_price_{name}"
        assert f'src="{linked}"' in page, name
        assert (project / "dvc_plots" / linked).read_bytes() == picture, name
        assert base64.b64encode(picture).decode() in report, name
    logged = {p.name: p.read_bytes() for p in (project / "mlartifacts").rglob("figures/*.png")}
    assert logged.items() >= pictures.items()
    assert list((project / "reports" / "plots" / "fraud").iterdir()) == [], "it was not trained"


@pytest.mark.e2e
@pytest.mark.slow
def test_from_nothing_to_a_champion_and_back(project: Path) -> None:
    first = _run(project, "repro")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "v1" in first.stdout
    assert "passed" in first.stdout
    assert _receipt(project)["champion_version"] == 1
    for made in (
        "reports/index.html",
        "reports/notebooks/20_price_report.html",
        "artifacts/service/manifest.json",
    ):
        assert (project / made).is_file(), made
    _same_pictures_everywhere(project)
    told = json.loads((project / "reports" / "metrics" / "fraud.json").read_text())
    assert "honest deals" in told["skipped"], "its labels take longer than this market is old"
    trained = set(MODELS) - {"fraud"}
    for model in trained:
        metrics = json.loads((project / "reports" / "metrics" / f"{model}.json").read_text())
        assert metrics["control.future_perturbation"] == 1.0, model
        assert metrics["control.shuffled_labels"] == 1.0, model
    served = json.loads((project / "artifacts" / "service" / "manifest.json").read_text())["models"]
    assert set(served) == trained and all(entry["example"] for entry in served.values())

    again = _run(project, "repro")
    ran = [line for line in again.stdout.splitlines() if line.startswith("[") and "unchanged" not in line]
    assert [line.split("]")[1].split()[0] for line in ran] == ["source", "log_source"], again.stdout

    def _worse(params: dict[str, Any]) -> None:
        params["models"]["price"]["lots"]["trees"]["xgboost"]["n_estimators"] = 3
        params["gates"]["price"]["generated"]["thresholds"] = [{"metric": "market.1.skill", "at_least": 0.99}]

    _change(project, _worse)
    failed = _run(project, "repro", "package")
    assert failed.returncode == 0, failed.stdout
    receipt = _receipt(project)
    assert receipt["champion_version"] == 1, "a failed gate keeps the champion"
    assert receipt["version"] == 2
    assert not receipt["verdict"]["passed"]

    tried = json.loads((project / "artifacts" / "service" / "challengers" / "manifest.json").read_text())
    assert {name: str(entry["version"]) for name, entry in tried["models"].items()} == {"price": "2"}

    refused = _run(project, "promote", "price")
    assert refused.returncode == 1
    assert "market.1.skill" in refused.stderr
    forced = _run(project, "promote", "price", "--force", "--reason", "a rehearsal")
    assert forced.returncode == 0, forced.stderr
    assert json.loads((project / "artifacts" / "service" / "manifest.json").read_text())["models"]["price"][
        "version"
    ] in (2, "2")
    back = _run(project, "rollback", "price", "--reason", "the rehearsal is over")
    assert back.returncode == 0, back.stderr
    assert json.loads((project / "artifacts" / "service" / "manifest.json").read_text())["models"]["price"][
        "version"
    ] in (1, "1")


SAME = "the notebook of 20_price_report; the charts of each model are drawn by its stage register"
TRAINS = "trains anew what its stage trained; `mandi repro` renders it"
NOT_RENDERED = {  # all together would take two and a half minutes
    "20_price_report": "a stage of the run above",
    "20_demand_report": SAME,
    "20_quality_report": SAME,
    "20_matching_report": SAME,
    "21_price": TRAINS,
    "22_demand": TRAINS,
    "23_quality": TRAINS,
    "25_matching": TRAINS,
    "24_fraud": "trains, and two years of two crops hold too few honest deals whose label is known",
}


@pytest.mark.e2e
@pytest.mark.slow
def test_notebooks_run_on_what_the_pipeline_left(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (project / "reports" / "index.html").is_file():
        assert _run(project, "repro").returncode == 0
    listed = load_params(ROOT / "params.yaml")["notebooks"]
    assert set(NOT_RENDERED) <= set(listed), "a reason for a notebook that is not there"
    _change(project, lambda params: params.update(notebooks=listed))
    for name, value in (
        ("MANDI_ROOT", project),
        ("PYTHONPATH", project / "src"),
        ("OMP_NUM_THREADS", 1),
    ):
        monkeypatch.setenv(name, str(value))
    pages = {
        key: render(project, key).read_text(encoding="utf-8") for key in listed if key not in NOT_RENDERED
    }
    assert "Not trained" in pages.pop("20_fraud_report")
    assert [key for key, page in pages.items() if "Not trained" in page] == []
    silent = [key for key, page in pages.items() if "<table" not in page and "<img" not in page]
    assert silent == [], "nothing is shown"


@pytest.mark.e2e
@pytest.mark.slow
def test_the_quickstart_is_walked_through_in_jupyterlab(project: Path, tmp_path: Path) -> None:
    browser()
    broken = json.loads((project / "notebooks" / "00_quickstart.ipynb").read_text(encoding="utf-8"))
    broken["cells"][-2]["source"] = ["raise ValueError('a planted fault')"]
    (project / "notebooks" / "broken.ipynb").write_text(json.dumps(broken), encoding="utf-8")
    with jupyterlab(project, tmp_path) as address:
        seen = run_all(address, "notebooks/00_quickstart.ipynb", tmp_path / "quickstart.png")
        assert seen.errors == ()
        assert (seen.kernel, seen.cells) == ("mandi", 8)
        assert seen.pictures >= 2
        caught = run_all(address, "notebooks/broken.ipynb", tmp_path / "broken.png")
    assert any("a planted fault" in text for text in caught.errors), "or it would never fail"


@pytest.mark.e2e
def test_reports_alone_train_price_and_say_what_else_is_missing(project: Path, tmp_path: Path) -> None:
    portal = tmp_path / "cotton.csv"
    header = "district,market,commodity,variety,grade,min_price,max_price,modal_price,date"
    portal.write_text(header + "\nAmreli,Amreli,Cotton,Other,FAQ,4055,5325,5200,2018-01-01\n")
    said = _run(project, "import", "agmarknet", str(portal), "--check")
    assert said.returncode == 0, said.stderr
    assert "train price: yes" in said.stdout
    assert "train quality: no" in said.stdout
