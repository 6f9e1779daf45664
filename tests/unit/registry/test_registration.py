from __future__ import annotations

from pathlib import Path

import pytest
from registry_toy import ToyModel

from mandi.core.errors import ContractError, DataNotFound
from mandi.registry import promotion
from mandi.registry.lineage import collect
from mandi.registry.tracking import runs, start_run

METRICS = {"lot.mae": 41.0, "test.fingerprint": 7.0}


def register(project: Path, folder: Path, metrics=METRICS, **more):
    return promotion.register("toy", folder, ToyModel.spec, metrics, source="generated", root=project, **more)


def test_the_same_content_is_the_same_version(project: Path, saved) -> None:
    first = register(project, saved(1.0))
    again = register(project, saved(1.0))
    assert (first.version, first.created, first.alias) == (1, True, "challenger")
    assert (again.version, again.created, again.run_id) == (1, False, first.run_id)
    assert len(promotion.versions("toy", root=project)) == 1
    assert len(runs("toy", root=project)) == 1
    other = register(project, saved(1.1))
    assert (other.version, other.created) == (2, True)
    assert promotion.find("toy", "challenger", root=project).version == 2


def test_the_receipt_does_not_depend_on_the_clock(project: Path, saved) -> None:
    first, again = register(project, saved(1.0)), register(project, saved(1.0))
    assert {**first.as_dict(), "created": False} == again.as_dict()


def test_everything_about_the_version_is_kept(project: Path, saved) -> None:
    folder = saved(1.0)
    lineage = collect(project, "toy", model_folder=folder, params={"depth": 6})
    with start_run("toy", "pipeline", {"depth": 6}, root=project) as run:
        receipt = register(project, folder, lineage=lineage, run=run, note="first try")
    found = promotion.find("toy", receipt.version, root=project)
    assert receipt.run_id == found.run_id == run.id
    assert (found.metrics, found.source, found.note, found.gate) == (
        METRICS,
        "generated",
        "first try",
        "not judged",
    )
    assert found.lineage == lineage.as_dict()
    assert found.main_metric == "lot.mae"
    assert found.created.tzinfo is not None
    assert run.connection.client.get_registered_model("toy").description == ToyModel.spec.question


def test_measured_again_the_newest_numbers_count_and_the_old_ones_stay(project: Path, saved) -> None:
    receipt = register(project, saved(1.0))
    register(project, saved(1.0), {"lot.mae": 44.0, "test.fingerprint": 8.0})
    now = promotion.remeasure("toy", 1, {"lot.mae": 45.0, "test.fingerprint": 9.0}, root=project)
    assert now.metrics == {"lot.mae": 45.0, "test.fingerprint": 9.0}
    assert promotion.remeasure("toy", 1, {"lot.r2": 0.9}, root=project).metrics == {"lot.r2": 0.9}
    with start_run("toy", "look", root=project) as run:
        history = run.connection.client.get_metric_history(receipt.run_id, "lot.mae")
    assert [m.value for m in sorted(history, key=lambda m: m.step)] == [41.0, 44.0, 45.0]


def test_what_cannot_be_registered_leaves_nothing_behind(project: Path, saved, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"lot\.mae is nan"):
        register(project, saved(1.0), {"lot.mae": float("nan")})
    with pytest.raises(DataNotFound):
        register(project, tmp_path / "nothing")
    wrong = collect(project, "toy", model_folder=saved(1.3))
    with pytest.raises(ContractError, match="another|content"):
        register(project, saved(1.0), lineage=wrong)
    assert promotion.versions("toy", root=project).empty
