"""The generated market as a whole: determinism, contracts, times, and that a price is what it says it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError, UnknownValue
from mandi.tables.contracts import CONTRACTS
from mandi.tables.market_crops import crop
from mandi.tables.market_params import MarketParams
from mandi.tables.settings import TableParams
from mandi.tables.synthetic import generate
from mandi.tables.validate import validate

SMALL = MarketParams(
    days=240,
    markets=12,
    lots_per_day=8,
    suppliers=30,
    buyers=12,
    inspectors=6,
    commodities=("cotton", "soybean", "wheat"),
)
NOW = pd.Timestamp("2026-06-01", tz="UTC")


@pytest.fixture(scope="module")
def market():
    return generate(SMALL)


def test_same_parameters_give_the_same_tables(market):
    again, truth = generate(SMALL)
    assert list(again) == list(market[0])
    for name, table in market[0].items():
        pd.testing.assert_frame_equal(table, again[name])
    assert truth["floors"] == market[1]["floors"]


def test_another_seed_gives_another_market(market):
    other, _ = generate(MarketParams(**{**market[1]["params"], "seed": 1}))
    assert not other["reports"]["modal_price"].head(200).equals(market[0]["reports"]["modal_price"].head(200))


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_tables_keep_their_contracts(market, name):
    judged = validate(name, market[0][name], TableParams(), NOW)
    if name == "reports":
        assert 0 < judged.counts["rejected"] < 0.01 * judged.counts["received"]
    else:
        assert judged.counts["rejected"] == 0, judged.counts["reasons"]


def test_reports_without_dirt_are_all_accepted():
    tables, _ = generate(MarketParams(days=60, markets=8, lots_per_day=2, commodities=("soybean",), dirt=0.0))
    assert validate("reports", tables["reports"], TableParams(), NOW).counts["rejected"] == 0


def test_nothing_is_known_before_it_happens(market):
    for name, table in market[0].items():
        assert (table["known_time"] >= table["event_time"]).all(), name
    drivers = market[0]["drivers"]
    assert (drivers["known_time"] > drivers["event_time"]).all()


def test_report_lag_moves_only_when_reports_are_known(market):
    late, _ = generate(MarketParams(**{**market[1]["params"], "report_lag_hours": 5.0}))
    gained = late["reports"]["known_time"] - market[0]["reports"]["known_time"]
    assert (gained == pd.Timedelta(hours=5)).all()
    pd.testing.assert_frame_equal(late["trades"], market[0]["trades"])


def test_every_trade_has_its_lot_offered_and_assayed_before_the_deal(market):
    tables, _ = market
    trades = tables["trades"].merge(
        tables["lots"][["lot_id", "event_time"]], on="lot_id", suffixes=("", "_offered")
    )
    first = tables["assays"].groupby("lot_id")["known_time"].min()
    assert len(trades) == len(tables["trades"])
    assert (trades["event_time_offered"] < trades["event_time"]).all()
    assert (first.loc[trades["lot_id"]].to_numpy() < trades["event_time"].to_numpy()).all()
    assert (trades["known_time"] - trades["event_time"] >= pd.Timedelta(days=3)).all()


def test_honest_prices_differ_from_the_full_oracle_by_bargaining_only(market):
    tables, truth = market
    latent = truth["frames"]["trades"]
    honest = truth["frames"]["fraud"]["looks_like"] != "wash_trade"
    for name in SMALL.commodities:
        rows = honest & (latent["commodity"] == name)
        gap = np.log(tables["trades"]["price"][rows] / latent["oracle_full"][rows])
        assert abs(gap.mean()) < 4 * crop(name).bargaining_sd / np.sqrt(rows.sum())
        assert gap.std() == pytest.approx(crop(name).bargaining_sd, rel=0.12)


def test_no_latent_column_is_in_a_table(market):
    for name, table in market[0].items():
        assert set(table.columns) == set(CONTRACTS[name].names)


def test_inspectors_err_but_not_much(market):
    lots = market[1]["frames"]["lots"]
    wrong = (lots["grade"] != lots["true_grade"]).mean()
    assert 0.005 < wrong < 0.10
    assert market[1]["floors"]["quality"]["f1_with_bias"] >= market[1]["floors"]["quality"]["f1_rule"] - 0.01


def test_unknown_commodity_names_the_nearest():
    with pytest.raises(UnknownValue, match="soybean"):
        generate(MarketParams(days=60, commodities=("soyabean",)))


@pytest.mark.parametrize(
    "wrong", [{"days": 10}, {"markets": 1}, {"fraud_prevalence": 0.9}, {"commodities": ()}]
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MarketParams(**wrong)
