"""`compute: {kind: dask}` in params.yaml: the stages features and train write what one process writes, and the model is as good."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from mandi.core.config import load_params
from mandi.core.paths import Paths
from mandi.evaluation.examination import predict_blind
from mandi.evaluation.examiner import examiner_for
from mandi.models import model_class
from mandi.tables.ingest import read_tables
from pipelines import features, tables, train

from .small_stages import MODEL, small_project

OWN = r"lot\.mae|market\.\d+\.mae"  # and not those of baselines
WITHIN = 0.05  # few lots: sums of histograms move trees a little


def _compute(project: Path, **settings: Any) -> None:
    yaml = YAML(typ="safe", pure=True)
    params = yaml.load((project / "params.yaml").read_text(encoding="utf-8"))
    params["compute"] = {"scheduler": None, "workers": 2, **settings}
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)


def _files(folder: Path) -> dict[str, pd.DataFrame]:
    return {f.relative_to(folder).as_posix(): pd.read_parquet(f) for f in sorted(folder.rglob("*.parquet"))}


def _errors(project: Path) -> dict[str, float]:
    paths, params = Paths(project), load_params(project / "params.yaml")
    frame = pd.read_parquet(paths.features(MODEL) / "frame.parquet")
    fitted = model_class(MODEL).load(paths.model(MODEL))
    examiner = examiner_for(fitted.spec.task, params, MODEL)
    beside = examiner.beside(frame, read_tables(paths.tables))
    found = examiner.examine(predict_blind(fitted, frame[frame["part"] == "test"]), frame, beside).metrics
    return {name: value for name, value in found.items() if re.fullmatch(OWN, name)}


@pytest.mark.e2e
@pytest.mark.slow
def test_stages_on_workers_write_what_one_process_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    small_project(project, 3, rounds=25)
    monkeypatch.setenv("MANDI_ROOT", str(project))
    monkeypatch.setattr("mandi.features.partitioned.LEAST_ROWS", 1000)  # several parts of so small a market
    parts: list[int] = []
    spread = features.complete_whole

    def watched(*given: Any) -> Any:
        made = spread(*given)
        parts.append(len(made))
        return made

    monkeypatch.setattr(features, "complete_whole", watched)
    tables.main()
    paths = Paths(project)
    files, errors, trees, abouts = {}, {}, {}, {}
    for kind in ("local", "dask"):
        _compute(project, kind=kind)
        features.main(MODEL)
        train.main(MODEL)
        files[kind], errors[kind] = _files(paths.features(MODEL)), _errors(project)
        abouts[kind] = json.loads((paths.features(MODEL) / "about.json").read_text(encoding="utf-8"))
        trees[kind] = (paths.model(MODEL) / "lots_quantiles.ubj").read_bytes()

    assert len(parts) == 1 and parts[0] > 1, "the workers were not asked, or for one part alone"
    assert trees["dask"] != trees["local"], "the workers grew no tree"
    assert abouts["dask"] == abouts["local"]
    assert files["dask"].keys() == files["local"].keys() and "frame.parquet" in files["local"]
    for name, frame in files["local"].items():
        pd.testing.assert_frame_equal(files["dask"][name], frame, rtol=0.0, atol=1e-9)
    assert errors["dask"].keys() == errors["local"].keys() and {"lot.mae", "market.1.mae"} <= set(
        errors["local"]
    )
    for name, value in errors["local"].items():
        assert errors["dask"][name] == pytest.approx(value, rel=WITHIN), name
