"""What was found of drift is kept once, beside the champion, and moves nothing."""

from __future__ import annotations

from pathlib import Path

from registry_toy import ToyModel

from mandi.registry import promotion
from mandi.registry.connection import connect
from mandi.registry.drift_record import record_drift
from mandi.registry.tracking import runs

WINDOW = "2024-06-01 to 2024-07-01"
ALERTS = {"residuals": "errors are one-sided", "calibration": "ranges miss"}


def test_an_alert_is_kept_once_and_no_alias_moves(project: Path, saved) -> None:
    promotion.register("toy", saved(1.0), ToyModel.spec, {"lot.mae": 41.0}, source="generated", root=project)
    promotion.promote("toy", root=project)
    before = promotion.versions("toy", root=project)
    assert record_drift("toy", WINDOW, {"alert": 1.0}, ALERTS, "<p>page</p>", root=project)
    assert not record_drift("toy", WINDOW, {"alert": 1.0}, ALERTS, "<p>page</p>", root=project)
    assert record_drift("toy", WINDOW, {"alert": 0.0}, {}, root=project), (
        "other alerts of the same window are new"
    )
    after = promotion.versions("toy", root=project)
    assert before["version"].tolist() == after["version"].tolist()
    assert promotion.champion("toy", root=project).version == 1
    client = connect(project).client
    assert client.get_model_version("toy", "1").tags["drift"] == f"{WINDOW}: none"
    experiment = client.get_experiment_by_name("mandi-drift/toy")
    found = client.search_runs([experiment.experiment_id])
    assert {run.data.tags["alerts"] for run in found} == {"calibration, residuals", ""}
    assert all(run.info.status == "FINISHED" for run in found)
    assert runs("toy", kind="drift", root=project).empty, "runs of training stay apart"


def test_a_model_without_a_champion_is_kept_too(project: Path) -> None:
    assert record_drift("toy", WINDOW, {"alert": 1.0}, ALERTS, root=project)
