"""An indexed table finds what a join finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.tables import asof
from mandi.tables.asof_index import Indexed


@pytest.fixture
def seen() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    return pd.DataFrame(
        {
            "who": rng.choice(["a", "b", "c", None], 200),
            "where": rng.choice(["x", "y"], 200),
            "value": rng.normal(size=200),
            "known_time": [start + pd.Timedelta(hours=int(h)) for h in rng.integers(0, 300, 200)],
        }
    )


def test_it_finds_what_a_strict_join_finds(seen: pd.DataFrame) -> None:
    rng = np.random.default_rng(5)
    asked = pd.DataFrame(
        {
            "who": rng.choice(["a", "b", "c", "nobody", None], 300),
            "where": rng.choice(["x", "y"], 300),
            "asof": pd.Timestamp("2024-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(-20, 320, 300), unit="h"),
        }
    )
    joined = asof.join(asked, seen, by=["who", "where"], strict=True)["value"].to_numpy()
    moments = asked["asof"].to_numpy(dtype="datetime64[ns]").view(np.int64)
    found = Indexed(seen, ["who", "where"]).last([asked["who"], asked["where"]], moments)
    np.testing.assert_array_equal(found[:, 0], joined)
    assert 50 < np.isnan(joined).sum() < 250


def test_order_of_rows_does_not_matter_but_the_last_of_a_moment_wins() -> None:
    day = pd.Timestamp("2024-01-05", tz="UTC")
    seen = pd.DataFrame(
        {"who": ["a", "a", "a"], "value": [3.0, 1.0, 2.0], "known_time": [day, day - pd.Timedelta("1D"), day]}
    )
    after = np.array([day.value + 1, day.value])
    assert Indexed(seen, ["who"]).last([["a", "a"]], after)[:, 0].tolist() == [2.0, 1.0]


def test_a_missing_column_and_a_missing_moment_are_named(seen: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="known_time"):
        Indexed(seen.drop(columns="known_time"), ["who"])
    with pytest.raises(ContractError, match="not known in every row"):
        Indexed(seen.assign(known_time=pd.NaT), ["who"])
