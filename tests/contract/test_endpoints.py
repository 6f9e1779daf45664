"""The same question gets the same price everywhere: alone, among a thousand, as an MLflow model and over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from mandi.features.base import snapshot
from mandi.models.base import Spec
from mandi.serving.contracts import PriceRow
from mandi.serving.counters.price import PriceCounter
from mandi.serving.desk import Desk
from mandi.serving.routes import MODELS

from ..gates import app_of
from ..unit.serving.small_market import SmallMarket, request_row, shared_market, small_market

PRICE = PriceCounter.path
BOUNDS = ["predicted_price", "lower_bound_90", "upper_bound_90", "lower_bound_95", "upper_bound_95"]
SAME = {"rtol": 0.0, "atol": 1e-6}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory, root: Path) -> SmallMarket:
    return shared_market(tmp_path_factory, root)


@pytest.fixture(scope="module")
def client(market: SmallMarket) -> TestClient:
    app = app_of(Desk.open(market.folder))
    return TestClient(app)


@pytest.fixture(scope="module")
def asked(market: SmallMarket) -> pd.DataFrame:
    questions = market.todays()
    assert {"lot", "market"} == set(questions["kind"])
    assert {0, 1, 30} <= set(questions["horizon_days"])
    return questions


@pytest.fixture(scope="module")
def direct(market: SmallMarket, asked: pd.DataFrame) -> pd.DataFrame:
    predicted: pd.DataFrame = market.model.predict(market.features.assemble(asked, market.known()))
    return predicted[BOUNDS]


def told(answers: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
    return np.array([[a[b] for b in BOUNDS] for a in answers])


def test_training_features_are_serving_features(market: SmallMarket, asked: pd.DataFrame) -> None:
    cut = snapshot(market.history, market.known_until, market.features.keys)
    trained, served = (market.features.assemble(asked, h) for h in (market.known(), cut))
    pd.testing.assert_frame_equal(trained, served, check_exact=True)
    of_markets = asked[asked["kind"] == "market"]  # on the day after, a lot's supplier may have news
    trained, served = (market.features.assemble(of_markets, h) for h in (market.history, cut))
    pd.testing.assert_frame_equal(trained, served, check_exact=True)


def test_over_http_together_and_alone_prices_are_those_of_the_model(
    client: TestClient, asked: pd.DataFrame, direct: pd.DataFrame
) -> None:
    rows = [request_row(q) for q in asked.itertuples()]
    together = client.post(PRICE, json={"rows": rows})
    assert together.status_code == 200, together.text
    np.testing.assert_allclose(told(together.json()["answers"]), direct.to_numpy(), **SAME)
    for row, expected in list(zip(rows, direct.to_numpy()))[:: max(1, len(rows) // 12)]:
        np.testing.assert_allclose(told([client.post(PRICE, json=row).json()])[0], expected, **SAME)


def test_among_a_thousand_others_a_price_is_the_same(
    market: SmallMarket, asked: pd.DataFrame, direct: pd.DataFrame
) -> None:
    rows = [PriceRow.model_validate(request_row(q)) for q in asked.itertuples()]
    others = [r.model_copy(update={"quantity": 1.0 + i}) for i, r in enumerate(rows) if r.is_lot]
    crowd = (others * (1000 // len(others) + 1))[: 1000 - len(rows)] + rows
    answers = [a.model_dump() for a in Desk.open(market.folder).price(crowd)]
    assert len(answers) == 1000
    np.testing.assert_allclose(told(answers[-len(rows) :]), direct.to_numpy(), **SAME)


def test_as_an_mlflow_model_a_price_is_the_same(
    market: SmallMarket, asked: pd.DataFrame, direct: pd.DataFrame, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow", reason="the pipelines extra is not installed")
    from mandi.registry.pyfunc_model import load_packed, pack

    spec: Spec = market.model.spec
    pack(tmp_path / "packed", "price", market.model_folder, spec)
    frame = market.features.assemble(asked, market.known())
    frame = frame[[n for n in spec.input_names() if n in frame]]
    numbers = {f.name: "float64" for f in spec.inputs if f.kind == "number" and f.name in frame}
    packed = load_packed(tmp_path / "packed").predict(frame.astype(numbers))
    np.testing.assert_allclose(packed[BOUNDS].to_numpy(), direct.to_numpy(), **SAME)


def test_bounds_are_ordered_and_contributions_sum_to_the_price(
    client: TestClient, asked: pd.DataFrame
) -> None:
    rows = [request_row(q) for q in asked.itertuples()]
    for answer in client.post(PRICE, json={"rows": rows, "explain": True}).json()["answers"]:
        outer, inner = (answer["lower_bound_95"], answer["lower_bound_90"]), answer["predicted_price"]
        assert 0 <= outer[0] <= outer[1] <= inner <= answer["upper_bound_90"] <= answer["upper_bound_95"]
        assert sum(answer["feature_contributions"].values()) == pytest.approx(inner, abs=1e-3)
        assert answer["measured_coverage_95"] == pytest.approx(0.95, abs=0.005)


def test_the_example_of_the_list_is_answered_for_a_lot(client: TestClient, market: SmallMarket) -> None:
    (model,) = client.get(MODELS).json()["models"]
    assert model["known_until"] == market.known_until.isoformat()
    answer = client.post(PRICE, json=model["example"]).json()
    assert (answer["kind"], answer["notes"]) == ("lot", [])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"market": "Nowhere"}, "market"),
        ({"commodity_id": "zinc"}, "commodity_id"),
        ({"quantity": float("nan")}, "quantity"),
        ({"quality_params": {"oil_pct": float("inf")}}, "quality_params.oil_pct"),
        ({"quantity_unit": "INR"}, "quantity_unit"),
        ({"suplier_id": "S0001"}, "suplier_id"),
        ({"asof": "9999-06-01T06:00:00Z"}, "asof"),
        ({"quality_params": {"strength": 29.0, "fiber_strength": 29.0}}, "quality_params"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, changed: dict[str, Any], field: str) -> None:
    (model,) = client.get(MODELS).json()["models"]
    answer = client.post(PRICE, content=json.dumps({**model["example"], **changed}))
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_a_champion_of_reports_alone_answers_for_markets(root: Path, tmp_path: Path) -> None:
    market = small_market(tmp_path, root, with_lots=False)
    app = app_of(Desk.open(market.folder))
    client = TestClient(app)
    (model,) = client.get(MODELS).json()["models"]
    assert model["answers"] == ["market"]
    assert client.post(PRICE, json=model["example"]).json()["kind"] == "market"
    answer = client.post(PRICE, json={**model["example"], "quantity": 5.0})
    assert (answer.status_code, answer.json()["field"]) == (400, "quantity")


def test_the_short_name_of_an_assay_field_gives_the_same_price(
    client: TestClient, asked: pd.DataFrame
) -> None:
    cotton = asked[(asked["commodity"] == "cotton") & (asked["kind"] == "lot")]
    row = request_row(next(cotton.itertuples()))
    names = {"staple_length": "staple_length_mm", "strength": "fiber_strength", "color": "color_grade"}
    given = row["quality_params"]
    assert set(given) & set(names.values())
    short = {n: given[full] for n, full in names.items() if full in given}
    others = {n: v for n, v in given.items() if n not in names.values()}
    prices = [
        client.post(PRICE, json={**row, "quality_params": quality}).json()["predicted_price"]
        for quality in (given, short | others, others)
    ]
    assert prices[0] == prices[1] != prices[2]
