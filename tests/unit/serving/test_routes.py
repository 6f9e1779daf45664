from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mandi.serving.counters.price import PriceCounter
from mandi.serving.desk import Desk
from mandi.serving.routes import MODELS

from ...gates import app_of

PRICE = PriceCounter.path
ASOF = "2024-06-01T06:00:00Z"
ROW = {"commodity_id": "soybean", "market": "Indore", "asof": ASOF}


@pytest.fixture
def client(desk: Desk) -> TestClient:
    app = app_of(desk)
    return TestClient(app)


def refused(client: TestClient, body: str | dict[str, Any], status: int = 400) -> dict[str, Any]:
    sent = body if isinstance(body, str) else json.dumps(body)
    answer = client.post(PRICE, content=sent)
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()
    assert {"error", "field", "allowed", "next"} <= set(problem)
    return problem


def test_one_row_and_many_rows(client: TestClient) -> None:
    one = client.post(PRICE, json=ROW).json()
    many = client.post(PRICE, json={"rows": [ROW, {**ROW, "market": "Dewas"}]}).json()
    assert one["predicted_price"] == many["answers"][0]["predicted_price"]
    assert [a["market"] for a in many["answers"]] == ["Indore", "Dewas"]
    assert one["feature_contributions"] is None
    assert set(client.post(PRICE, json={**ROW, "explain": True}).json()["feature_contributions"]) == {"base"}


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", '"12"', "true", "1e999", "-1", "0"])
def test_a_number_that_is_none_names_its_field(client: TestClient, literal: str) -> None:
    body = '{"commodity_id": "soybean", "market": "Indore", "quantity": %s}'
    assert refused(client, body % literal)["field"] == "quantity"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"colour": "yellow"}, "colour"),
        ({"quality_params": {"oil": 18.0}}, "quality_params.oil"),
        ({"quality_params": {"staple_length_mm": 1.1}}, "quality_params.staple_length_mm"),
        ({"quantity": 5.0, "quantity_unit": "sacks"}, "quantity_unit"),
        ({"asof": "2024-06-01T06:00:00"}, "asof"),
        ({"asof": "yesterday"}, "asof"),
        ({"asof": "2300-06-01T06:00:00Z"}, "asof"),
        ({"asof": "9999-12-31T23:59:59-12:00"}, "asof"),
        ({"asof": "0001-01-01T00:00:00+14:00"}, "asof"),
        ({"asof": "2" * 100_000}, "asof"),
        ({"asof": 1717221600}, "asof"),
        ({"horizon_days": 1.5}, "horizon_days"),
        ({"horizon_days": -1}, "horizon_days"),
        ({"market": ""}, "market"),
        ({"market": "Indor"}, "market"),
        ({"commodity_id": None}, "commodity_id"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    client: TestClient, changed: dict[str, Any], field: str
) -> None:
    assert refused(client, {**ROW, **changed})["field"] == field
    assert refused(client, {"rows": [ROW, {**ROW, **changed}]})["field"] == f"rows.1.{field}"
    assert refused(client, {"rows": [{**ROW, **changed}]})["field"] == f"rows.0.{field}"


def test_all_problems_are_told_when_there_are_more_than_one(client: TestClient) -> None:
    told = refused(client, {"rows": [{"market": 1}]})
    assert [p["field"] for p in told["problems"]] == ["rows.0.commodity_id", "rows.0.market"]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "3", '{"rows": []}', '{"rows": {}}', "\ufffe", '{"a":' * 9000]
)
def test_a_body_of_another_shape(client: TestClient, body: str) -> None:
    assert refused(client, body)["field"] in {"body", "rows"}


def test_a_body_too_large_or_too_long(client: TestClient) -> None:
    assert refused(client, " " * (2048 * 1024 + 1), 413)["allowed"] == "2048 KiB"
    assert refused(client, {"rows": [{"commodity_id": "soybean"}] * 1001})["field"] == "rows"


def test_a_stale_history_is_503_with_the_date_and_what_to_do(client: TestClient) -> None:
    told = refused(client, {**ROW, "asof": "2024-09-01T06:00:00Z"}, 503)
    assert "2024-05-31" in told["error"]
    assert told["field"] == "asof"
    assert "mandi import" in told["next"]
    stale = {**ROW, "asof": "2024-09-01T06:00:00Z"}
    assert refused(client, {"rows": [stale]}, 503)["field"] == "rows.0.asof"
    assert refused(client, {"rows": [ROW, stale]}, 503)["field"] == "rows.1.asof"


def test_no_champion_is_503_and_what_is_served_is_listed(client: TestClient) -> None:
    assert [m["name"] for m in client.get(MODELS).json()["models"]] == ["price"]
    empty = TestClient(app_of())
    assert refused(empty, ROW, 503)["next"] == "mandi repro"
    assert empty.get(MODELS).status_code == 503


def test_an_error_that_was_not_foreseen_says_nothing_of_the_inside(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Desk, "price", broken)
    told = refused(client, ROW, 500)
    assert "secret" not in json.dumps(told)


def test_a_wrong_method_has_the_same_shape(client: TestClient) -> None:
    answer = client.get(PRICE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "error" in answer.json()


def test_the_document_describes_the_contract_and_carries_an_example(client: TestClient) -> None:
    told = client.get("/docs.json").json()
    content = told["paths"][PRICE]["post"]["requestBody"]["content"]["application/json"]
    assert client.post(PRICE, json=content["examples"]["many"]["value"]).status_code == 200
    assert told["components"]["schemas"]["PriceRequest"]["additionalProperties"] is False
    refs = json.dumps(told).split('"#/components/schemas/')[1:]
    assert {r.split('"')[0] for r in refs} <= set(told["components"]["schemas"])


@pytest.mark.parametrize("year", ["1900", "2200"])
def test_years_at_the_edge_are_answered_with_a_reason(client: TestClient, year: str) -> None:
    answer = client.post(PRICE, json={**ROW, "asof": f"{year}-06-01T06:00:00Z"})
    assert (answer.status_code, answer.json()["field"]) == (400, "asof")


def test_the_future_is_the_callers_to_mend_and_an_old_history_is_ours(client: TestClient) -> None:
    told = client.post(PRICE, json={"rows": [ROW, {**ROW, "asof": "2199-06-01T06:00:00Z"}]})
    assert (told.status_code, told.json()["field"]) == (400, "rows.1.asof") and "future" in told.json()[
        "error"
    ]
    told = client.post(PRICE, json={name: given for name, given in ROW.items() if name != "asof"})
    assert (told.status_code, told.json()["field"]) == (503, "asof")


def test_the_other_names_of_an_assay_are_taken(client: TestClient) -> None:
    for other, name, value in [
        ("staple_length", "staple_length_mm", 29.1),
        ("strength", "fiber_strength", 30.0),
        ("color", "color_grade", "white"),
    ]:
        asked = {**ROW, "quantity": 5.0}
        answers = [client.post(PRICE, json={**asked, "quality_params": {n: value}}) for n in (other, name)]
        assert [a.status_code for a in answers] == [200, 200]
        told = refused(client, {**asked, "quality_params": {other: value, name: value}})
        assert told["field"] == "quality_params"
        assert other in told["error"] and name in told["error"]
    document = client.get("/docs.json").json()["components"]["schemas"]["QualityParams"]
    assert {"staple_length", "strength", "color"} <= set(document["properties"])


def test_a_row_with_more_keys_than_the_contract_names_the_first_unknown(client: TestClient) -> None:
    many = {f"k{i}": 1 for i in range(50_000)}
    assert refused(client, {**ROW, **many})["field"] == "k0"
    told = refused(client, {"rows": [ROW, {**ROW, "quality_params": many}]})
    assert (told["field"], "problems" in told) == ("rows.1.quality_params.k0", False)
    assert len(refused(client, {**ROW, "x" * 100_000: 1})["field"]) == 120


def test_rows_are_counted_before_one_is_read(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("a row was read")

    monkeypatch.setattr("mandi.serving.contracts.PriceRow.model_validate", read)
    told = refused(client, {"rows": [{}] * 400_000})
    assert (told["field"], told["allowed"]) == ("rows", "1 to 1000 in a request")


def test_no_more_errors_are_built_than_are_shown(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from mandi.serving.contracts import PriceRow

    read = PriceRow.model_validate
    rows_read = []
    monkeypatch.setattr(PriceRow, "model_validate", lambda row: (rows_read.append(1), read(row))[1])
    told = refused(client, {"rows": [{"market": 1}] * 1000})
    assert (len(told["problems"]), len(rows_read)) == (20, 10)


def test_a_model_that_cannot_be_served_says_why_and_the_others_answer(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["models"]["demand"] = manifest["models"]["price"]  # a counter that cannot open on this history
    manifest["models"]["fraud"] = {**manifest["models"]["price"], "folder": "lost"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    app = app_of(Desk.open(folder))
    client = TestClient(app)
    assert client.post(PRICE, json=ROW).status_code == 200
    for name, path in (("demand", "/api/v1/demand/forecast"), ("fraud", "/api/v1/fraud/score")):
        told = client.post(path, json={})
        assert (
            told.status_code == 503 and name in told.json()["error"] and told.json()["next"] == "mandi repro"
        )
        assert str(folder) not in told.text
    told = client.get(MODELS).json()
    assert [m["name"] for m in told["models"]] == ["price"] and set(told["not_served"]) == {"demand", "fraud"}


def test_moments_are_utc_whatever_zone_they_were_written_in(client: TestClient) -> None:
    answers = [
        client.post(PRICE, json={**ROW, "asof": moment}).json()
        for moment in ("2024-06-01T06:00:00Z", "2024-06-01T11:30:00+05:30")
    ]
    assert answers[0] == answers[1] and answers[0]["asof"] == "2024-06-01T06:00:00Z"
