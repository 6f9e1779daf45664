from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.config import build
from mandi.core.errors import ContractError, UnknownValue
from mandi.features.base import snapshot
from mandi.features.price import PriceFeatureParams, PriceFeatures

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def features() -> PriceFeatures:
    return PriceFeatures(PriceFeatureParams())


@pytest.fixture(scope="module")
def history(features: PriceFeatures, tiny_tables: Tables) -> Tables:
    return features.history(tiny_tables)


@pytest.fixture(scope="module")
def questions(features: PriceFeatures, tiny_tables: Tables, history: Tables) -> pd.DataFrame:
    return features.questions(tiny_tables, history)


@pytest.fixture(scope="module")
def frame(features: PriceFeatures, questions: pd.DataFrame, history: Tables) -> pd.DataFrame:
    return features.assemble(questions, history)


def _spoil(tables: Tables, when: pd.Timestamp) -> Tables:
    """Everything known later gets other numbers."""
    spoilt = {}
    for name, table in tables.items():
        later = table["known_time"] > when
        changed = table.copy()
        for column in table.select_dtypes("number"):
            changed[column] = table[column].where(~later, table[column] * 3.0 + 17.0)
        spoilt[name] = changed
    return spoilt


@pytest.mark.parametrize("when", ["2023-04-20 06:00", "2023-06-01 18:30"])
def test_the_future_changes_no_feature(
    features: PriceFeatures, tiny_tables: Tables, questions: pd.DataFrame, frame: pd.DataFrame, when: str
) -> None:
    moment = pd.Timestamp(when, tz="UTC")
    asked = questions[questions["asof"] <= moment]
    again = features.assemble(asked, features.history(_spoil(tiny_tables, moment)))
    assert len(asked) > 200
    pd.testing.assert_frame_equal(again, frame.loc[asked.index], check_exact=True)


@pytest.mark.parametrize("days", range(7))
def test_taking_the_future_away_changes_no_feature(
    features: PriceFeatures, tiny_tables: Tables, questions: pd.DataFrame, frame: pd.DataFrame, days: int
) -> None:
    when = questions["asof"].quantile(0.7).normalize() + pd.Timedelta(days=days, hours=8)
    cut = {name: table[table["known_time"] <= when] for name, table in tiny_tables.items()}
    asked = questions[questions["asof"] <= when]
    again = features.assemble(asked, features.history(cut))
    pd.testing.assert_frame_equal(again, frame.loc[asked.index], check_exact=True)


def test_the_past_does_change_features(
    features: PriceFeatures, tiny_tables: Tables, questions: pd.DataFrame, frame: pd.DataFrame
) -> None:
    spoilt = features.assemble(
        questions, features.history(_spoil(tiny_tables, pd.Timestamp("2023-03-01", tz="UTC")))
    )
    assert not spoilt["level"].equals(frame["level"]) and not spoilt["supplier_premium"].equals(
        frame["supplier_premium"]
    )


def test_the_price_of_a_lot_is_in_none_of_its_features(
    features: PriceFeatures, tiny_tables: Tables, questions: pd.DataFrame, frame: pd.DataFrame
) -> None:
    lot = questions[questions["kind"] == "lot"].iloc[[200]]
    trades = tiny_tables["trades"]
    dearer = trades.assign(
        price=trades["price"].where(trades["trade_id"] != lot["trade_id"].iloc[0], 99999.0)
    )
    again = features.assemble(lot, features.history({**tiny_tables, "trades": dearer}))
    pd.testing.assert_frame_equal(again, frame.loc[lot.index], check_exact=True)


def test_a_price_visible_at_its_own_moment_is_in_none_of_its_features(
    features: PriceFeatures, tiny_tables: Tables
) -> None:
    at_once = tiny_tables["trades"].assign(known_time=tiny_tables["trades"]["event_time"])
    tables = {**tiny_tables, "trades": at_once}
    lots = features.questions(tables).query("kind == 'lot'")
    lot = lots.iloc[[200]]
    before = features.assemble(lot, features.history(tables))
    dearer = at_once.assign(
        price=at_once["price"].where(at_once["trade_id"] != lot["trade_id"].iloc[0], 99999.0)
    )
    again = features.assemble(lot, features.history({**tables, "trades": dearer}))
    pd.testing.assert_frame_equal(again, before, check_exact=True)


def test_the_report_of_the_day_is_in_no_feature_of_that_day(
    features: PriceFeatures, tiny_tables: Tables, questions: pd.DataFrame, frame: pd.DataFrame
) -> None:
    today = questions[(questions["kind"] == "market") & (questions["horizon_days"] == 0)].iloc[[60]]
    asked = today.iloc[0]
    reports = tiny_tables["reports"]
    own = (
        (reports["commodity"] == asked["commodity"])
        & (reports["market"] == asked["market"])
        & (reports["known_time"] == asked["asof"])
    )
    assert own.sum() == 1
    changed = reports.assign(modal_price=reports["modal_price"].where(~own, reports["modal_price"] * 1.2))
    again = features.assemble(today, features.history({**tiny_tables, "reports": changed}))
    shared = [
        "national_log",
        "state_log",
        "national_vol_30",
    ]  # the common level, of all reports: no tree reads it
    pd.testing.assert_frame_equal(
        again.drop(columns=shared), frame.loc[today.index].drop(columns=shared), check_exact=True
    )


@pytest.mark.parametrize("place", [10, 150, 290])
def test_a_snapshot_serves_the_features_of_training(
    features: PriceFeatures, questions: pd.DataFrame, history: Tables, frame: pd.DataFrame, place: int
) -> None:
    for kind in ("lot", "market"):
        row = questions[questions["kind"] == kind].iloc[[place]]
        served = features.assemble(row, snapshot(history, row["asof"].iloc[0], features.keys))
        pd.testing.assert_frame_equal(served, frame.loc[row.index], check_exact=True)


def test_a_row_does_not_depend_on_the_others(
    features: PriceFeatures, questions: pd.DataFrame, history: Tables, frame: pd.DataFrame
) -> None:
    some = questions.sample(200, random_state=2)
    pd.testing.assert_frame_equal(features.assemble(some, history), frame.loc[some.index], check_exact=True)


def test_nothing_is_mutated(features: PriceFeatures, tiny_tables: Tables, questions: pd.DataFrame) -> None:
    before = {name: table.copy() for name, table in tiny_tables.items()}
    asked = questions.copy()
    history = features.history(tiny_tables)
    kept = {name: table.copy() for name, table in history.items()}
    features.assemble(questions, history)
    for name, table in before.items():
        pd.testing.assert_frame_equal(tiny_tables[name], table)
    for name, table in kept.items():
        pd.testing.assert_frame_equal(history[name], table)
    pd.testing.assert_frame_equal(questions, asked)


def test_steps_look_far_enough_ahead(frame: pd.DataFrame) -> None:
    lots, markets = frame[frame["kind"] == "lot"], frame[frame["kind"] == "market"]
    assert set(lots["step"].dropna()) == {1.0}
    assert (markets["step"] == markets["horizon_days"]).all()
    assert lots["history_age_days"].max() < 5.0  # a holiday and a Sunday lie between, no more


def test_an_old_history_uses_a_longer_step_and_says_its_age(
    features: PriceFeatures, questions: pd.DataFrame, history: Tables
) -> None:
    row = questions[questions["kind"] == "lot"].iloc[[250]].drop(columns="target_day")
    old = snapshot(history, row["asof"].iloc[0] - pd.Timedelta(days=5), features.keys)
    served = features.assemble(row, old)
    assert served["step"].iloc[0] == 7.0 and 5.0 < served["history_age_days"].iloc[0] < 7.0


def test_a_newcomer_and_an_unknown_market_are_missing_not_invented(
    features: PriceFeatures, questions: pd.DataFrame, history: Tables
) -> None:
    row = questions[questions["kind"] == "lot"].iloc[[250]]
    found = features.assemble(row.assign(supplier_id="nobody", market="Nowhere"), history).iloc[0]
    assert found["supplier_trade_count"] == 0.0 and np.isnan(found["supplier_avg_quality"])
    assert np.isnan(found["level"]) and np.isnan(found["step"]) and np.isnan(found["price_ma_30"])


def test_an_assay_that_came_after_the_deal_is_not_used(features: PriceFeatures, tiny_tables: Tables) -> None:
    late = tiny_tables["assays"].assign(known_time=tiny_tables["assays"]["known_time"] + pd.Timedelta(days=1))
    asked = features.questions({**tiny_tables, "assays": late})
    assert asked["staple_length_mm"].isna().all()


def test_prices_alone_are_enough(features: PriceFeatures, tiny_tables: Tables) -> None:
    alone = {"reports": tiny_tables["reports"]}
    history = features.history(alone)
    found = features.assemble(features.questions(alone, history), history)
    assert set(history) == {"levels"} and set(found["kind"]) == {"market"} and found["level"].notna().all()


def test_every_feature_of_the_requirements_is_there(frame: pd.DataFrame) -> None:
    lots = frame[(frame["kind"] == "lot") & (frame["commodity"] == "cotton")].iloc[-1]
    for name in (
        "price_ma_7", "price_ma_30", "price_ma_60", "price_ma_90", "price_volatility", "staple_length_mm", "color_code",
        "distance_from_port_km", "state_demand_index", "is_major_cotton_region", "month", "quarter", "is_harvest_season",
        "day_of_year", "days_since_harvest_start", "day_of_week", "cotton_index_global", "usd_inr_rate", "crude_oil_price",
        "supplier_credit_score", "supplier_avg_quality", "supplier_trade_count", "supplier_delivery", "quantity_log",
    ):  # fmt: skip
        assert name in frame, name
        assert lots["market"] == "Rajkot" or np.isfinite(lots[name]), name


def test_errors_name_what_is_wrong(features: PriceFeatures, questions: pd.DataFrame, history: Tables) -> None:
    with pytest.raises(ContractError, match='no column "asof"'):
        features.assemble(questions.drop(columns="asof"), history)
    with pytest.raises(UnknownValue, match="auction"):
        features.assemble(questions.head(1).assign(kind="auction"), history)
    with pytest.raises(ContractError, match="no reports"):
        features.history({})


def test_params_come_from_a_mapping() -> None:
    section = {
        "features": {"market_every": 7, "calendar": {"harvest": {"wheat": [4, 6]}}},
        "splits": {"test_from": 0.9},
    }
    params = build(PriceFeatureParams, section)
    assert params.features.calendar.months("wheat") == (4, 6) and params.splits.test_from == 0.9
