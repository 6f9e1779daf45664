"""An alert is told once, signed; what drifted becomes a challenger and never a champion by itself."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mandi.loop.drift_candidate as candidate
import mandi.loop.drift_watch as drift_watch
from mandi.core.errors import TooLittleData, UnknownValue
from mandi.core.paths import Paths
from mandi.evaluation.drift.checks import Check, Drift
from mandi.loop.drift_candidate import TEST_DAYS, later_parts
from mandi.loop.drift_command import cli_drift
from mandi.loop.drift_watch import answered, last_day, tell, watch
from mandi.serving.observing.webhook import Webhook

END = pd.Timestamp("2024-07-01", tz="UTC")


def drift(alert: bool = True, model: str = "price") -> Drift:
    check = Check("residuals", True, alert, 0.0004, 0.002, "errors are one-sided")
    return Drift(model, END - pd.Timedelta(days=30), END, (check,))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text("models: {price: {}, quality: {}}\ndrift: {}\n", encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text("", encoding="utf-8")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []

    async def take(self: Webhook, body: bytes) -> None:
        got.append({**json.loads(body), "headers": self._headers(body)})

    monkeypatch.setattr(Webhook, "_post", take)
    monkeypatch.setenv("MANDI_ALERT_WEBHOOK_URL", "https://alerts.example.com/mandi")
    monkeypatch.setenv("MANDI_ALERT_WEBHOOK_SECRET", "a secret of thirty-two characters")
    return got


def test_an_alert_is_told_once_in_the_log_and_signed_to_the_webhook(
    project: Path, posted: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "mandi.alerts"):
        assert tell(project, drift(), "<p>page</p>")
        assert not tell(project, drift(), "<p>page</p>")
    assert [record.getMessage() for record in caplog.records] == [
        "price drifted, 2024-06-01 to 2024-07-01: residuals"
    ]
    assert len(posted) == 1
    told = posted[0]
    assert (told["kind"], told["subject"], told["severity"]) == ("drift", "price", "warning")
    assert told["figures"] == {"residuals": 0.0004}
    assert told["headers"]["x-mandi-signature"].startswith("sha256=")


def test_no_drift_is_kept_and_not_told(project: Path, posted: list[dict[str, Any]]) -> None:
    assert not tell(project, drift(alert=False), "")
    assert posted == []


def test_a_watch_writes_pages_and_metrics(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(paths: Paths, model: str, params: object) -> Drift | str:
        return drift(model=model) if model == "price" else "it has no features"

    monkeypatch.setattr(drift_watch, "look_at", seen)
    stale = project / "reports" / "drift" / "quality.html"
    stale.parent.mkdir(parents=True)
    stale.write_text("old", encoding="utf-8")
    found = watch(project)
    assert found["quality"] == "it has no features" and not stale.exists()
    assert (project / "reports" / "drift" / "price.html").is_file()
    metrics = json.loads((project / "reports" / "metrics" / "drift.json").read_text(encoding="utf-8"))
    assert metrics["price"]["residuals.alert"] == 1.0 and "skipped" in metrics["quality"]
    with pytest.raises(UnknownValue, match="prise"):
        watch(project, ["prise"])


def test_what_drifted_becomes_a_challenger_unless_told_otherwise(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def offer(root: Path, model: str, why: str) -> str:
        made.append(f"{model}: {why}")
        raise TooLittleData("no question of the last days has a label yet")

    monkeypatch.setattr(
        "mandi.loop.drift_watch.watch",
        lambda root, models: {"price": drift(), "quality": drift(False, "quality")},
    )
    monkeypatch.setattr(candidate, "make_candidate", offer)
    said: list[str] = []
    assert cli_drift(project, [], retrain=False, say=said.append)
    assert made == [] and any("mandi drift price" in line for line in said)
    assert cli_drift(project, [], retrain=True, say=said.append)
    assert made == ["price: residuals, 2024-06-01 to 2024-07-01"]
    assert any("price has no candidate" in line for line in said)


def test_a_candidate_learns_later_days_and_its_test_is_the_last(project: Path) -> None:
    asof = pd.date_range("2021-01-01", "2024-06-30", freq="D", tz="UTC")
    frame = pd.DataFrame({"asof": asof, "label": 1.0, "label_known_time": asof + pd.Timedelta(days=7)})
    places = [0, 700, 900, 1100]
    for start, part in zip(places, ("train", "validation", "calibration", "test"), strict=True):
        frame.loc[start:, "part"] = part
    found = later_parts(frame)
    starts = found.groupby("part")["asof"].min()
    assert starts["test"] >= asof[-1] - pd.Timedelta(days=TEST_DAYS)
    assert starts["calibration"] > frame.groupby("part")["asof"].min()["calibration"]
    learnt = found[found["part"].isin(("train", "validation", "calibration"))]
    assert (learnt["label_known_time"] <= starts["test"]).all(), "nothing learnt was known only in the test"
    with pytest.raises(TooLittleData, match="lacks one of its parts"):
        later_parts(frame[frame["part"] != "test"])


def test_answers_of_the_test_come_before_those_of_the_backtest(project: Path) -> None:
    paths = Paths(project)
    assert answered(paths, "price") is None
    paths.evaluation("price").mkdir(parents=True)
    pd.DataFrame({"predicted_price": [1.0, 2.0]}, index=[5, 6]).to_parquet(
        paths.evaluation("price") / "predictions.parquet"
    )
    pd.DataFrame({"predicted_price": [9.0, 3.0]}, index=[6, 4]).to_parquet(
        paths.evaluation("price") / "backtest.parquet"
    )
    found = answered(paths, "price")
    assert found is not None and found["predicted_price"].to_dict() == {5: 1.0, 6: 2.0, 4: 3.0}


def test_nothing_is_looked_at_that_has_not_happened(project: Path) -> None:
    paths = Paths(project)
    assert last_day(paths).year > 2200
    paths.tables.mkdir(parents=True)
    pd.DataFrame({"event_time": [pd.Timestamp("2024-12-31 18:30", tz="UTC")]}).to_parquet(
        paths.tables / "reports.parquet"
    )
    assert str(last_day(paths)) == "2025-01-01 00:00:00+00:00"
