from __future__ import annotations

import pandas as pd

from mandi.features.pricing.suppliers import SupplierParams, supplier_states

Tables = dict[str, pd.DataFrame]
NONE = pd.DataFrame({"supplier_id": [], "known_time": pd.to_datetime([], utc=True), "premium": []})


def test_counts_are_of_settled_trades(tiny_tables: Tables) -> None:
    states = supplier_states(tiny_tables, NONE, SupplierParams())
    trades = tiny_tables["trades"]
    for supplier, part in states.groupby("supplier_id"):
        own = trades[trades["supplier_id"] == supplier]
        for row in part.iloc[::7].itertuples():
            assert row.supplier_trade_count == (own["known_time"] <= row.known_time).sum()


def test_credit_changes_when_it_is_known() -> None:
    when = pd.to_datetime(["2024-01-01", "2024-02-01"], utc=True)
    partners = pd.DataFrame(
        {"partner_id": "S1", "role": "supplier", "credit_score": [40.0, 70.0], "known_time": when}
    )
    trades = pd.DataFrame(
        {
            "trade_id": ["t"],
            "supplier_id": ["S1"],
            "quantity": [1.0],
            "known_time": when[:1] + pd.Timedelta(days=3),
        }
    )
    states = supplier_states({"trades": trades, "partners": partners}, NONE, SupplierParams())
    assert states["supplier_credit_score"].tolist() == [40.0, 40.0, 70.0]
    assert states["supplier_trade_count"].tolist() == [0.0, 1.0, 1.0]


def test_one_good_assay_does_not_make_a_good_supplier() -> None:
    when = pd.date_range("2024-01-01", periods=20, tz="UTC")
    lots = pd.DataFrame({"lot_id": range(20), "supplier_id": ["old"] * 19 + ["new"], "known_time": when})
    assays = pd.DataFrame({"lot_id": range(20), "grade": ["C"] * 19 + ["A"], "known_time": when})
    trades = pd.DataFrame(
        {"trade_id": ["t"], "supplier_id": ["old"], "quantity": [1.0], "known_time": when[:1]}
    )
    states = supplier_states({"trades": trades, "lots": lots, "assays": assays}, NONE, SupplierParams())
    new = states[states["supplier_id"] == "new"]["supplier_avg_quality"].iloc[0]
    assert 0.4 < new < 0.6


def test_delivery_is_the_share_that_reached_the_weighbridge() -> None:
    when = pd.date_range("2024-01-01", periods=60, tz="UTC")
    number = [str(i) for i in range(60)]
    trades = pd.DataFrame(
        {"trade_id": number, "supplier_id": ["short", "full"] * 30, "quantity": 10.0, "known_time": when}
    )
    documents = pd.DataFrame(
        {"trade_id": number, "kind": "weighbridge", "stated_quantity": [8.0, 12.0] * 30, "known_time": when}
    )
    states = supplier_states({"trades": trades, "documents": documents}, NONE, SupplierParams())
    last = states.drop_duplicates("supplier_id", keep="last").set_index("supplier_id")["supplier_delivery"]
    assert 0.8 < last["short"] < 0.83 and 0.97 < last["full"] <= 1.0
