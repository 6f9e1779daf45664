"""What drifted is fitted on newer days and offered: a version more, judged by the gate, and the champion stays who it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.core.paths import Paths
from mandi.loop.drift_candidate import LEARNT, make_candidate
from mandi.models import new_model
from mandi.registry import promotion

from .small_stages import MODEL, done, small_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PASSES = {"control.future_perturbation": 1.0}  # all that the gate of the small project asks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with features and a champion that was measured by nobody yet."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "project"
    small_project(root, seed=3)
    done(root, "pipelines.tables")
    done(root, "pipelines.features", MODEL)
    params = load_params(root / "params.yaml")
    frame = pd.read_parquet(Paths(root).features(MODEL) / "frame.parquet")
    fitted = new_model(MODEL, params).fit(frame[frame["part"].isin(LEARNT)])
    promotion.offer_challenger(fitted, PASSES, params["models"][MODEL], "the first", frame=frame, root=root)
    promotion.promote(MODEL, root=root)
    return root


def test_a_candidate_is_offered_judged_and_not_promoted(project: Path) -> None:
    before = promotion.champion(MODEL, root=project)
    assert before is not None and (before.version, "lot.mae" in before.metrics) == (1, False)

    offer = make_candidate(project, MODEL, "residuals, 2024-06-01 to 2024-07-01")

    champion, challenger = (
        found(MODEL, root=project) for found in (promotion.champion, promotion.challenger)
    )
    assert champion is not None and challenger is not None
    assert (champion.version, champion.content_hash) == (1, before.content_hash)
    assert (challenger.version, offer.receipt.version, offer.receipt.created) == (2, 2, True)
    assert challenger.content_hash != champion.content_hash, "it learnt other days"
    assert challenger.note == "drift: residuals, 2024-06-01 to 2024-07-01"
    assert challenger.gate == "passed" and challenger.verdict["passed"]
    assert challenger.verdict["reasons"][0]["metric"] == "control.future_perturbation"
    assert champion.metrics["lot.mae"] > 0, "the champion is measured on the candidate's test"
    assert champion.metrics["lot.mae"] != challenger.metrics["lot.mae"]
    listed = promotion.versions(MODEL, root=project)
    assert listed["aliases"].to_dict() == {0: "challenger", 1: "champion"}
