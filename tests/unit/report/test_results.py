from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import DataNotFound
from mandi.report.results import read_results


def write(root: Path) -> None:
    for folder in ("reports/metrics", "reports/evaluation/price", "artifacts/receipts"):
        (root / folder).mkdir(parents=True)
    (root / "reports/metrics/price.json").write_text(json.dumps({"lot.mae": 44.0}))
    test = {"tables": {"By question": [{"question": "lot", "mae": 44.0}]}, "notes": ["a note"], "metrics": {}}
    (root / "reports/evaluation/price/test.json").write_text(json.dumps(test))
    control = {
        "name": "shuffled labels",
        "passed": True,
        "text": "worth nothing",
        "figures": {},
        "differences": [],
    }
    (root / "reports/evaluation/price/controls.json").write_text(json.dumps([control]))
    for name in ("predictions", "backtest"):
        pd.DataFrame({"label": [1.0]}).to_parquet(root / f"reports/evaluation/price/{name}.parquet")
    reason = {
        "check": "threshold",
        "metric": "lot.mae",
        "value": 44.0,
        "wanted": "at most 50",
        "passed": True,
        "text": "t",
    }
    receipt = {"version": 2, "verdict": {"passed": True, "rule": "generated", "reasons": [reason]}}
    (root / "artifacts/receipts/price.json").write_text(json.dumps(receipt))
    (root / "artifacts/receipts/price_card.md").write_text("# card")


def test_reads_everything_back(tmp_path: Path) -> None:
    write(tmp_path)
    found = read_results(tmp_path, "price")
    assert found.metrics == {"lot.mae": 44.0} and found.notes == ("a note",) and found.card == "# card"
    assert found.controls["passed"].tolist() == [True] and len(found.rows) == len(found.backtest) == 1
    assert found.task == "price" and found.tables["By question"]["mae"].tolist() == [44.0]
    assert found.verdict.passed and "t</td>" in found.verdict._repr_html_()


def test_nothing_there_and_not_trained(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound) as error:
        read_results(tmp_path, "price")
    assert "next: mandi repro" in str(error.value)
    write(tmp_path)
    (tmp_path / "reports/metrics/price.json").write_text(json.dumps({"skipped": "needs reports"}))
    with pytest.raises(DataNotFound, match="needs reports"):
        read_results(tmp_path, "price")
