"""The frame of the quality model: point in time, one row per lot, newcomers, and the same numbers from the shelf."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.base import snapshot
from mandi.features.grading.quality_measures import MEASURES
from mandi.features.grading.quality_shelf import QualityShelf
from mandi.features.quality import COLUMNS
from mandi.features.windows import nanoseconds

from .quality_market import quality_market


@pytest.fixture(scope="module")
def market():
    return quality_market()


@pytest.fixture(scope="module")
def frame(market):
    _, _, features, history, questions = market
    return features.assemble(questions, history)


def test_every_lot_is_asked_once_before_its_grade_is_known(market) -> None:
    tables, _, _, _, questions = market
    assert questions["lot_id"].is_unique
    assert set(questions["lot_id"]) == set(tables["assays"]["lot_id"]) & set(tables["lots"]["lot_id"])
    assert (questions["asof"] < questions["label_known_time"]).all()


def test_the_lot_in_question_and_later_ones_are_never_in_the_suppliers_past(market, frame) -> None:
    tables, _, features, history, questions = market
    row = questions.iloc[[len(questions) // 2]]
    supplier, lot, when = row["supplier_id"].iloc[0], row["lot_id"].iloc[0], row["asof"].iloc[0]
    known = questions[(questions["supplier_id"] == supplier) & (questions["label_known_time"] <= when)]
    assert lot not in set(known["lot_id"])
    assert frame.loc[row.index[0], "supplier_lots_all"] == len(known)
    # another grade and other measures of this very lot, and of all lots after it, change nothing
    later = tables["assays"]["known_time"] > when
    turned = tables["assays"].assign(
        grade=tables["assays"]["grade"].where(~later, "D"),
        moisture_pct=tables["assays"]["moisture_pct"].where(~later, 5.0),
    )
    again = features.assemble(row, features.history({**tables, "assays": turned}))
    pd.testing.assert_frame_equal(again, frame.loc[row.index], check_exact=True)


def test_a_second_assay_of_a_lot_is_in_no_history(market, frame) -> None:
    tables, _, features, _, questions = market
    twice = tables["assays"]["lot_id"].duplicated(keep=False)
    assert twice.any()
    first = tables["assays"].sort_values(["known_time", "event_time"]).drop_duplicates("lot_id")
    again = features.assemble(questions, features.history({**tables, "assays": first}))
    pd.testing.assert_frame_equal(again, frame, check_exact=True)


def test_own_means_are_means_of_what_was_known(market, frame) -> None:
    _, _, features, _, questions = market
    strength = features.params.features.history.own_strength
    place = frame.index[(frame["supplier_lots"] >= 6) & frame["moisture_pct_own_z"].notna()][-1]
    row = questions.loc[place]
    past = questions[
        (questions["commodity"] == row["commodity"]) & (questions["label_known_time"] <= row["asof"])
    ]
    own = past[past["supplier_id"] == row["supplier_id"]]["moisture_pct"].dropna()
    # the market's mean is of the moment when the supplier's own last lot became known
    until = past[past["supplier_id"] == row["supplier_id"]]["label_known_time"].max()
    market_then = past[past["label_known_time"] <= until]["moisture_pct"].dropna()
    mean = (own.sum() + strength * market_then.mean()) / (len(own) + strength)
    squares = (len(own) - 1) * own.var() + strength * market_then.var()
    lots = frame.loc[place, "supplier_lots"]
    sd = np.sqrt(squares / (len(own) - 1 + strength)) * np.sqrt(1 + 1 / (lots + 5))
    assert frame.loc[place, "moisture_pct_own_z"] == pytest.approx((row["moisture_pct"] - mean) / sd)


def test_a_newcomer_is_compared_with_its_market(market) -> None:
    _, _, features, history, questions = market
    row = questions.tail(1).assign(supplier_id="nobody before")
    nameless = questions.tail(1).assign(supplier_id=None)
    for asked in (row, nameless):
        found = features.assemble(asked, history).iloc[0]
        assert found["supplier_lots"] == found["supplier_lots_all"] == found["supplier_lead"] == 0
        assert found["supplier_worth"] == found["market_worth"]
        assert found["moisture_pct_own_z"] == pytest.approx(found["moisture_pct_z"] / np.sqrt(1 + 1 / 5))
        assert np.isnan(found["supplier_days_since"])


def test_a_measure_the_commodity_is_not_known_by_and_one_not_valid_are_not_used(market) -> None:
    _, _, features, history, questions = market
    wheat = questions[questions["commodity"] == "wheat"].tail(1).assign(oil_pct=20.0, moisture_pct=95.0)
    found = features.assemble(wheat, history).iloc[0]
    assert np.isnan(found["oil_pct"]) and np.isnan(found["moisture_pct"])
    assert found["refused_count"] == 1


def test_the_shelf_gives_the_features_of_training(market) -> None:
    _, _, features, history, questions = market
    until = questions["asof"].quantile(0.7, interpolation="nearest")
    asked = questions[questions["asof"] >= until].head(200).assign(asof=until + pd.Timedelta("3D"))
    cut = snapshot(history, until, features.keys)
    trained = features.assemble(asked, {n: s[s["known_time"] <= until] for n, s in history.items()})
    shelf = QualityShelf(cut, features.params.features)
    served = shelf.complete({name: asked[name].tolist() for name in asked}, nanoseconds(asked["asof"]))
    assert set(served) == set(COLUMNS)
    for name in COLUMNS:
        np.testing.assert_array_equal(served[name], trained[name].to_numpy(), err_msg=name)


def test_the_shelf_uses_nothing_known_later_and_refuses_a_whole_history(market) -> None:
    _, _, features, history, questions = market
    cut = snapshot(history, questions["asof"].max(), features.keys)
    shelf = QualityShelf(cut, features.params.features)
    early = np.array([questions["asof"].min().value])
    found = shelf.complete({"commodity": ["wheat"], "supplier_id": [questions["supplier_id"].iloc[0]]}, early)
    assert np.isnan(found["market_worth"][0]) and found["supplier_lots"][0] == 0
    with pytest.raises(ContractError, match="occur twice"):
        QualityShelf(history, features.params.features)


def test_what_the_shelf_tells_of_commodities(market) -> None:
    tables, _, features, history, questions = market
    shelf = QualityShelf(snapshot(history, questions["asof"].max(), features.keys), features.params.features)
    assert set(shelf.commodities) == set(tables["lots"]["commodity"])
    assert "color_code" in shelf.measured_by()["cotton"] and "color_code" not in shelf.measured_by()["wheat"]
    most = questions[questions["commodity"] == "wheat"]["supplier_id"].value_counts()
    assert most[shelf.best_known("wheat")] >= most.max() - 2
    assert (
        shelf.knows(questions["supplier_id"].iloc[0])
        and not shelf.knows("nobody before")
        and not shelf.knows(None)
    )


def test_questions_without_a_column_are_refused_by_name(market) -> None:
    _, _, features, history, questions = market
    with pytest.raises(ContractError, match="supplier_id"):
        features.assemble(questions.drop(columns="supplier_id"), history)
    assert set(MEASURES) <= set(
        features.assemble(questions.head(1)[["commodity", "supplier_id", "asof"]], history)
    )
