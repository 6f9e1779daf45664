"""States of sellers: a row per news, rates pulled towards everybody's, nothing of an answer before it was known."""

from __future__ import annotations

import pandas as pd

from mandi.features.ranking.partner_states import PartnerParams, answered, dealing_states, seller_states

WHEN = pd.to_datetime(["2024-01-05", "2024-01-06", "2024-01-07"], utc=True)


def tables() -> dict[str, pd.DataFrame]:
    early = pd.Timestamp("2024-01-01", tz="UTC")
    return {
        "availabilities": pd.DataFrame(
            {"availability_id": ["O1", "O2"], "seller_id": ["S1", "S2"], "known_time": [early, WHEN[2]]}
        ),
        "requirements": pd.DataFrame({"requirement_id": ["R1"], "buyer_id": ["B1"], "known_time": [early]}),
        "outcomes": pd.DataFrame(
            {"availability_id": ["O1", "O2", "gone"], "requirement_id": "R1", "accepted": [1.0, 0.0, 1.0],
             "known_time": [WHEN[0], WHEN[1], WHEN[1]]}
        ),
        "partners": pd.DataFrame(
            {"partner_id": ["S1", "B1"], "role": ["supplier", "buyer"], "credit_score": [70.0, 20.0], "known_time": early}
        ),
    }  # fmt: skip


def test_an_answer_is_known_when_the_latest_of_its_three_is() -> None:
    told = answered(tables())
    assert told["seller_id"].tolist() == ["S1", "S2"]
    assert told["known_time"].tolist() == [WHEN[0], WHEN[2]]


def test_credit_and_rate_stand_side_by_side() -> None:
    states = seller_states(tables(), answered(tables()), PartnerParams(seller_strength=1.0))
    assert states["seller_id"].tolist() == ["S1", "S1", "S2"]
    assert states["seller_credit"].fillna(-1).tolist() == [70.0, 70.0, -1.0]
    assert states["seller_rate"].isna().tolist() == [True, False, False]
    assert states["seller_rate"].tolist()[1:] == [1.0, 0.25]  # (0 + 1 x 0.5) / (1 + 1)


def test_dealings_are_by_seller_and_buyer() -> None:
    states = dealing_states(answered(tables()), PartnerParams(dealing_strength=1.0))
    assert states[["seller_id", "buyer_id", "dealing_rate"]].to_numpy().tolist() == [
        ["S1", "B1", 1.0],
        ["S2", "B1", 0.25],
    ]
