"""The oracles: matched by trade, measured on the rows of the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.floor import floor_by_commodity, floor_metrics, floor_text, oracle_prices


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": ["lot", "lot", "lot", "market"],
            "commodity": ["tur", "tur", "cotton", "tur"],
            "trade_id": ["T1", "T3", "T2", None],
            "label": [100.0, 110.0, 200.0, 100.0],
            "predicted_price": [103.0, 107.0, 190.0, 500.0],
        },
        index=[7, 3, 5, 1],
    )


@pytest.fixture
def truth() -> dict[str, dict[str, pd.DataFrame]]:
    told = pd.DataFrame(
        {
            "trade_id": ["T1", "T2", "T3"],
            "oracle_public": [102.0, 205.0, 108.0],
            "oracle_known": [101.5, 203.0, 109.0],
            "oracle_full": [101.0, 201.0, 110.0],
        }
    )
    return {"frames": {"trades": told}}


def test_oracles_follow_the_trade_and_not_the_order(rows, truth):
    told = oracle_prices(rows, truth)
    assert told.index.equals(rows.index)
    assert told["public"].tolist()[:3] == [102.0, 108.0, 205.0]
    assert told.loc[1].isna().all()


def test_floor_by_hand(rows, truth):
    found = floor_metrics(rows, oracle_prices(rows, truth))
    assert found["lot.floor_mae"] == pytest.approx(3.0)
    assert found["lot.floor_full_mae"] == pytest.approx(2 / 3)
    assert found["lot.floor_ratio"] == pytest.approx((16 / 3) / 3)
    assert found["lot.floor_known_mae"] == pytest.approx((1.5 + 1 + 3) / 3)
    assert found["lot.floor_known_ratio"] == pytest.approx(16 / 5.5)
    assert found["lot.floor_rows"] == 3


def test_both_ratios_are_said_and_nothing_without_a_truth(rows, truth):
    text = floor_text(floor_metrics(rows, oracle_prices(rows, truth)))
    assert "1.778 x that of the public oracle (3.0)" in text and "2.909 x" in text
    assert floor_text({"lot.mae": 40.0}) == ""


def test_each_commodity_has_its_own_floor(rows, truth):
    table = floor_by_commodity(rows, oracle_prices(rows, truth)).set_index("commodity")
    assert table.loc["tur", "floor_ratio"] == pytest.approx(1.5)
    assert table.loc["cotton", "floor_ratio"] == pytest.approx(2.0)
    assert table.loc["cotton", "floor_known_ratio"] == pytest.approx(10 / 3)


def test_lots_without_a_truth_have_no_floor(rows, truth):
    unknown = rows.assign(trade_id="X")
    assert floor_metrics(unknown, oracle_prices(unknown, truth)) == {}
    some = rows.assign(trade_id=["T1", "X", "T2", None])
    found = floor_metrics(some, oracle_prices(some, truth))
    assert found["lot.floor_rows"] == 2
    assert found["lot.floor_ratio"] == pytest.approx(6.5 / 3.5)
    assert np.isnan(
        floor_metrics(
            rows.head(1), pd.DataFrame({"public": [100.0], "known": [100.0], "full": [100.0]}, index=[7])
        )["lot.floor_ratio"]
    )


def test_a_truth_that_cannot_be_matched_is_refused(rows, truth):
    with pytest.raises(ContractError, match="trade_id"):
        oracle_prices(rows.drop(columns="trade_id"), truth)
    twice = pd.concat([truth["frames"]["trades"]] * 2)
    with pytest.raises(ContractError, match="twice"):
        oracle_prices(rows, {"frames": {"trades": twice}})
