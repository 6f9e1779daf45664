"""States that run along with events: fading counts, usual values, groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.detection.fraud_memory import Memory
from mandi.features.detection.fraud_running import SLOW, faded, groups, nanoseconds, running

DAY = pd.Timestamp("2024-01-01", tz="UTC")


def _events(days: list[float], **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"known_time": [DAY + pd.Timedelta(days=d) for d in days], **columns})


def test_a_fading_count_is_the_sum_of_what_is_left_of_each_event() -> None:
    days = [0.0, 3.0, 50.0, 51.5]
    last = running(_events(days, who=["a"] * 4), ["who"]).iloc[-1]
    assert np.isclose(last["slow"], sum(0.5 ** ((days[-1] - d) / SLOW) for d in days))
    later = faded(np.array([last["slow"]]), np.array([last["last"]]), np.array([last["last"] + SLOW]), SLOW)
    assert np.isclose(later[0], last["slow"] / 2)


def test_usual_values_are_weighted_means_and_pass_over_what_is_missing() -> None:
    days, values = [0.0, 10.0, 20.0], [1.0, np.nan, 3.0]
    last = running(_events(days, who=["a"] * 3, x=values), ["who"], numbers=["x"]).iloc[-1]
    weight = np.array([0.5 ** (20.0 / SLOW), 1.0])
    mean = (weight * [1.0, 3.0]).sum() / weight.sum()
    assert np.isclose(last["x_mean"], mean) and last["count"] == 3.0
    assert np.isclose(
        last["x_sd"], np.sqrt((weight * (np.array([1.0, 3.0]) - mean) ** 2).sum() / weight.sum())
    )


def test_a_row_knows_only_what_was_known_by_then() -> None:
    rng = np.random.default_rng(0)
    events = _events(
        sorted(rng.uniform(0, 100, 60)), who=list(rng.choice(["a", "b"], 60)), x=list(rng.normal(size=60)),
        y=list(rng.choice(["p", "q", "r"], 60)),
    )  # fmt: skip
    whole = running(events, ["who"], numbers=["x"], distinct=["y"])
    for until in (10, 30):
        part = running(events.iloc[:until], ["who"], numbers=["x"], distinct=["y"])
        pd.testing.assert_frame_equal(whole.iloc[: len(part)], part)


def test_one_row_per_key_and_moment() -> None:
    told = running(_events([1.0, 1.0, 2.0], who=["a", "a", "a"]), ["who"])
    assert told["count"].tolist() == [2.0, 3.0]
    assert len(running(_events([1.0], who=[None]), ["who"])) == 0


def test_groups_grow_through_chains_of_shared_accounts() -> None:
    paid = _events(
        [0, 1, 2, 3, 4, 5],
        payee=["S1", "S2", "S3", "S2", "S3", "S1"],
        account=["A1", "A2", "A3", "A1", "A2", "A1"],
    )
    told = groups(paid, "payee", "account")
    last = told.drop_duplicates("payee", keep="last").set_index("payee")["members"].to_dict()
    assert last == {"S1": 3.0, "S2": 3.0, "S3": 3.0}
    early = told[told["known_time"] <= DAY + pd.Timedelta(days=3)]
    assert early.drop_duplicates("payee", keep="last").set_index("payee")["members"].to_dict() == {
        "S1": 2.0, "S2": 2.0, "S3": 1.0,
    }  # fmt: skip


def test_a_second_account_of_ones_own_makes_no_group() -> None:
    told = groups(_events([0, 1], payee=["S1", "S1"], account=["A1", "A1b"]), "payee", "account")
    assert told["members"].max() == 1.0
    assert len(groups(_events([], payee=[], account=[]), "payee", "account")) == 0


def test_what_is_remembered_is_counted_less_the_longer_ago_it_was() -> None:
    struck = pd.to_datetime(["2024-01-01", "2024-01-01", "2024-06-29"], utc=True)
    deals = running(
        pd.DataFrame({"supplier_id": "S1", "buyer_id": ["B1", "B2", "B1"], "known_time": struck}),
        ["supplier_id", "buyer_id"],
    )
    asked = nanoseconds(pd.to_datetime(["2024-06-29", "2024-12-26", "2024-12-26", "2024-01-01"], utc=True))
    keys = [np.array(["S1"] * 4), np.array(["B1", "B1", "B2", "B2"])]
    found = Memory({"deals": deals}).find("deals", keys, asked)
    np.testing.assert_allclose(
        found["lately"], [0.5, 0.75, 0.25, 0.0]
    )  # 180 and 360 days; a deal of the moment is not yet known
    np.testing.assert_array_equal(found["count"], [1.0, 2.0, 1.0, np.nan])
