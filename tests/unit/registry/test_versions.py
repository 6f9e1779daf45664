from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from registry_toy import ToyModel, questions

from mandi.core.errors import ContractError, DataNotFound
from mandi.registry import promotion
from mandi.registry.lineage import folder_hash
from mandi.registry.pyfunc_model import as_input


@pytest.fixture
def two(project: Path, saved) -> Path:
    for premium, mae in ((1.0, 41.0), (1.1, 39.0)):
        promotion.register(
            "toy", saved(premium), ToyModel.spec, {"lot.mae": mae}, source="generated", root=project
        )
    promotion.promote("toy", 1, force=True, reason="the first", root=project)
    return project


def test_nothing_registered_yet(project: Path) -> None:
    assert promotion.champion("toy", root=project) is None
    assert promotion.versions("toy", root=project).empty
    with pytest.raises(DataNotFound, match="mandi repro"):
        promotion.load("toy", root=project)
    with pytest.raises(DataNotFound, match="nothing is registered"):
        promotion.find("toy", 1, root=project)


def test_the_table_shows_aliases_gate_and_main_metric(two: Path) -> None:
    table = promotion.versions("toy", root=two)
    assert table["version"].tolist() == [2, 1]
    assert table["aliases"].tolist() == ["challenger", "champion"]
    assert table["lot.mae"].tolist() == [39.0, 41.0]
    assert "lot.mae" in table._repr_html_()


@pytest.mark.parametrize(
    ("which", "version"), [("champion", 1), ("challenger", 2), (2, 2), ("2", 2), ("v1", 1)]
)
def test_a_version_has_several_names(two: Path, which: str | int, version: int) -> None:
    assert promotion.find("toy", which, root=two).version == version


def test_a_wrong_name_is_told_with_the_nearest_and_a_wrong_number_with_those_there(two: Path) -> None:
    with pytest.raises(DataNotFound, match='did you mean "champion"'):
        promotion.find("toy", "champoin", root=two)
    with pytest.raises(DataNotFound, match="2, 1"):
        promotion.find("toy", 9, root=two)
    with pytest.raises(DataNotFound, match="no previous"):
        promotion.find("toy", "previous", root=two)


def test_a_loaded_version_predicts_as_it_did(two: Path) -> None:
    frame = questions()
    for which, premium in (("champion", 1.0), ("challenger", 1.1)):
        plain = ToyModel(premium).predict(frame)["predicted_price"]
        loaded = promotion.load("toy", which, root=two).predict(frame)["predicted_price"]
        served = promotion.pyfunc("toy", which, root=two).predict(as_input(frame, ToyModel.spec))[
            "predicted_price"
        ]
        assert (loaded == plain).all()
        np.testing.assert_allclose(served, plain, rtol=0, atol=1e-6)


def test_an_altered_model_is_not_loaded_served_or_exported(two: Path, tmp_path: Path) -> None:
    (promotion.folder("toy", root=two) / "model.json").write_text('{"soybean": 9, "tur": 9}')
    for use in (promotion.load, promotion.pyfunc, promotion.folder):
        with pytest.raises(ContractError, match="changed after registration"):
            use("toy", root=two)
    with pytest.raises(ContractError):
        promotion.export("toy", "champion", tmp_path / "out", root=two)
    assert not (tmp_path / "out").exists()


def test_export_replaces_the_folder_whole(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "service" / "toy"
    promotion.export("toy", "challenger", out, root=two)
    (out / "left_over.txt").write_text("x")
    manifest = promotion.export("toy", "champion", out, root=two)
    assert sorted(p.name for p in out.iterdir()) == ["export.json", "model.json"]
    assert json.loads((out / "export.json").read_text()) == manifest
    assert (manifest["version"], manifest["metrics"]) == (1, {"lot.mae": 41.0})
    (out / "export.json").unlink()
    assert folder_hash(out) == manifest["content_hash"]
    assert [p.name for p in out.parent.iterdir()] == ["toy"], "nothing is left beside it"


def test_a_version_renders(two: Path) -> None:
    shown = promotion.find("toy", "champion", root=two)
    assert "toy v1 (champion)" in shown._repr_html_()
    assert "lot.mae" in shown._repr_html_()
