"""Fraud in the generated market: kinds, rings, traces on the papers, labels known late, and the ceiling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.tables.market_fraud import FOUND_AFTER_DAYS, SHARES
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

PARAMS = MarketParams(
    days=400,
    markets=14,
    lots_per_day=12,
    suppliers=60,
    buyers=20,
    commodities=("soybean", "wheat"),
    fraud_prevalence=0.06,
)


@pytest.fixture(scope="module")
def market():
    return generate(PARAMS)


@pytest.fixture(scope="module")
def joined(market):
    tables, truth = market
    papers = tables["documents"].pivot(
        index="trade_id",
        columns="kind",
        values=["stated_amount", "stated_quantity", "readable", "vehicle_id"],
    )
    papers.columns = [f"{kind}_{value}" for value, kind in papers.columns]
    frame = tables["trades"].merge(truth["frames"]["fraud"], on="trade_id").merge(papers, on="trade_id")
    return frame.merge(
        tables["payments"][["trade_id", "account_id", "amount", "payer_id", "payee_id"]], on="trade_id"
    )


def test_prevalence_and_kinds_are_as_stated(market):
    tables, _ = market
    share = len(tables["fraud_cases"]) / len(tables["trades"])
    assert share == pytest.approx(PARAMS.fraud_prevalence, rel=0.1)
    assert set(tables["fraud_cases"]["kind"]) == set(SHARES)


def test_labels_are_known_weeks_later(market):
    cases = market[0]["fraud_cases"]
    late = (cases["known_time"] - cases["event_time"]).dt.days
    assert late.between(*FOUND_AFTER_DAYS).all()


def test_inflated_invoices_exceed_the_trade(joined):
    ratio = joined["invoice_stated_amount"].astype(float) / (joined["quantity"] * joined["price"])
    inflated = joined["looks_like"] == "over_invoicing"
    assert ratio[inflated].min() > 1.05
    assert ratio[~inflated].max() < 1.03


def test_wash_trades_stay_within_few_rings_that_share_accounts(joined):
    wash = joined[joined["looks_like"] == "wash_trade"]
    assert wash.groupby("ring")["buyer_id"].nunique().max() <= 2
    assert wash.groupby("ring")["supplier_id"].nunique().max() <= 2
    shared = wash.groupby("account_id")["supplier_id"].nunique()
    assert shared.max() == 2
    honest = joined[joined["looks_like"] == ""]
    assert honest.groupby("account_id")["supplier_id"].nunique().max() == 1


def test_stealth_leaves_no_trace(joined):
    stealth = joined[joined["stealth"]]
    assert len(stealth) > 0
    ratio = stealth["invoice_stated_amount"].astype(float) / (stealth["quantity"] * stealth["price"])
    assert ratio.between(0.99, 1.03).all()
    assert not stealth["account_id"].str.startswith(("AR", "AX")).any()


def test_substituted_goods_are_worse_when_assayed_again(market, joined):
    tables, _ = market
    substituted = joined.loc[joined["looks_like"] == "quality_substitution", "lot_id"]
    assays = tables["assays"][tables["assays"]["lot_id"].isin(substituted)].sort_values("known_time")
    first, last = assays.groupby("lot_id")["grade"].first(), assays.groupby("lot_id")["grade"].last()
    assert (last >= first).all()
    assert (last > first).mean() > 0.6


def test_the_ceiling_is_below_one_and_above_the_gate(market):
    ceiling = market[1]["floors"]["fraud"]
    assert 0.80 < ceiling["precision"] <= 1.0
    assert 0.80 < ceiling["recall"] < 1.0


def test_payments_and_papers_go_with_every_trade(market):
    tables, _ = market
    trades = tables["trades"].set_index("trade_id")
    assert set(tables["payments"]["trade_id"]) == set(trades.index)
    assert (tables["documents"]["trade_id"].value_counts() == 4).all()
    paid = tables["payments"].set_index("trade_id")
    assert (paid["payer_id"] == trades["buyer_id"].reindex(paid.index)).all()
    late = paid["status"] == "late"
    assert (paid["event_time"][late] > paid["due_time"][late]).all()
    assert np.isfinite(paid["amount"]).all()
    assert isinstance(paid["due_time"].dtype, pd.DatetimeTZDtype)
