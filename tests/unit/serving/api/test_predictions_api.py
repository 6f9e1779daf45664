"""Predictions over HTTP: each is named and kept, its outcome is its owner's to tell, and figures have intervals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mandi.serving.counters.price import PriceCounter
from mandi.serving.routes import PREDICTION_ID
from mandi.store.records import AuditEvent, Prediction, PredictionBatch, PredictionOutcome

from ..whole_shop import Shop, whole_shop

PRICE = PriceCounter.path
ROW = {"commodity_id": "soybean", "market": "Indore", "asof": "2024-06-01T06:00:00Z"}
AT = "2024-06-02T06:00:00Z"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Shop]:
    with whole_shop(tmp_path, monkeypatch, service=folder) as opened:
        yield opened


def asked(shop: Shop, body: dict[str, Any] | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
    answer = shop.post(PRICE, body or ROW, **more)
    assert answer.status_code == 200, answer.text
    return answer.headers[PREDICTION_ID], answer.json()


def outcome(shop: Shop, prediction_id: str, actual: Any, at: str = AT, **more: Any) -> Any:
    return shop.post(f"/api/v1/predictions/{prediction_id}/outcome", {"actual": actual, "at": at}, **more)


def test_what_is_served_is_kept_under_the_name_it_was_answered_with(shop: Shop) -> None:
    prediction_id, answer = asked(shop)
    (kept,) = shop.kept(Prediction)
    assert (kept.id, kept.model, kept.model_version) == (prediction_id, "price", "3")
    assert (kept.role, kept.side, kept.figure) == ("served", "champion", answer["predicted_price"])
    assert kept.answer["low95"] == answer["lower_bound_95"]
    assert kept.latency_ms >= kept.cpu_ms * 0.5 > 0
    assert kept.due_at == datetime(
        2024, 6, 1, 18, 30, tzinfo=UTC
    )  # midnight in India after the day it is for
    assert "Indore" not in kept.inputs_digest and len(kept.inputs_digest) == 64


def test_rows_of_a_small_batch_are_kept_one_by_one_with_their_place(shop: Shop) -> None:
    name, _ = asked(shop, {"rows": [ROW, {**ROW, "market": "Dewas"}] * 4})
    kept = {row.id: row for row in shop.kept(Prediction)}
    assert set(kept) == {f"{name}.{i}" for i in range(8)} and shop.kept(PredictionBatch) == []
    assert kept[f"{name}.0"].inputs_digest == kept[f"{name}.2"].inputs_digest
    assert kept[f"{name}.0"].subject != kept[f"{name}.1"].subject
    assert outcome(shop, f"{name}.3", 4500.0).json()["version"] == 1


def test_a_large_batch_is_packed_and_a_row_is_taken_out_when_its_outcome_is_told(shop: Shop) -> None:
    name, answers = asked(shop, {"rows": [ROW, {**ROW, "market": "Dewas"}] * 6})
    (batch,) = shop.kept(PredictionBatch)
    assert (batch.id, batch.rows, batch.left) == (name, 12, 12) and shop.kept(Prediction) == []
    prices = [answer["predicted_price"] for answer in answers["answers"]]
    assert batch.figure_sum == pytest.approx(sum(prices))
    told = outcome(shop, f"{name}.3", 4500.0).json()
    assert told["version"] == 1 and told["loss"] == pytest.approx(abs(prices[3] - 4500.0))
    (row,) = shop.kept(Prediction)
    assert (row.id, row.figure, row.rows, row.request_id) == (f"{name}.3", prices[3], 12, batch.request_id)
    assert outcome(shop, f"{name}.3", 4510.0).json()["version"] == 2
    (batch,) = shop.kept(PredictionBatch)
    assert batch.left == 11 and batch.figure_sum == pytest.approx(sum(prices) - prices[3])
    for place in ("12", "03", "-1", "x", "", "3.0", "٣"):
        assert outcome(shop, f"{name}.{place}", 4500.0).status_code == 404
    assert outcome(shop, name, 4500.0).status_code == 404


def test_figures_are_the_same_packed_or_not(shop: Shop) -> None:
    rows = [ROW, {**ROW, "market": "Dewas"}] * 4

    def version(size: int) -> dict[str, Any]:
        names = [asked(shop, {"rows": (rows * 2)[:size]})[0] for _ in range(32 // size)]
        for name in names[: 16 // size]:
            for i in range(0, size, 2):
                assert outcome(shop, f"{name}.{i}", 4600.0).status_code == 200
        (found,) = shop.client.get("/api/v1/predictions/metrics?model=price").json()["versions"]
        return {n: v for n, v in found.items() if "latency" not in n and n not in ("delay_hours",)}

    apart = version(8)
    assert len(shop.kept(Prediction)) == 32 and shop.kept(PredictionBatch) == []
    assert (apart["predictions"], apart["due"], apart["told"]) == (32, 32, 8)
    shop.forget(Prediction, PredictionOutcome)
    packed = version(16)
    assert len(shop.kept(Prediction)) == 8 and sum(batch.left for batch in shop.kept(PredictionBatch)) == 24
    assert packed["figure_untold"] == pytest.approx(apart["figure_untold"])
    assert packed["selection"] == pytest.approx(apart["selection"])
    for name in ("predictions", "due", "told", "told_share", "corrected", "figure_told", "figures"):
        assert packed[name] == apart[name], name


def test_a_question_that_is_refused_leaves_no_prediction(shop: Shop) -> None:
    refused = shop.post(PRICE, {**ROW, "market": "Indor"})
    assert refused.status_code == 400 and PREDICTION_ID not in refused.headers
    assert shop.kept(Prediction) == []


def test_an_outcome_is_told_once_and_corrected_and_the_last_word_counts(shop: Shop) -> None:
    name, answer = asked(shop)
    first, again = outcome(shop, name, 4650.0).json(), outcome(shop, name, 4650.0).json()
    second = outcome(shop, name, 4610.0).json()
    assert (first["version"], again["version"], second["version"]) == (1, 1, 2)
    assert (first["changed"], again["changed"], second["changed"]) == (True, False, True)
    assert second["loss"] == pytest.approx(abs(answer["predicted_price"] - 4610.0))
    assert len(shop.kept(PredictionOutcome)) == 2
    (event,) = shop.kept(AuditEvent, action="prediction.outcome_corrected")
    assert event.target == f"prediction:{name}" and event.details == {"version": 2, "model": "price"}
    (version,) = shop.client.get("/api/v1/predictions/metrics?model=price").json()["versions"]
    figures = {figure["name"]: figure for figure in version["figures"]}
    assert figures["mae"]["value"] == pytest.approx(second["loss"])
    assert (version["told"], version["corrected"]) == (1, 1)


@pytest.mark.parametrize("actual", [True, "B", 0.0])
def test_what_cannot_come_of_a_price_is_a_conflict_that_says_what_could(shop: Shop, actual: Any) -> None:
    name, _ = asked(shop)
    told = outcome(shop, name, actual)
    assert (told.status_code, told.json()["field"]) == (409, "actual")
    assert "INR per quintal" in told.json()["allowed"]
    assert shop.kept(PredictionOutcome) == []


def test_an_outcome_of_tomorrow_is_refused(shop: Shop) -> None:
    name, _ = asked(shop)
    assert outcome(shop, name, 4600.0, at="2199-01-01T00:00:00Z").json()["field"] == "at"


def test_what_another_organisation_was_answered_is_not_there(shop: Shop) -> None:
    name, _ = asked(shop)
    stranger = shop.somebody()
    assert outcome(shop, name, 4600.0, headers=stranger).status_code == 404
    assert outcome(shop, name, 4600.0, headers=shop.somebody("trader", "local")).status_code == 200
    theirs, _ = asked(shop, headers=stranger)
    mine, other = (row.inputs_digest for row in sorted(shop.kept(Prediction), key=lambda r: r.id != name))
    assert theirs != name and mine != other  # the same question, and nobody can see that it is
    told = shop.client.get("/api/v1/predictions/metrics", headers=stranger).json()["versions"]
    assert [(v["predictions"], v["told"]) for v in told] == [(1, 0)]
    everybody = shop.client.get("/api/v1/predictions/metrics?organization=all").json()["versions"]
    assert [v["predictions"] for v in everybody] == [2]
    nosy = shop.client.get("/api/v1/predictions/metrics?organization=all", headers=stranger)
    assert nosy.status_code == 404


def test_figures_say_what_is_missing_and_how_it_differs(shop: Shop) -> None:
    told = {"Indore": 4600.0, "Dewas": 5000.0}
    for market, actual in told.items():
        name, _ = asked(shop, {**ROW, "market": market})
        outcome(shop, name, actual)
    for day in (1, 2):
        asked(shop, {"commodity_id": "cotton", "market": "Rajkot", "asof": f"2024-06-0{day}T06:00:00Z"})
    assert len(shop.kept(Prediction)) == 4
    (version,) = shop.client.get("/api/v1/predictions/metrics").json()["versions"]
    inside = next(f for f in version["figures"] if f["name"] == "coverage95")
    assert (version["predictions"], version["due"], version["told"], version["told_share"]) == (4, 4, 2, 0.5)
    assert (inside["value"], inside["least"], inside["most"]) == (0.5, 0.25, 0.75)
    assert inside["low"] <= 0.5 <= inside["high"]
    assert version["selection"] < -1  # the dear ones were not reported


def test_nothing_is_kept_where_it_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with whole_shop(tmp_path, monkeypatch, service=folder, enable_prediction_log=False) as shop:
        answer = shop.post(PRICE, ROW)
        assert answer.status_code == 200 and PREDICTION_ID not in answer.headers
        assert shop.kept(Prediction) == []


def test_predictions_are_kept_where_calls_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with whole_shop(tmp_path, monkeypatch, service=folder, enable_usage_logging=False) as shop:
        name, _ = asked(shop)
        assert [row.id for row in shop.kept(Prediction)] == [name]


def test_an_answer_is_given_when_its_record_cannot_be_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(shop.opened.spool, "add_rows", broken)
    answer = shop.post(PRICE, ROW)
    assert answer.status_code == 200 and PREDICTION_ID not in answer.headers
    assert shop.house.rooms["predictions"].lost == 1
