"""The fraud counter: a deal typed in a request is scored as the pipelines score it, and odd requests are refused by name."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from mandi.core.errors import ContractError, StaleSnapshot
from mandi.features.base import known_until
from mandi.features.detection.fraud_facts import ATTRIBUTES, PAPERS, ReviewParams
from mandi.features.fraud import FraudFeatureParams, FraudFeatures
from mandi.features.splits import SplitParams
from mandi.models.detection.anomaly_detector import AnomalyParams
from mandi.models.detection.fraud_threshold import FlagParams
from mandi.models.fraud import FraudModel, FraudParams
from mandi.serving.counters.fraud import FraudCounter
from mandi.serving.fraud_contracts import FraudRow
from mandi.serving.problems import BadRow
from mandi.serving.snapshot import Champion, ServingParams
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

MARKET = MarketParams(
    days=240, markets=5, suppliers=15, commodities=("wheat", "soybean"), lots_per_day=8, optimal_filter=False
)
PARAMS = FraudParams(
    features=ReviewParams(label_matures_days=20),
    splits=SplitParams(0.4, 0.6, 0.8),
    detector=AnomalyParams(
        members=("knn-z", "error-z"), beside=(), nets=2, nets_large=2, steps=40, full_steps=40, reference=300
    ),
    flags=FlagParams(false_alarms=0.03),
)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return generate(MARKET)[0]


@pytest.fixture(scope="module")
def frame(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    features = FraudFeatures(FraudFeatureParams(PARAMS.features, PARAMS.splits))
    return features.assemble(features.questions(tables), features.history(tables))


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame) -> FraudModel:
    return FraudModel(PARAMS).fit(frame[frame["part"].isin(["train", "validation", "calibration"])])


@pytest.fixture(scope="module")
def counter(tables: dict[str, pd.DataFrame], model: FraudModel) -> Iterator[FraudCounter]:
    features = FraudFeatures(FraudFeatureParams(PARAMS.features, PARAMS.splits))
    history = features.history(tables)
    until = known_until(features, history)
    served = features.served(history, until, model)
    yield FraudCounter(
        Champion("fraud", "3", "r", "h", until, {"precision": 0.9, "recall": 0.8, "test.prevalence": 0.03}, model, features, served),
        ServingParams(),
    )  # fmt: skip


@pytest.fixture
def example(counter: FraudCounter) -> dict[str, Any]:
    return copy.deepcopy(counter.about()["example"])


def _ask(counter: FraudCounter, deal: dict[str, Any], explain: bool = False) -> Any:
    (answer,) = counter.answer([FraudRow.model_validate(deal)], datetime(2021, 9, 1, tzinfo=UTC), explain)
    return answer


def _request(deal: Any) -> dict[str, Any]:
    """Write a deal of the training frame as a caller would."""

    def kept(**values: Any) -> dict[str, Any]:
        return {k: (float(v) if isinstance(v, float) else v) for k, v in values.items() if pd.notna(v)}

    papers = [
        {"kind": kind, **kept(**{source: deal[name] for source, name in columns.items()})}
        for kind, columns in PAPERS.items()
    ]
    request = kept(
        trade_id=deal["trade_id"], supplier_id=deal["supplier_id"], buyer_id=deal["buyer_id"], commodity_id=deal["commodity"],
        market=deal["market"], grade=deal["grade"], quantity=float(deal["quantity"]), price=float(deal["price"]),
        traded_at=deal["traded_at"].isoformat(), asof=deal["asof"].isoformat(),
    )  # fmt: skip
    inspections = [
        kept(grade=deal[f"{which}_grade"], inspector_id=deal["inspector_id"])
        | {"quality_params": kept(**{a: deal[f"{which}_{a}"] for a in ATTRIBUTES})}
        for which in ("assay", "recheck")
        if pd.notna(deal[f"{which}_grade"])
    ]
    payments = (
        [kept(account_id=deal["account_id"], amount=float(deal["paid_amount"]), paid_at=deal["paid_at"].isoformat(),
              due_at=deal["due_at"].isoformat(), payer_id=deal["payer_id"], payee_id=deal["payee_id"])]
        if pd.notna(deal["paid_at"]) else []
    )  # fmt: skip
    return request | {"documents": papers, "inspections": inspections, "payments": payments}


def test_a_deal_typed_in_is_scored_as_the_pipelines_score_it(
    counter: FraudCounter, model: FraudModel, frame: pd.DataFrame
) -> None:
    until = counter.champion.known_until
    recent = frame[(frame["asof"] <= until) & (frame["traded_at"] > until - pd.Timedelta(days=35))]
    assert len(recent) > 60 and recent["recheck_grade"].notna().any()
    rows = [FraudRow.model_validate(_request(deal)) for _, deal in recent.iterrows()]
    answers = counter.answer(rows, datetime(2021, 9, 1, tzinfo=UTC), explain=False)
    expected = model.predict(recent)
    np.testing.assert_allclose([a.fraud_score for a in answers], expected["fraud_score"], atol=1e-6)
    assert [a.is_fraud for a in answers] == (expected["is_fraud"] > 0).tolist()
    assert [a.trade_id for a in answers] == recent["trade_id"].tolist()


def test_what_is_wrong_with_a_deal_raises_its_score_and_is_said(
    counter: FraudCounter, example: dict[str, Any]
) -> None:
    before = _ask(counter, example, explain=True)
    for paper in example["documents"]:
        if "stated_amount" in paper:
            paper["stated_amount"] *= 1.25
    after = _ask(counter, example)
    assert after.fraud_score > max(before.fraud_score, 0.99) and after.is_fraud and after.risk_level == "HIGH"
    assert {"invoice_over_value", "eway_over_value"} & {reason.feature for reason in after.top_features[:2]}
    assert any("+26" in reason.says for reason in after.top_features)


def test_contributions_sum_to_the_score_and_come_when_asked(
    counter: FraudCounter, example: dict[str, Any]
) -> None:
    told = _ask(counter, example, explain=True)
    assert np.isclose(sum(told.feature_contributions.values()), told.fraud_score)
    effects = [reason.effect for reason in told.top_features]
    assert 0 < len(effects) <= 5 and effects == sorted(effects, reverse=True)
    assert _ask(counter, example).feature_contributions is None


def test_the_stage_follows_the_payments_seen(counter: FraudCounter, example: dict[str, Any]) -> None:
    paid = _ask(counter, example)
    unpaid = _ask(counter, {**example, "payments": []})
    assert (paid.stage, unpaid.stage) == ("paid", "unpaid") and paid.threshold != unpaid.threshold
    assert any("no payment was seen" in note for note in unpaid.notes)


def test_a_deal_before_its_papers_is_held_against_deals_without_any(
    counter: FraudCounter, example: dict[str, Any]
) -> None:
    bare = {k: v for k, v in example.items() if k not in ("documents", "payments", "inspections")}
    early, late = _ask(counter, {**bare, "papers_due": False}, explain=True), _ask(counter, bare)
    assert (early.stage, late.stage) == ("unpapered", "unpaid")
    assert not early.is_fraud and early.fraud_score < late.fraud_score
    assert early.measured_precision is None, (
        "what was measured on deals with papers says nothing of one without"
    )
    assert all(reason.value is not None for reason in early.top_features)
    one_paper = _ask(
        counter, {**example, "payments": [], "documents": example["documents"][:1], "papers_due": False}
    )
    assert one_paper.stage == "unpaid"


def test_newcomers_and_missing_papers_are_told(counter: FraudCounter, example: dict[str, Any]) -> None:
    told = _ask(counter, {**example, "supplier_id": "NEW-1", "documents": [], "payments": []})
    assert any('supplier "NEW-1" has no past' in note for note in told.notes)
    assert any(note.startswith("not seen: invoice, weighbridge") for note in told.notes)


def test_units_are_converted(counter: FraudCounter, example: dict[str, Any]) -> None:
    tonnes = {**example, "quantity": example["quantity"] / 10.0, "quantity_unit": "tonne"}
    assert np.isclose(_ask(counter, tonnes).fraud_score, _ask(counter, example).fraud_score)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("commodity_id", {"commodity_id": "wheet"}),
        ("market", {"market": "Nowhere"}),
        ("traded_at", {"traded_at": "2031-01-01T00:00:00Z"}),
        ("traded_at", {"traded_at": "2020-01-01T00:00:00Z"}),
    ],
)
def test_a_field_that_cannot_be_used_is_named(
    counter: FraudCounter, example: dict[str, Any], field: str, change: dict[str, Any]
) -> None:
    with pytest.raises(BadRow) as refused:
        _ask(counter, {**example, **change})
    assert refused.value.field == field and refused.value.allowed
    good, bad = FraudRow.model_validate(example), FraudRow.model_validate({**example, **change})
    with pytest.raises(BadRow) as refused:
        counter.answer([good, bad], datetime(2021, 9, 1, tzinfo=UTC), False)
    assert refused.value.field == f"rows.1.{field}"


def test_a_payment_outside_the_past_or_the_future_is_refused(
    counter: FraudCounter, example: dict[str, Any]
) -> None:
    for moment in ("2020-01-01T00:00:00Z", "2031-01-01T00:00:00Z"):
        payment = {**example["payments"][0], "paid_at": moment}
        with pytest.raises(BadRow) as refused:
            _ask(counter, {**example, "payments": [payment]})
        assert refused.value.field == "payments.0.paid_at"


def test_a_history_too_old_is_refused(counter: FraudCounter, example: dict[str, Any]) -> None:
    late = counter.champion.known_until.to_pydatetime() + timedelta(days=11)
    with pytest.raises(StaleSnapshot, match="days before the review"):
        _ask(counter, {**example, "asof": late.isoformat()})


@pytest.mark.parametrize(
    "change",
    [
        {"supplier_id": ""}, {"supplier_id": "S 1"}, {"buyer_id": "../etc"}, {"buyer_id": "x" * 65}, {"price": -1.0},
        {"quantity": 0.0}, {"quantity": 1e-300}, {"price": 1e-300}, {"documents": [{"kind": "invoice", "stated_amount": 0.0}]},
        {"documents": [{"kind": "invoice", "stated_quantity": 1e-300}]}, {"traded_at": "2021-08-01"}, {"grade": "E"}, {"quantity_unit": "stone"},
        {"documents": [{"kind": "letter"}]}, {"documents": [{"kind": "invoice", "readable": 1.5}]},
        {"documents": [{"kind": "invoice"}] * 21}, {"documents": [{"kind": "invoice", "colour": "red"}]},
        {"payments": [{"account_id": "A1", "amount": 0.0, "paid_at": "2021-08-01T00:00:00Z"}]},
        {"payments": [{"account_id": "A 1;", "amount": 1.0, "paid_at": "2021-08-01T00:00:00Z"}]},
        {"inspections": [{"grade": "Z"}]},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_of_the_contract_is_refused(example: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FraudRow.model_validate({**example, **change})


def test_an_absurd_answer_is_refused(counter: FraudCounter, example: dict[str, Any]) -> None:
    told = _ask(counter, example)
    counter.check(told)
    for change in (
        {"fraud_score": 1.2},
        {"p_value": 0.0},
        {"is_fraud": not told.is_fraud},
        {"reconstruction_error": -1.0},
    ):
        with pytest.raises(ContractError):
            counter.check(told.model_copy(update=change))


def test_a_second_paper_of_a_kind_clears_nothing(counter: FraudCounter, example: dict[str, Any]) -> None:
    example["documents"].append(example["documents"][0])
    with pytest.raises(BadRow, match="two papers") as refused:
        _ask(counter, example)
    assert refused.value.field == f"documents.{len(example['documents']) - 1}.kind"


def test_a_small_payment_first_hides_no_account(counter: FraudCounter, example: dict[str, Any]) -> None:
    (paid,) = example["payments"]
    elsewhere = {**paid, "account_id": "ELSEWHERE", "payee_id": "SOMEBODY"}
    decoy = {**paid, "amount": 1.0, "paid_at": example["traded_at"]}
    split = {**example, "payments": [decoy, elsewhere]}
    facts = counter._facts(FraudRow.model_validate(split), datetime(2021, 9, 1, tzinfo=UTC))
    assert (facts["account_id"], facts["payee_id"]) == ("ELSEWHERE", "SOMEBODY")
    assert facts["paid_at"] == datetime.fromisoformat(example["traded_at"])


def test_the_worst_later_inspection_counts(counter: FraudCounter, example: dict[str, Any]) -> None:
    example["inspections"] = [{"grade": "A"}, {"grade": "D", "inspector_id": "I9"}, {}, {"grade": "A"}]
    facts = counter._facts(FraudRow.model_validate(example), datetime(2021, 9, 1, tzinfo=UTC))
    assert (facts["assay_grade"], facts["recheck_grade"]) == ("A", "D")


def test_an_empty_paper_is_not_seen(counter: FraudCounter, example: dict[str, Any]) -> None:
    told = _ask(counter, {**example, "documents": [{"kind": "invoice"}]})
    assert any(note.startswith("not seen: invoice") for note in told.notes)


def test_amounts_at_the_edge_of_the_contract_are_answered(
    counter: FraudCounter, example: dict[str, Any]
) -> None:
    example["documents"] = [{"kind": "invoice", "stated_quantity": 1e9, "stated_amount": 1e13}]
    told = _ask(counter, {**example, "quantity": 0.001, "price": 0.01}, explain=True)
    assert np.isfinite(told.fraud_score) and all(len(reason.says) < 300 for reason in told.top_features)
