from __future__ import annotations

import json
from pathlib import Path

import pytest
from registry_toy import ToyModel

from mandi.core.errors import ConfigError
from mandi.registry import promotion
from mandi.registry.connection import connect


def test_a_model_without_a_past_has_an_empty_trail(project: Path) -> None:
    trail = promotion.audit("toy", root=project)
    assert trail.empty
    assert {"at", "event", "version", "gate", "reason", "by"} <= set(trail.columns)


def test_every_verdict_is_kept_whole(project: Path, saved) -> None:
    metrics = {"lot.mae": 60.0, "test.fingerprint": 7.0}
    promotion.register("toy", saved(1.0), ToyModel.spec, metrics, source="generated", root=project)
    first = promotion.judge_version("toy", root=project)
    promotion.remeasure("toy", 1, {**metrics, "lot.mae": 45.0}, root=project)
    second = promotion.judge_version("toy", root=project)
    assert (first.passed, second.passed) == (False, True)
    trail = promotion.audit("toy", root=project)
    assert trail["gate"].tolist() == ["failed", "passed"]
    assert trail["checks"].tolist() == ["lot.mae is 60, wanted at most 50 (the requirement)", "all 2 passed"]
    connection = connect(project)
    uri = connection.client.get_run(trail["record_id"].iloc[0]).info.artifact_uri
    record = json.loads((connection.local(uri) / "record.json").read_text(encoding="utf-8"))
    assert record["verdict"] == first.as_dict()
    assert record["by"]


def test_the_trail_of_one_model_is_not_the_trail_of_another(project: Path, saved) -> None:
    promotion.register("toy", saved(1.0), ToyModel.spec, {"lot.mae": 41.0}, source="generated", root=project)
    promotion.promote("toy", force=True, reason="first", root=project)
    assert promotion.audit("other", root=project).empty


def test_a_long_trail_is_read_to_its_end(project: Path, saved, monkeypatch: pytest.MonkeyPatch) -> None:
    from mandi.registry import audit as module

    monkeypatch.setattr(module, "PAGE", 2)
    promotion.register("toy", saved(1.0), ToyModel.spec, {"lot.mae": 41.0}, source="generated", root=project)
    for _ in range(5):
        promotion.judge_version("toy", root=project)
    trail = promotion.audit("toy", root=project)
    assert len(trail) == 5
    assert trail["at"].is_monotonic_increasing


def test_a_source_without_a_rule_cannot_be_judged(project: Path, saved) -> None:
    promotion.register("toy", saved(1.0), ToyModel.spec, {"lot.mae": 41.0}, source="agmarknet", root=project)
    with pytest.raises(ConfigError, match="agmarknet"):
        promotion.judge_version("toy", root=project)
    assert promotion.audit("toy", root=project).empty


def test_a_champion_of_another_source_is_not_compared_with(project: Path, saved) -> None:
    rule = "{thresholds: [{metric: lot.mae, at_most: 50}], beats_champion: [{metric: lot.mae}]}"
    (project / "params.yaml").write_text(
        f"gates: {{toy: {{generated: {rule}, real: {rule}}}}}", encoding="utf-8"
    )
    for premium, source, mae in ((1.0, "generated", 30.0), (1.1, "agmarknet", 40.0)):
        promotion.register(
            "toy", saved(premium), ToyModel.spec, {"lot.mae": mae}, source=source, root=project
        )
        if source == "generated":
            promotion.promote("toy", root=project)
    verdict = promotion.judge_version("toy", root=project)
    assert verdict.passed
    assert str(verdict.reasons[-1]).startswith('the champion v1 is of another source, "generated"')
    itself = promotion.judge_version("toy", "champion", root=project)
    assert str(itself.reasons[-1]) == "v1 is the champion itself: nothing else to compare with"


def test_an_offer_without_a_metric_the_gate_asks_for_is_judged_and_told_which(project: Path) -> None:
    rule = "{thresholds: [{metric: control.shuffled_labels, at_least: 1, why: a control}]}"
    (project / "params.yaml").write_text(
        f"tables: {{source: generated}}\ngates: {{toy: {{generated: {rule}}}}}\n", encoding="utf-8"
    )
    offer = promotion.offer_challenger(ToyModel(1.0), {"lot.mae": 41.0}, root=project)
    assert offer.verdict is not None and not offer.verdict.passed
    text = 'metric "control.shuffled_labels" is missing, wanted at least 1 (a control)'
    assert [str(reason) for reason in offer.verdict.reasons] == [text]
    assert promotion.find("toy", "challenger", root=project).gate == "failed"
