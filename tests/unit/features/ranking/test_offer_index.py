"""The index over offers: the same answer as looking at every offer, in a fraction of the looks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.features.ranking.offer_index import OfferIndex
from mandi.tables.market_places import kilometres


@pytest.fixture(scope="module")
def offers() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    places = pd.DataFrame({"north": rng.uniform(10, 30, 25), "east": rng.uniform(70, 88, 25)})
    where = rng.integers(0, 25, 4000)
    return pd.DataFrame(
        {
            "offer_commodity": rng.choice(["tur", "wheat"], 4000),
            "offer_market": np.array([f"M{i}" for i in where], dtype=object),
            "offer_latitude": np.where(where == 7, np.nan, places["north"].to_numpy()[where]),
            "offer_longitude": places["east"].to_numpy()[where],
            "ask_price": rng.integers(1000, 2000, 4000).astype(float),
        }
    )


@pytest.mark.parametrize("farthest", [0.0, 150.0, 700.0, 5000.0, None])
@pytest.mark.parametrize("ceiling", [900.0, 1200.0, 1500.0, 3000.0])
def test_it_finds_what_a_scan_finds(offers: pd.DataFrame, farthest: float | None, ceiling: float) -> None:
    index = OfferIndex(offers)
    for market in ("M3", "M7"):
        here = offers[offers["offer_market"] == market].iloc[0]
        north, east = here["offer_latitude"], here["offer_longitude"]
        apart = kilometres(
            np.array(north),
            np.array(east),
            offers["offer_latitude"].to_numpy(),
            offers["offer_longitude"].to_numpy(),
        )
        near = (apart <= farthest) | (offers["offer_market"] == market) if farthest is not None else True
        wanted = np.flatnonzero(
            (offers["offer_commodity"] == "tur") & near & (offers["ask_price"] <= ceiling)
        )
        assert index.near("tur", market, north, east, farthest, ceiling).tolist() == wanted.tolist()


def test_all_of_a_commodity_and_none_of_an_unknown_one(offers: pd.DataFrame) -> None:
    index = OfferIndex(offers)
    assert index.of("wheat").tolist() == np.flatnonzero(offers["offer_commodity"] == "wheat").tolist()
    assert index.commodities == offers["offer_commodity"].value_counts().sort_index().to_dict()
    assert not len(index.near("zinc", "M3", 20.0, 75.0, None, 1e9)) and not len(index.of("zinc"))
    assert OfferIndex(offers.iloc[:0]).commodities == {}
