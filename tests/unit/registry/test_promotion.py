from __future__ import annotations

from pathlib import Path

import pytest
from registry_toy import ToyModel

from mandi.core.errors import DataNotFound, GateFailed, MandiError
from mandi.evaluation.gate import GateRule, Threshold, Verdict, judge
from mandi.registry import promotion

RULE = GateRule(thresholds=(Threshold("lot.mae", at_most=50.0),), name="generated")


def verdict(mae: float) -> Verdict:
    return judge({"lot.mae": mae}, None, RULE, task="toy")


@pytest.fixture
def add(project: Path, saved):
    def register(premium: float, mae: float, fingerprint: float = 7.0) -> int:
        metrics = {"lot.mae": mae, "test.fingerprint": fingerprint}
        return promotion.register(
            "toy", saved(premium), ToyModel.spec, metrics, source="generated", root=project
        ).version

    return register


def champion(project: Path) -> int:
    found = promotion.champion("toy", root=project)
    return found.version if found else 0


def test_a_pass_moves_the_champion_and_clears_the_challenger(project: Path, add) -> None:
    moved = promotion.settle("toy", add(1.0, 41.0), verdict(41.0), against=0, root=project)
    assert (moved.event, moved.champion, moved.previous, moved.changed) == ("promoted", 1, 0, True)
    first = promotion.find("toy", 1, root=project)
    assert first.aliases == ("champion",)
    assert (first.gate, first.judged_against) == ("passed", 0)
    assert first.verdict["reasons"][0]["text"] == "lot.mae is 41, wanted at most 50"
    promotion.settle("toy", add(1.1, 39.0), verdict(39.0), against=1, root=project)
    assert promotion.find("toy", "previous", root=project).version == 1
    assert champion(project) == 2


def test_a_failure_keeps_the_champion(project: Path, add) -> None:
    promotion.settle("toy", add(1.0, 41.0), verdict(41.0), root=project)
    kept = promotion.settle("toy", add(1.1, 60.0), verdict(60.0), against=1, root=project)
    assert (kept.event, kept.champion, kept.changed) == ("kept", 1, False)
    assert "lot.mae is 60" in kept.text
    assert promotion.find("toy", 2, root=project).gate == "failed"
    assert promotion.find("toy", "challenger", root=project).version == 2


def test_a_failure_without_a_champion_is_an_error_and_still_on_record(project: Path, add) -> None:
    with pytest.raises(GateFailed, match="lot.mae is 60"):
        promotion.settle("toy", add(1.0, 60.0), verdict(60.0), against=0, root=project)
    assert champion(project) == 0
    assert promotion.audit("toy", root=project)["gate"].tolist() == ["failed"]


def test_settling_the_champion_again_changes_nothing(project: Path, add) -> None:
    version = add(1.0, 41.0)
    promotion.settle("toy", version, verdict(41.0), root=project)
    again = promotion.settle("toy", add(1.0, 41.0), verdict(60.0), against=1, root=project)
    assert (again.event, again.champion, again.changed) == ("kept", 1, False)
    assert "gate failed" in again.text
    assert promotion.find("toy", 1, root=project).gate == "passed"
    assert promotion.audit("toy", root=project)["event"].tolist() == ["judged", "promoted", "judged"]


def test_a_verdict_against_another_champion_moves_nothing(project: Path, add) -> None:
    one, two = add(1.0, 41.0), add(1.1, 40.0)
    promotion.settle("toy", two, verdict(40.0), against=0, root=project)
    with pytest.raises(MandiError, match="judged against no champion, but v2 is champion now"):
        promotion.settle("toy", one, verdict(41.0), against=0, root=project)
    with pytest.raises(MandiError, match="v2 is champion now"):
        promotion.promote("toy", one, verdict(41.0), against=5, root=project)
    assert champion(project) == 2


def test_promote_takes_the_challenger_and_the_verdict_on_record(project: Path, add) -> None:
    add(1.0, 41.0)
    promotion.judge_version("toy", root=project)
    assert promotion.cli_promote(project, "toy") == "toy v1 is champion, the first; gate passed"
    with pytest.raises(DataNotFound, match="no challenger"):
        promotion.cli_promote(project, "toy")
    assert promotion.cli_promote(project, "toy", 1) == "toy v1 is the champion already"


def test_promote_judges_again_when_the_champion_is_another_one(project: Path, add) -> None:
    add(1.0, 41.0), add(1.1, 40.0), add(1.2, 42.0)
    for version in (1, 2, 3):
        promotion.judge_version("toy", version, root=project)
    promotion.promote("toy", 2, root=project)
    with pytest.raises(GateFailed, match="lot.mae is 42, the champion's 40"):
        promotion.promote("toy", 3, root=project)
    found = promotion.find("toy", 3, root=project)
    assert (found.gate, found.judged_against) == ("failed", 2)
    add(1.3, 38.0, fingerprint=8.0)
    with pytest.raises(GateFailed, match="same test"):
        promotion.promote("toy", 4, root=project)
    promotion.remeasure("toy", "champion", {"lot.mae": 40.5, "test.fingerprint": 8.0}, root=project)
    promotion.judge_version("toy", 4, root=project)
    assert promotion.promote("toy", 4, root=project).champion == 4


def test_force_needs_a_reason_and_the_reason_is_kept(project: Path, add) -> None:
    add(1.0, 60.0)
    with pytest.raises(GateFailed, match="--force --reason"):
        promotion.cli_promote(project, "toy")
    for blank in ("", "  "):
        with pytest.raises(MandiError, match="needs a reason"):
            promotion.cli_promote(project, "toy", force=True, reason=blank)
    text = promotion.cli_promote(project, "toy", None, True, "portal outage in the test month")
    assert text == "toy v1 is champion, the first; gate failed, forced: portal outage in the test month"
    last = promotion.audit("toy", root=project).iloc[-1]
    assert (last["event"], last["gate"], last["forced"]) == ("promoted", "failed", True)
    assert last["reason"] == "portal outage in the test month"
    assert last["checks"] == "lot.mae is 60, wanted at most 50 (the requirement)"


def test_force_on_a_version_that_passes_is_not_called_forced(project: Path, add) -> None:
    add(1.0, 41.0)
    assert not promotion.promote("toy", force=True, reason="hurry", root=project).forced


def test_without_a_gate_nothing_is_promoted_but_by_force(project: Path, add) -> None:
    (project / "params.yaml").write_text("gates: {}\n", encoding="utf-8")
    add(1.0, 41.0)
    with pytest.raises(GateFailed, match="was not judged"):
        promotion.promote("toy", root=project)
    assert promotion.promote("toy", force=True, reason="no gate here", root=project).champion == 1


def test_rollback_goes_back_step_by_step_to_the_first(project: Path, add) -> None:
    for premium in (1.0, 1.1, 1.2):
        promotion.settle("toy", add(premium, 41.0), verdict(41.0), root=project)
    assert promotion.cli_rollback(project, "toy") == "toy v2 is champion instead of v3 (rolled back)"
    assert promotion.find("toy", "previous", root=project).version == 1
    assert promotion.rollback("toy", reason="prices look wrong", root=project).champion == 1
    with pytest.raises(DataNotFound, match="v1 is the first champion"):
        promotion.rollback("toy", root=project)
    with pytest.raises(DataNotFound, match="no previous"):
        promotion.find("toy", "previous", root=project)
    trail = promotion.audit("toy", root=project)
    moves = trail[trail["event"] != "judged"]
    assert moves[["before", "after"]].values.tolist() == [[0, 1], [1, 2], [2, 3], [3, 2], [2, 1]]
    assert moves["reason"].iloc[-1] == "prices look wrong"
    assert trail["done"].all()


def test_there_is_nothing_to_roll_back_before_the_first_champion(project: Path, add) -> None:
    with pytest.raises(DataNotFound, match="no champion"):
        promotion.rollback("toy", root=project)
    add(1.0, 41.0)
    with pytest.raises(DataNotFound, match="no champion"):
        promotion.rollback("toy", root=project)


def test_the_pipeline_does_not_undo_a_rollback_but_a_person_may(project: Path, add) -> None:
    for premium in (1.0, 1.1):
        promotion.settle("toy", add(premium, 41.0), verdict(41.0), root=project)
    promotion.rollback("toy", root=project)
    again = promotion.settle("toy", add(1.1, 41.0), verdict(41.0), against=1, root=project)
    assert (again.champion, again.changed) == (1, False)
    assert "was rolled back on" in again.text
    assert promotion.promote("toy", root=project).champion == 2
    assert promotion.find("toy", 2, root=project).rolled_back == ""
    assert promotion.rollback("toy", root=project).champion == 1


def test_an_alias_moved_by_other_means_is_the_truth(project: Path, add) -> None:
    from mandi.registry.connection import connect

    for premium in (1.0, 1.1):
        promotion.settle("toy", add(premium, 41.0), verdict(41.0), root=project)
    add(1.2, 41.0)
    connect(project).client.set_registered_model_alias("toy", "champion", "3")
    assert promotion.rollback("toy", root=project).champion == 2


def test_a_move_that_dies_midway_is_on_record_and_can_be_made_again(
    project: Path, add, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    add(1.0, 41.0)
    with monkeypatch.context() as broken:
        broken.setattr(
            MlflowClient, "set_registered_model_alias", lambda *a: (_ for _ in ()).throw(OSError("full"))
        )
        with pytest.raises(OSError, match="full"):
            promotion.promote("toy", root=project)
    assert champion(project) == 0
    trail = promotion.audit("toy", root=project)
    assert trail[["event", "done"]].values.tolist() == [["judged", True], ["promoted", False]]
    assert promotion.promote("toy", root=project).champion == 1
    with pytest.raises(DataNotFound, match="first champion"):
        promotion.rollback("toy", root=project)


def test_a_promotion_renders(project: Path, add) -> None:
    add(1.0, 41.0)
    moved = promotion.promote("toy", root=project)
    assert "toy v1 is champion" in moved._repr_html_()
    assert moved.as_dict()["champion_version"] == 1
