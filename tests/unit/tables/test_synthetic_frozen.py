"""The default generated market is frozen: its size, its means and its floors stay as they were before any model saw it.

Numbers may differ in the last digits between platforms; a change of the market itself differs by far more. Whoever
changes the market on purpose changes docs/generated-market.md and these numbers with it, and no model result before
and after may be compared.
"""

from __future__ import annotations

import pytest

from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

ROWS = {
    "reports": 137824, "drivers": 3154, "markets": 40, "partners": 2005, "lots": 19910, "assays": 20541, "trades": 18510,
    "payments": 18510, "documents": 74040, "fraud_cases": 463, "availabilities": 17506, "requirements": 2803,
    "outcomes": 40798,
}  # fmt: skip
MEANS = {
    ("reports", "min_price"): 4362.113137,
    ("reports", "modal_price"): 4622.859458,
    ("drivers", "value"): 119.898286,
    ("partners", "credit_score"): 63.186534,
    ("lots", "quantity"): 796.877298,
    ("assays", "staple_length_mm"): 28.336927,
    ("trades", "price"): 3110.355375,
    ("payments", "amount"): 625438.425049,
    ("documents", "readable"): 0.921369,
    ("availabilities", "ask_price"): 4122.134068,
    ("requirements", "max_price"): 4316.373528,
    ("outcomes", "accepted"): 0.081107,
}
MAE = {"full": 29.785, "known": 36.981, "public": 42.451, "last_report": 84.767, "last_lots": 144.003}


@pytest.fixture(scope="module")
def market():
    return generate(MarketParams())


def test_tables_have_their_rows(market):
    assert {name: len(table) for name, table in market[0].items()} == pytest.approx(ROWS, rel=1e-3)


@pytest.mark.parametrize(("table", "column"), list(MEANS))
def test_columns_have_their_means(market, table, column):
    assert market[0][table][column].mean() == pytest.approx(MEANS[table, column], rel=1e-4)


def test_price_floors(market):
    price = market[1]["floors"]["price"]
    assert {name: price["pooled"][name]["mae"] for name in MAE} == pytest.approx(MAE, rel=2e-3)
    assert price["floor"] == price["pooled"]["public"]["mae"]
    assert price["floor_full"] < price["floor_known"] < price["floor"]


def test_the_oracle_passes_every_price_gate_and_the_naive_prices_fail_each(market):
    price = market[1]["floors"]["price"]
    pooled, floor = price["pooled"], price["floor"]
    for oracle in ("public", "known", "full"):
        assert pooled[oracle]["mae"] < 50
        assert pooled[oracle]["r2_within"] > 0.85
        assert pooled[oracle]["mae"] <= 1.15 * floor
    for naive in ("last_report", "last_lots"):
        assert pooled[naive]["mae"] > 50
        assert pooled[naive]["r2_within"] < 0.85
        assert pooled[naive]["mae"] > 1.15 * floor


def test_ceilings_of_the_other_tasks_leave_room_above_their_gates(market):
    floors = market[1]["floors"]
    assert floors["quality"]["f1_rule"] > 0.93
    assert floors["fraud"]["precision"] > 0.90
    assert floors["fraud"]["recall"] > 0.88
    assert floors["matching"]["top5"] > 0.90
    assert floors["matching"]["chance"] < 0.5
    for commodity, errors in floors["demand"].items():
        assert errors["mape_weekly"] < 13, commodity
