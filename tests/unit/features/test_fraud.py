"""Features of deals: the past alone, never the deal's own papers, and what they are meant to see."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.detection.fraud_facts import ReviewParams
from mandi.features.fraud import COLUMNS, FraudFeatureParams, FraudFeatures
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

MARKET = MarketParams(
    days=200,
    markets=5,
    suppliers=15,
    commodities=("wheat", "soybean"),
    lots_per_day=8,
    optimal_filter=False,
    seed=3,
)
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return generate(MARKET)[0]


@pytest.fixture(scope="module")
def features() -> FraudFeatures:
    return FraudFeatures(FraudFeatureParams(features=ReviewParams(label_matures_days=30)))


@pytest.fixture(scope="module")
def frame(tables: Tables, features: FraudFeatures) -> pd.DataFrame:
    return features.assemble(features.questions(tables), features.history(tables))


def test_traces_of_fraud_stand_out_from_honest_deals(frame: pd.DataFrame) -> None:
    late = frame[frame["traded_at"] > frame["traded_at"].min() + pd.Timedelta(days=60)]
    honest, kind = late[late["fraud_kind"] == ""], late["fraud_kind"]
    inflated = late[kind == "over_invoicing"]["invoice_over_value"].median()
    assert inflated > honest["invoice_over_value"].quantile(0.99)
    assert (
        late[kind == "payment_diversion"]["account_foreign"].mean()
        > 0.7
        > 0.1
        > honest["account_foreign"].mean()
    )
    assert late[kind == "forged_documents"]["least_readable"].median() < honest["least_readable"].quantile(
        0.01
    )
    assert late[kind == "quality_substitution"]["recheck_gap"].median() > honest["recheck_gap"].quantile(0.99)


def test_columns_are_numbers_and_finite_where_known(frame: pd.DataFrame) -> None:
    block = frame[list(COLUMNS)]
    assert (block.dtypes == np.float64).all() and not np.isinf(block.to_numpy()).any()
    unpaid = frame["paid_at"].isna()
    assert unpaid.any() and frame.loc[unpaid, "account_past"].isna().all()
    assert frame.loc[~unpaid, "account_past"].notna().all()


def test_a_deals_own_papers_and_payments_are_not_in_the_past_it_is_held_against(
    tables: Tables, features: FraudFeatures, frame: pd.DataFrame
) -> None:
    asked = frame.iloc[[len(frame) // 2]]
    trade = asked["trade_id"].iloc[0]
    without = {
        name: table[table["trade_id"] != trade] if "trade_id" in table and name != "fraud_cases" else table
        for name, table in tables.items()
    }
    again = features.assemble(asked, features.history(without))
    pd.testing.assert_frame_equal(again[list(COLUMNS)], asked[list(COLUMNS)])


def test_names_and_order_of_rows_give_nothing_away(
    tables: Tables, features: FraudFeatures, frame: pd.DataFrame
) -> None:
    renamed = {name: table.copy() for name, table in tables.items()}
    for table in renamed.values():
        for column in (
            "supplier_id",
            "buyer_id",
            "payer_id",
            "payee_id",
            "account_id",
            "vehicle_id",
            "partner_id",
        ):
            if column in table:
                table[column] = table[column].map(lambda v: f"n{hash_of(v)}", na_action="ignore")
        if "issuer_id" in table:
            table["issuer_id"] = table["issuer_id"].map(lambda v: f"n{hash_of(v)}")
        if "inspector_id" in table:
            table["inspector_id"] = table["inspector_id"].map(lambda v: f"n{hash_of(v)}")
    again = features.assemble(features.questions(renamed), features.history(renamed))
    pd.testing.assert_frame_equal(again[list(COLUMNS)], frame[list(COLUMNS)])


def hash_of(value: object) -> int:
    import zlib

    return zlib.crc32(str(value).encode())


def test_labels_of_an_age_mature_together(tables: Tables, features: FraudFeatures) -> None:
    questions = features.questions(tables)
    wait = questions["label_known_time"] - questions["traded_at"]
    assert wait.min() >= pd.Timedelta(days=30)
    guilty = questions[questions["fraud_kind"] != ""]
    found = tables["fraud_cases"].drop_duplicates("trade_id").set_index("trade_id")["known_time"]
    assert (guilty["label_known_time"].to_numpy() >= guilty["trade_id"].map(found).to_numpy()).all()
    newest = max(table["known_time"].max() for table in tables.values())
    assert questions.loc[questions["label_known_time"] > newest, "label"].isna().all()


def test_what_the_service_keeps_answers_deals_under_review(
    tables: Tables, features: FraudFeatures, frame: pd.DataFrame
) -> None:
    history = features.history(tables)
    now = frame["asof"].quantile(0.8, interpolation="nearest")
    open_deals = frame[(frame["asof"] <= now) & (frame["traded_at"] > now - pd.Timedelta(days=40))]
    kept = features.served(history, now, None)  # type: ignore[arg-type]
    assert sum(map(len, kept.values())) < 0.8 * sum(map(len, history.values())) and len(open_deals) > 50
    again = features.assemble(open_deals, kept)
    pd.testing.assert_frame_equal(again[list(COLUMNS)], open_deals[list(COLUMNS)])


def test_missing_papers_are_missing_values_and_counted(
    frame: pd.DataFrame, tables: Tables, features: FraudFeatures
) -> None:
    bare = frame.drop(columns=[c for c in frame if str(c).startswith(("weighed_", "eway_"))]).head(20)
    found = features.assemble(bare, features.history(tables))
    assert found["weight_gap"].isna().all() and found["eway_over_value"].isna().all()
    assert (found["papers_missing"] == 2.0).all() and found["invoice_over_value"].notna().all()


def test_what_is_missing_is_named(tables: Tables, features: FraudFeatures, frame: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="documents"):
        features.history({"trades": tables["trades"]})
    with pytest.raises(ContractError, match="traded_at"):
        features.assemble(frame.drop(columns="traded_at"), features.history(tables))


def test_params_are_plain() -> None:
    assert dataclasses.asdict(FraudFeatureParams())["features"]["latest_days"] == 30.0


def test_what_came_out_late_counted_as_honest_for_whoever_was_fitted_then(
    tables: Tables, features: FraudFeatures
) -> None:
    asked = features.questions(tables)
    late = asked["label"] != asked["label_then"].where(asked["label"].notna(), asked["label"])
    late &= asked["label"].notna()
    starts = {
        part: asked.loc[asked["part"] == part, "asof"].min() for part in ("validation", "calibration", "test")
    }
    following = {"train": "validation", "validation": "calibration", "calibration": "test"}
    learnt = asked[asked["part"].isin(list(following))]
    end = learnt["part"].map(following).map(starts)
    assert late.sum() > 0 and late[learnt.index].sum() == late.sum()  # final labels in the test
    assert (learnt["honest_from"] <= end).all()
    found = learnt["trade_id"].map(tables["fraud_cases"].groupby("trade_id")["known_time"].min())
    assert (learnt["label_then"] == (found <= end).astype(float)).all()
