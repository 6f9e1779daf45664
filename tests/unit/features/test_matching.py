"""Features of matching: candidates as they were open, labels of what was shown, nothing known later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.matching import MatchingFeatureParams, MatchingFeatures
from mandi.features.ranking.offer_index import OfferIndex
from mandi.features.ranking.pair_book import PairBook
from mandi.features.ranking.pair_columns import MEETS

from ..models.trade_tables import trade_tables


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return trade_tables()


@pytest.fixture(scope="module")
def features() -> MatchingFeatures:
    return MatchingFeatures(MatchingFeatureParams())


@pytest.fixture(scope="module")
def history(tables: dict[str, pd.DataFrame], features: MatchingFeatures) -> dict[str, pd.DataFrame]:
    return features.history(tables)


@pytest.fixture(scope="module")
def frame(
    tables: dict[str, pd.DataFrame], features: MatchingFeatures, history: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    return features.assemble(features.questions(tables, history), history)


def test_candidates_are_the_offers_open_at_the_moment_and_no_other(
    tables: dict[str, pd.DataFrame], frame: pd.DataFrame
) -> None:
    sold, where = tables["availabilities"], tables["markets"].set_index("market")
    for want in tables["requirements"].iloc[::20].itertuples():
        asked = frame[frame["requirement_id"] == want.requirement_id]
        if not len(asked):
            continue
        here, there = where.loc[want.market], where.loc[sold["market"]]
        half = (
            np.radians((there[["latitude", "longitude"]] - here[["latitude", "longitude"]]).to_numpy(float))
            / 2
        )
        cosines = np.cos(np.radians(here["latitude"])) * np.cos(np.radians(there["latitude"].to_numpy(float)))
        km = 2 * 6371.0 * np.arcsin(np.sqrt(np.sin(half[:, 0]) ** 2 + cosines * np.sin(half[:, 1]) ** 2))
        expected = sold[
            (sold["commodity"] == want.commodity) & (sold["known_time"] <= want.known_time)
            & (sold["ask_price"] <= want.max_price) & (sold["grade"] <= want.min_grade)
            & (sold["quantity"] >= 0.1 * want.quantity) & (km <= want.max_distance_km)
            & (sold["ready_from"] <= want.deliver_until) & (sold["ready_until"] >= want.deliver_from)
        ]  # fmt: skip
        found = asked[asked["feasible"] == 1.0]
        assert set(found["availability_id"]) == set(expected["availability_id"])


def test_labels_are_what_became_of_what_was_shown(
    tables: dict[str, pd.DataFrame], frame: pd.DataFrame
) -> None:
    shown = frame[frame["label"].notna()]
    assert (
        len(shown) == len(tables["outcomes"]) and shown["label"].sum() == tables["outcomes"]["accepted"].sum()
    )
    assert (frame["label"].isna() & (frame["feasible"] < 1)).sum() == 0
    assert (frame["label_known_time"] > frame["asof"]).all()
    assert (frame.groupby("requirement_id")["part"].nunique() == 1).all()


def test_offers_known_later_leave_a_pair_empty(
    features: MatchingFeatures, history: dict[str, pd.DataFrame], frame: pd.DataFrame
) -> None:
    asked = frame.head(40)[[c for c in frame.columns if c not in ("seller_id", "ask_price")]]
    early = features.assemble(asked.assign(asof=pd.Timestamp("2023-12-01", tz="UTC")), history)
    assert early[["seller_id", "ask_price", "distance_km"]].isna().all().all()
    assert (early[[*MEETS, "feasible"]] == 0).all().all()


def test_rates_of_sellers_are_of_answers_known_by_then(
    tables: dict[str, pd.DataFrame],
    features: MatchingFeatures,
    history: dict[str, pd.DataFrame],
    frame: pd.DataFrame,
) -> None:
    when = frame["asof"].quantile(0.6, interpolation="nearest")
    later = tables["outcomes"]["known_time"] > when
    turned = tables["outcomes"]["accepted"].where(~later, 1 - tables["outcomes"]["accepted"])
    other = features.history({**tables, "outcomes": tables["outcomes"].assign(accepted=turned)})
    asked = frame[frame["asof"] <= when]
    again = features.assemble(asked, other)
    pd.testing.assert_frame_equal(again, asked[again.columns], check_exact=True)
    after = frame[frame["asof"] > when + pd.Timedelta(days=10)]
    moved = features.assemble(after, other)
    assert not np.array_equal(moved["seller_rate"], after["seller_rate"])


def test_what_is_served_is_open_and_gives_the_same_pairs(
    features: MatchingFeatures, history: dict[str, pd.DataFrame], frame: pd.DataFrame
) -> None:
    until = history["offers"]["known_time"].max()
    cut = features.served(history, until, None)  # type: ignore[arg-type]
    assert 0 < len(cut["offers"]) < len(history["offers"]) / 4
    assert (cut["offers"]["ready_until"] >= until.normalize()).all()
    assert not cut["sellers"]["seller_id"].duplicated().any()
    asked = frame.drop_duplicates("requirement_id").tail(20)
    crossed = asked.drop(columns="availability_id").merge(cut["offers"][["availability_id"]], how="cross")
    crossed = crossed.assign(asof=until)
    whole, part = (features.assemble(crossed, held) for held in (history, cut))
    pd.testing.assert_frame_equal(whole, part, check_exact=True)


def test_the_index_finds_what_the_constraints_leave(
    features: MatchingFeatures, history: dict[str, pd.DataFrame], frame: pd.DataFrame
) -> None:
    until = history["offers"]["known_time"].max()
    cut = features.served(history, until, None)  # type: ignore[arg-type]
    index, places = OfferIndex(cut["offers"]), cut["places"].set_index("market")
    book = PairBook(cut, features.params.constraints)
    looked = 0
    for want in frame.drop_duplicates("requirement_id").tail(30).itertuples():
        asked = frame.loc[[want.Index]].drop(columns="availability_id")
        told = book.assemble(asked.merge(cut["offers"][["availability_id"]], how="cross").assign(asof=until))
        able = set(told.loc[told["feasible"] > 0, "availability_id"])
        north, east = places.loc[want.market, ["latitude", "longitude"]]
        rows = index.near(want.commodity, want.market, north, east, want.max_distance_km, want.max_price)
        near = set(cut["offers"]["availability_id"].to_numpy()[rows])
        assert able <= near
        met = told[(told["meets_commodity"] * told["meets_distance"] * told["meets_price_ceiling"]) > 0]
        assert near == set(met["availability_id"])
        looked += len(near)
    assert 0 < looked < 30 * len(cut["offers"]) / 2


def test_tables_without_places_leave_distances_open(
    tables: dict[str, pd.DataFrame], features: MatchingFeatures
) -> None:
    bare = {name: tables[name] for name in ("availabilities", "requirements", "outcomes")}
    history = features.history(bare)
    frame = features.assemble(features.questions(bare, history), history)
    able = frame[frame["feasible"] > 0]
    assert len(able) and (able["market"] == able["offer_market"]).all()


def test_a_table_or_a_column_that_is_not_there_is_named(
    tables: dict[str, pd.DataFrame],
    features: MatchingFeatures,
    history: dict[str, pd.DataFrame],
    frame: pd.DataFrame,
) -> None:
    with pytest.raises(ContractError, match="outcomes"):
        features.history({name: t for name, t in tables.items() if name != "outcomes"})
    with pytest.raises(ContractError, match="max_price"):
        features.assemble(frame.drop(columns="max_price"), history)
