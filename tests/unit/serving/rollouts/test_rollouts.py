"""A challenger in the service: in the shadow nobody sees it, then for a share; stopped at once, by the tests or by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.serving.counters.price import PriceCounter
from mandi.serving.package import write_service_folder
from mandi.serving.rollouts.challengers import challengers_folder, clear_challengers, packaged_versions
from mandi.serving.rollouts.command import end_before_rollback, rollout_command
from mandi.serving.rollouts.live import Rollouts, falls_to
from mandi.serving.routes import MODELS, PREDICTION_ID
from mandi.store.records import AuditEvent, Prediction

from ..conftest import PARAMS, ToyModel, entry, toy_snapshot
from ..whole_shop import Shop, whole_shop

PRICE = PriceCounter.path
ASOF = "2024-06-01T06:00:00Z"
START, STOP = "/admin/rollouts/price/start", "/admin/rollouts/price/stop"
QUICK = {"shadow_share": 1.0, "hours": 0.0, "least_outcomes": 5, "tolerated": 100.0}
DISCOUNT = 5.0  # INR a quintal for each quintal, by the challenger; the champion gives next to none


@pytest.fixture
def tried(folder: Path, tmp_path: Path) -> Path:
    """A service folder with champion v3 and challenger v4."""
    saved = tmp_path / "challenger"
    saved.mkdir()
    ToyModel(discount=DISCOUNT).save(saved)
    write_service_folder(
        challengers_folder(folder), "price", saved, toy_snapshot(), entry(version="4"), params=PARAMS
    )
    return folder


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Path) -> Iterator[Shop]:
    with whole_shop(tmp_path, monkeypatch, service=tried, shadow_process=False) as opened:
        yield opened


def live(shop: Shop) -> Rollouts:
    found: Rollouts = shop.house.rooms["rollouts"]
    return found


def call(shop: Shop, work: Callable[[], Any]) -> Any:
    assert shop.client.portal is not None
    return shop.client.portal.call(work)


def lots(shop: Shop, quantities: range, truth: str = "challenger") -> list[str]:
    """Ask for lots of these sizes, tell what was paid, and let the trial be judged; return the versions that answered."""
    versions = []
    for quantity in quantities:
        row = {"commodity_id": "soybean", "market": "Indore", "asof": ASOF, "quantity": float(quantity)}
        answer = shop.post(PRICE, row)
        assert answer.status_code == 200, answer.text
        versions.append(answer.json()["model_version"])
        assert live(shop).shadows.flush()
        paid = 4601.0 - (DISCOUNT if truth == "challenger" else 0.001) * quantity
        told = {"actual": paid, "at": ASOF}
        assert (
            shop.post(f"/api/v1/predictions/{answer.headers[PREDICTION_ID]}/outcome", told).status_code == 200
        )
    shop.kept(Prediction)
    call(shop, live(shop).judge)
    return versions


def rollout(shop: Shop) -> dict[str, Any]:
    (model,) = shop.client.get(MODELS).json()["models"]
    told: dict[str, Any] = model["rollout"]
    return told


def test_nothing_is_compared_until_it_is_begun(shop: Shop) -> None:
    assert lots(shop, range(10, 12)) == ["3", "3"]
    assert rollout(shop) is None
    assert {row.role for row in shop.kept(Prediction)} == {"served"}


def test_in_the_shadow_the_challenger_is_kept_beside_and_never_returned(shop: Shop) -> None:
    begun = shop.post(START, QUICK).json()
    assert (begun["status"], begun["share"], begun["champion_version"], begun["challenger_version"]) == (
        "shadow", 0.0, "3", "4",
    )  # fmt: skip
    batch = {
        "rows": [
            {"commodity_id": "soybean", "market": m, "asof": ASOF, "quantity": 9.0}
            for m in ("Indore", "Dewas")
        ]
    }
    answer = shop.post(PRICE, batch)
    assert {one["model_version"] for one in answer.json()["answers"]} == {"3"}
    assert live(shop).shadows.flush()
    kept = shop.kept(Prediction)
    served = {row.id: row for row in kept if row.role == "served"}
    beside = [row for row in kept if row.role == "shadow"]
    assert len(served) == len(beside) == 2
    for row in beside:
        pair = served[row.pair_id]
        assert (row.model_version, row.side, row.inputs_digest) == ("4", "challenger", pair.inputs_digest)
        assert row.figure == pytest.approx(pair.figure - (DISCOUNT - 0.001) * 9.0)
    assert rollout(shop)["status"] == "shadow"
    (event,) = shop.kept(AuditEvent, action="rollout.start")
    assert event.target == "model:price"


def test_a_better_one_answers_a_growing_share_and_in_the_end_everything(shop: Shop) -> None:
    shop.post(START, QUICK)
    first = lots(shop, range(10, 40))
    assert set(first) == {"3"}
    seen = [rollout(shop)["share"]]
    size = 40
    while rollout(shop)["status"] == "staged":
        lots(shop, range(size, size + 6))
        seen.append(rollout(shop)["share"])
        size += 6
        assert size < 200
    told = rollout(shop)
    assert told["status"] == "promoted" and seen[-1] == 1.0 and seen == sorted(seen)
    assert told["loss_challenger"] < told["loss_champion"] and told["evidence_better"] > told["needed"]
    assert set(lots(shop, range(300, 305))) == {"4"}
    actions = {event.action for event in shop.kept(AuditEvent)}
    assert {"rollout.staged", "rollout.promoted"} <= actions
    metrics = shop.client.get("/api/v1/predictions/metrics").json()["versions"]
    assert {(v["model_version"], v["side"]) for v in metrics} == {("3", "champion"), ("4", "challenger")}


def test_a_worse_one_is_stopped_and_answers_nothing_more(shop: Shop) -> None:
    shop.post(START, QUICK)
    lots(shop, range(10, 60), truth="champion")
    told = rollout(shop)
    assert (told["status"], told["share"]) == ("stopped", 0.0) and told["reason"].startswith(
        "worse: mean loss"
    )
    assert live(shop).of("price") is None
    assert set(lots(shop, range(60, 90), truth="champion")) == {"3"}
    assert shop.post(START, QUICK).status_code == 200  # another trial, from the beginning
    assert rollout(shop)["outcomes"] == 0


def test_one_that_fails_is_stopped_and_every_question_is_answered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.post(START, QUICK)
    whole = ToyModel.predict

    def broken(self: ToyModel, frame: Any) -> Any:
        if self.discount == DISCOUNT:
            raise RuntimeError("no tree grows here")
        return whole(self, frame)

    monkeypatch.setattr(ToyModel, "predict", broken)
    assert set(lots(shop, range(10, 25))) == {"3"}
    told = rollout(shop)
    assert told["status"] == "stopped" and told["failures"] == 11


def test_one_that_fails_while_it_answers_is_stood_in_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.post(START, QUICK)
    lots(shop, range(10, 100))
    assert rollout(shop)["status"] == "promoted"
    whole = ToyModel.predict
    monkeypatch.setattr(
        ToyModel, "predict", lambda self, frame: 1 / 0 if self.discount == DISCOUNT else whole(self, frame)
    )
    assert set(lots(shop, range(200, 203))) == {"3"}
    assert rollout(shop)["failures"] == 3


def test_one_outcome_asked_about_many_times_counts_once(shop: Shop) -> None:
    shop.post(START, QUICK)
    for _ in range(4):
        lots(shop, range(50, 51))
    assert rollout(shop)["outcomes"] == 1


def test_a_correction_changes_figures_and_no_bet(shop: Shop) -> None:
    shop.post(START, QUICK)
    lots(shop, range(10, 13))
    served = [row for row in shop.kept(Prediction) if row.role == "served"]
    before = rollout(shop)
    told = {"actual": 1.0, "at": ASOF}
    assert shop.post(f"/api/v1/predictions/{served[0].id}/outcome", told).json()["version"] == 2
    call(shop, live(shop).judge)
    assert rollout(shop)["loss_champion"] == before["loss_champion"]


def test_a_trial_is_stopped_by_hand_and_only_once(shop: Shop) -> None:
    assert shop.post(STOP, {}).status_code == 409
    shop.post(START, QUICK)
    assert shop.post(START, QUICK).status_code == 409
    assert shop.post(STOP, {}).json()["reason"] == "stopped by an administrator"
    assert live(shop).of("price") is None
    assert [one["status"] for one in shop.client.get("/admin/rollouts").json()["rollouts"]] == ["stopped"]
    assert shop.post("/admin/rollouts/weather/start", QUICK).status_code == 404


def test_without_a_challenger_in_the_folder_there_is_nothing_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with whole_shop(tmp_path, monkeypatch, service=folder) as shop:
        refused = shop.post(START, QUICK)
    assert refused.status_code == 409 and "no challenger of price is packaged" in refused.json()["error"]


def test_without_a_log_nothing_can_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Path
) -> None:
    with whole_shop(tmp_path, monkeypatch, service=tried, enable_prediction_log=False) as shop:
        refused = shop.post(START, QUICK)
    assert refused.status_code == 409 and refused.json()["next"] == "ENABLE_PREDICTION_LOG=true"


def test_a_trial_of_versions_that_are_not_here_is_none_here(shop: Shop) -> None:
    shop.post(START, QUICK)
    live(shop).versions["price"] = "5"
    call(shop, live(shop).hear)
    assert live(shop).of("price") is None


def test_a_share_that_grows_keeps_whom_it_had() -> None:
    falls = [falls_to("r", "share", str(i)) for i in range(2000)]
    assert sum(f < 0.1 for f in falls) / 2000 == pytest.approx(0.1, abs=0.02)
    assert sum(f < 0.5 for f in falls) / 2000 == pytest.approx(0.5, abs=0.04)
    again = [falls_to("r", "share", str(i)) for i in range(2000)]
    assert again == falls


def test_packaging_a_champion_keeps_the_challengers_and_clearing_takes_them(
    tried: Path, model_folder: Path
) -> None:
    write_service_folder(tried, "price", model_folder, toy_snapshot(), entry(version="7"), params=PARAMS)
    assert (packaged_versions(tried), packaged_versions(challengers_folder(tried))) == (
        {"price": "7"},
        {"price": "4"},
    )
    clear_challengers(tried)
    assert packaged_versions(challengers_folder(tried)) == {}


def test_the_command_line_begins_shows_and_stops(
    shop: Shop, tried: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path
    monkeypatch.setenv("MANDI_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("MANDI_SERVICE_FOLDER", str(tried))
    assert "was ever on trial" in rollout_command(root, "price", "show")
    assert end_before_rollback(root, "price") is None
    begun = rollout_command(root, "price", "start", shadow_share=0.5)
    assert "price v4 against v3: shadow, answers 0%, compared in 50%" in begun
    call(shop, live(shop).hear)
    assert live(shop).of("price") is not None  # a service that runs hears of it
    assert rollout_command(root, "price", "show") == begun
    ended = end_before_rollback(root, "price")
    assert ended is not None and "price v3 answers everything again" in ended
    call(shop, live(shop).hear)
    assert live(shop).of("price") is None
