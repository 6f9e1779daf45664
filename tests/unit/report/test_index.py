from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from mandi.report.index import index_page

sys.path.insert(0, str(Path(__file__).parent))
from questions import answered

METRICS = {
    "market.1.mae": 64.0, "market.1.last_price.mae": 76.0, "market.1.coverage90": 0.9, "market.1.coverage95": 0.95,
    "market.7.mae": 97.0, "market.7.last_price.mae": 112.0, "lot.mae": 44.0, "lot.last_price.mae": 93.0,
    "lot.calm.mae": 30.0, "lot.floor_mae": 40.0, "lot.coverage95": 0.951, "lot.skipped": None,
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(
        "tables: {source: generated}\nmodels: {price: {}, demand: {}, quality: {}}\n"
        "notebooks: {20_price_report: {notebook: 20_model_report, parameters: {model: price}}}\n"
    )
    for folder in ("artifacts/receipts", "reports/metrics", "reports/notebooks", "notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    receipt = {
        "champion_version": 3,
        "main": "lot.mae 44.0",
        "baseline": "93.0",
        "floor": "40.0",
        "gate": "passed",
    }
    (tmp_path / "artifacts/receipts/price.json").write_text(json.dumps(receipt))
    (tmp_path / "artifacts/receipts/demand.json").write_text(json.dumps({"skipped": "needs <reports>"}))
    (tmp_path / "reports/notebooks/20_price_report.html").write_text("x")
    return tmp_path


def test_every_model_its_champion_gate_and_report(project: Path) -> None:
    (project / "reports/metrics/price.json").write_text(json.dumps(METRICS))
    folder = project / "reports/evaluation/price"
    folder.mkdir(parents=True)
    for name in ("predictions", "backtest"):
        answered().to_parquet(folder / f"{name}.parquet")
    (folder / "test.json").write_text(json.dumps({"tables": {}, "notes": []}))
    (folder / "controls.json").write_text("[]")
    text = index_page(project)
    assert "<td class='text'>price</td><td>v3</td><td>lot.mae 44.0</td><td>93.0</td><td>40.0</td>" in text
    assert "wide good'>passed" in text
    assert "not trained: needs &lt;reports&gt;" in text and "not run yet: mandi repro" in text
    assert "href='notebooks/20_price_report.html'" in text and "model = price" in text
    assert len(re.findall("data:image/png;base64", text)) == 3
    assert not re.search(r"<script|<link|https?://", text)


def test_before_anything_ran(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("models: {price: {}}\n")
    text = index_page(tmp_path)
    assert "not run yet: mandi repro" in text and "No report has been run yet" in text
