from __future__ import annotations

import json
from pathlib import Path

import pytest

from mandi.core.errors import ConfigError, UnknownValue
from mandi.report.look import look, prepare, render
from mandi.report.normalise import read


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(
        "models: {price: {}, demand: {}}\n"
        "notebooks:\n  20_price_report: {notebook: 20_model_report, parameters: {model: price}}\n  00_plain: {}\n"
    )
    (tmp_path / "notebooks").mkdir()
    code = {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "source": "model = ''",
            "execution_count": 4, "outputs": []}  # fmt: skip
    shown = {**code, "id": "b", "metadata": {"papermill": {"x": 1}}, "source": "print('report of', model)"}
    for name in ("20_model_report", "00_plain"):
        text = json.dumps({"cells": [code, shown], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(text)
    return tmp_path


def test_look_runs_the_models_report_and_says_where(project: Path) -> None:
    before = (project / "notebooks/20_model_report.ipynb").read_bytes()
    assert look(project, "price") == "reports/notebooks/20_price_report.html"
    assert "report of price" in (project / "reports/notebooks/20_price_report.html").read_text()
    assert (project / "notebooks/20_model_report.ipynb").read_bytes() == before


def test_clean_copies_are_named_after_their_report_and_can_be_run(project: Path) -> None:
    copies = prepare(project, project / "data/notebooks")
    assert [c.name for c in copies] == ["20_price_report.ipynb", "00_plain.ipynb"]
    assert read(copies[0])["cells"][1]["metadata"] == {}
    assert render(project, "20_price_report", copies[0]).is_file()


def test_a_model_that_was_not_trained_gets_a_page_that_says_why(project: Path) -> None:
    (project / "artifacts/receipts").mkdir(parents=True)
    (project / "artifacts/receipts/price.json").write_text(json.dumps({"skipped": "needs <reports>"}))
    text = render(project, "20_price_report").read_text()
    assert "Not trained: needs &lt;reports&gt;" in text and "report of" not in text


def test_refusals(project: Path) -> None:
    with pytest.raises(UnknownValue, match="prise") as error:
        look(project, "prise")
    assert 'did you mean "price"' in str(error.value)
    with pytest.raises(ConfigError, match="20_model_report"):
        look(project, "demand")
    with pytest.raises(UnknownValue, match="00_plane"):
        render(project, "00_plane")
