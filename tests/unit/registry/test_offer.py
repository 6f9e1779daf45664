from __future__ import annotations

from pathlib import Path

import pytest
from registry_toy import ToyModel, questions

from mandi.registry import promotion
from mandi.registry.tracking import runs

TEST = {"test.fingerprint": 7.0}


@pytest.fixture
def served(project: Path, saved) -> Path:
    promotion.register(
        "toy", saved(1.0), ToyModel.spec, {"lot.mae": 41.0, **TEST}, source="generated", root=project
    )
    promotion.promote("toy", root=project)
    return project


def test_a_better_model_is_offered_with_the_command_that_promotes_it(served: Path) -> None:
    offer = promotion.offer_challenger(
        ToyModel(1.1),
        {"lot.mae": 39.0, **TEST},
        {"premium": 1.1},
        "higher premium",
        frame=questions(),
        root=served,
    )
    assert offer.verdict is not None and offer.verdict.passed
    assert offer.next_command == "mandi promote toy"
    assert "mandi promote toy" in offer._repr_html_()
    assert promotion.find("toy", "challenger", root=served).note == "higher premium"
    table = runs("toy", root=served)
    assert table.loc[0, ["kind", "note", "param.premium"]].tolist() == ["notebook", "higher premium", "1.1"]
    assert promotion.cli_promote(served, "toy").startswith("toy v2 is champion instead of v1")


def test_a_worse_model_is_offered_honestly(served: Path) -> None:
    offer = promotion.offer_challenger(ToyModel(1.1), {"lot.mae": 45.0, **TEST}, root=served)
    assert offer.verdict is not None and not offer.verdict.passed
    assert "not passed" in str(offer)
    assert "--force" in offer.next_command


def test_the_champion_itself_is_nothing_new(served: Path) -> None:
    offer = promotion.offer_challenger(ToyModel(1.0), {"lot.mae": 41.0, **TEST}, root=served)
    assert offer.receipt.alias == "champion"
    assert "nothing new" in str(offer)
    assert len(promotion.versions("toy", root=served)) == 1


def test_without_a_rule_it_is_registered_but_not_judged(project: Path) -> None:
    (project / "params.yaml").write_text("tables: {source: generated}\n", encoding="utf-8")
    offer = promotion.offer_challenger(ToyModel(1.0), {"lot.mae": 41.0}, root=project)
    assert offer.verdict is None
    assert "not judged" in str(offer)
    assert promotion.find("toy", "challenger", root=project).gate == "not judged"


def test_what_could_not_be_measured_is_left_out_by_name_and_fails_the_gate_that_asks_for_it(
    served: Path,
) -> None:
    offer = promotion.offer_challenger(
        ToyModel(1.1), {"lot.mae": float("nan"), "lot.r2": 0.9, **TEST}, root=served
    )
    assert offer.verdict is not None and not offer.verdict.passed
    assert "not measured: lot.mae" in str(offer)
    assert promotion.find("toy", "challenger", root=served).metrics == {"lot.r2": 0.9, **TEST}


def test_a_model_that_cannot_be_saved_leaves_a_failed_run_and_no_version(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToyModel, "save", lambda self, folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        promotion.offer_challenger(ToyModel(1.1), {"lot.mae": 39.0, **TEST}, root=served)
    assert len(promotion.versions("toy", root=served)) == 1
    assert runs("toy", root=served)["status"].tolist()[0] == "FAILED"
