"""Offers and wants of the generated market: hard constraints hold, the best offer by true utility is mostly taken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.tables.market_matching import SHOWN_AT_MOST
from mandi.tables.market_params import MarketParams
from mandi.tables.market_places import kilometres
from mandi.tables.synthetic import generate

PARAMS = MarketParams(
    days=240, markets=16, lots_per_day=2, suppliers=40, buyers=15, commodities=("cotton", "wheat")
)


@pytest.fixture(scope="module")
def market():
    return generate(PARAMS)


@pytest.fixture(scope="module")
def pairs(market):
    tables, truth = market
    offers = tables["availabilities"].rename(
        columns={"market": "offer_market", "quantity": "offered", "event_time": "offered_at"}
    )
    wants = tables["requirements"].rename(
        columns={"market": "want_market", "quantity": "wanted", "event_time": "asked_at"}
    )
    frame = tables["outcomes"].merge(offers.drop(columns="known_time"), on="availability_id")
    frame = frame.merge(wants.drop(columns=["commodity", "known_time"]), on="requirement_id")
    return frame.merge(
        truth["frames"]["matching"].drop(columns="accepted"), on=["availability_id", "requirement_id"]
    )


def test_every_pair_shown_keeps_the_hard_constraints(market, pairs):
    town = market[0]["markets"].set_index("market")
    here, there = town.loc[pairs["offer_market"]], town.loc[pairs["want_market"]]
    apart = kilometres(
        here["latitude"].to_numpy(),
        here["longitude"].to_numpy(),
        there["latitude"].to_numpy(),
        there["longitude"].to_numpy(),
    )
    assert (apart <= pairs["max_distance_km"] + 1e-6).all()
    assert (pairs["grade"] <= pairs["min_grade"]).all()
    assert (pairs["ask_price"] <= pairs["max_price"]).all()
    assert (pairs["ready_from"] <= pairs["deliver_until"]).all()
    assert (pairs["ready_until"] >= pairs["deliver_from"]).all()
    assert (pairs["offered_at"] <= pairs["asked_at"]).all()
    wants = market[0]["requirements"].set_index("requirement_id")["commodity"]
    assert (wants.loc[pairs["requirement_id"]].to_numpy() == pairs["commodity"].to_numpy()).all()


def test_one_or_two_offers_are_taken(pairs):
    taken = pairs.groupby("requirement_id")["accepted"].agg(["sum", "size"])
    assert taken["sum"].between(1, 2).all()
    assert (taken["size"] <= SHOWN_AT_MOST).all()


def test_true_utility_ranks_far_above_chance(market):
    floor = market[1]["floors"]["matching"]
    assert floor["top5"] > 0.9
    assert floor["chance"] < 0.6


def test_answers_come_after_the_question(pairs):
    assert (pairs["event_time"] > pairs["asked_at"]).all()
    assert (pairs["known_time"] >= pairs["event_time"] + pd.Timedelta(hours=12)).all()


def test_utility_is_not_the_price_alone(pairs):
    saved = (pairs["max_price"] - pairs["ask_price"]) / pairs["max_price"]
    assert 0.2 < np.corrcoef(saved, pairs["utility"])[0, 1] < 0.9
