"""What is laid out of a deal: only what had been seen by its review."""

from __future__ import annotations

import pandas as pd

from mandi.features.detection.fraud_facts import FACTS, ReviewParams, facts

DAY = pd.Timestamp("2024-03-01 06:00", tz="UTC")


def _day(days: float) -> pd.Timestamp:
    return DAY + pd.Timedelta(days=days)


def _tables() -> dict[str, pd.DataFrame]:
    trades = pd.DataFrame(
        {"trade_id": ["T1", "T2"], "lot_id": ["L1", "L2"], "supplier_id": "S1", "buyer_id": "B1", "commodity": "soybean",
         "market": "Indore", "variety": "Yellow", "grade": "B", "quantity": 40.0, "price": 4000.0,
         "event_time": [DAY, DAY], "known_time": [_day(6), _day(6)]}
    )  # fmt: skip
    documents = pd.DataFrame(
        {"document_id": ["D1", "D2", "D3"], "trade_id": ["T1", "T1", "T2"], "kind": ["invoice", "invoice", "weighbridge"],
         "issuer_id": ["S1", "S1", "W1"], "stated_quantity": [40.0, 40.0, 39.8], "stated_amount": [161_000.0, 170_000.0, None],
         "vehicle_id": [None, None, "V1"], "readable": 0.9, "event_time": [DAY, _day(1), _day(40)],
         "known_time": [_day(0.1), _day(1.1), _day(40.1)]}
    )  # fmt: skip
    payments = pd.DataFrame(
        {"payment_id": ["P1", "P2", "P3"], "trade_id": ["T1", "T1", "T2"], "payer_id": "B1", "payee_id": "S1",
         "account_id": ["A1", "A2", "A1"], "amount": [100_000.0, 61_000.0, 160_000.0], "due_time": _day(15), "status": "paid",
         "event_time": [_day(8), _day(8.5), _day(45)], "known_time": [_day(9), _day(9), _day(46)]}
    )  # fmt: skip
    return {"trades": trades, "documents": documents, "payments": payments}


def test_papers_and_payments_are_those_seen_by_the_review() -> None:
    told = facts(_tables(), ReviewParams()).set_index("trade_id")
    first, second = told.loc["T1"], told.loc["T2"]
    assert first["asof"] == _day(9) and second["asof"] == _day(30)
    assert first["invoice_amount"] == 170_000.0  # the later copy
    assert (first["paid_amount"], first["payments"], first["accounts"]) == (161_000.0, 2.0, 2.0)
    assert first["account_id"] == "A1" and first["paid_at"] == _day(8)
    assert (
        pd.isna(second["weighed_quantity"]) and pd.isna(second["paid_amount"]) and pd.isna(second["paid_at"])
    )


def test_no_deal_is_reviewed_before_it_is_known_itself() -> None:
    tables = _tables()
    trades = tables["trades"].assign(known_time=[_day(11), _day(33)])
    asof = facts({**tables, "trades": trades}, ReviewParams())["asof"]
    assert asof.tolist() == [
        _day(11),
        _day(33),
    ]  # later than the payment of day 9, and than the latest review
    early = facts({**tables, "payments": tables["payments"].assign(known_time=_day(1))}, ReviewParams())
    assert early["asof"].tolist() == [_day(6), _day(6)]
    assert (facts(tables, ReviewParams())["asof"] >= tables["trades"]["known_time"]).all()


def test_every_fact_has_its_column_with_and_without_inspections() -> None:
    without = facts(_tables(), ReviewParams())
    assert list(without.columns) == list(FACTS) and without["recheck_grade"].isna().all()
    assays = pd.DataFrame(
        {"assay_id": ["Q1", "Q2", "Q3"], "lot_id": ["L1", "L1", "L2"], "inspector_id": ["I1", "I2", "I1"],
         "grade": ["A", "C", "B"], "moisture_pct": [8.0, 11.0, 9.0], "event_time": [_day(-1), _day(3), _day(-1)],
         "known_time": [_day(-1), _day(3.2), _day(-1)]}
    ).reindex(columns=["assay_id", "lot_id", "inspector_id", "grade", *_assays(), "event_time", "known_time"])  # fmt: skip
    told = facts({**_tables(), "assays": assays}, ReviewParams()).set_index("trade_id")
    assert told.loc["T1", ["assay_grade", "recheck_grade", "inspector_id"]].tolist() == ["A", "C", "I1"]
    assert told.loc["T1", "recheck_moisture_pct"] == 11.0 and pd.isna(told.loc["T2", "recheck_grade"])


def test_of_several_payments_the_largest_and_of_later_inspections_the_worst_counts() -> None:
    tables = _tables()
    tables["payments"]["amount"] = [1_000.0, 160_000.0, 160_000.0]  # a small one first hides no account
    assays = pd.DataFrame(
        {"assay_id": ["Q1", "Q2", "Q3"], "lot_id": "L1", "inspector_id": "I1", "grade": ["A", "D", "A"],
         "event_time": [_day(-1), _day(2), _day(3)], "known_time": [_day(-1), _day(2), _day(3)]}
    ).reindex(columns=["assay_id", "lot_id", "inspector_id", "grade", *_assays(), "event_time", "known_time"])  # fmt: skip
    told = facts({**tables, "assays": assays}, ReviewParams()).set_index("trade_id").loc["T1"]
    assert (told["account_id"], told["paid_at"], told["paid_amount"]) == ("A2", _day(8), 161_000.0)
    assert (told["assay_grade"], told["recheck_grade"]) == ("A", "D")


def _assays() -> list[str]:
    from mandi.features.detection.fraud_facts import ATTRIBUTES

    return list(ATTRIBUTES)
