"""The join over time: never later, never another key, always the left frame back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.tables import asof
from mandi.tables.asof_index import LastKnown

Change = Callable[[pd.DataFrame, pd.DataFrame], tuple[pd.DataFrame, pd.DataFrame]]


def at(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(list(texts), utc=True))


@pytest.fixture
def right() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "market": ["b", "a", "a", "a", None],
            "known_time": at("2024-01-02", "2024-01-03", "2024-01-01", "2024-01-03", "2024-01-01"),
            "value": [10, 3, 1, 4, 99],
            "name": ["x", "y", "z", "w", "none"],
            "open": [True, False, True, True, False],
        },
        index=[7, 7, 1, 0, 2],
    )


@pytest.fixture
def left() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "market": ["a", "b", "a", "c", None, "a"],
            "asof": at("2024-01-03", "2024-01-01", "2024-01-02", "2024-01-05", "2024-01-05", "2023-12-31"),
        },
        index=[5, 5, 3, 2, 1, 0],
    )


def test_last_known_row_of_the_key_and_ties_go_to_the_last(left: pd.DataFrame, right: pd.DataFrame) -> None:
    got = asof.join(left, right, by="market")
    assert got["value"].tolist()[:3] == pytest.approx([4, np.nan, 1], nan_ok=True)
    assert got["value"].isna().tolist() == [False, True, False, True, True, True]
    assert got["name"].tolist()[0] == "w"


def test_strict_leaves_out_what_becomes_known_at_that_moment(left: pd.DataFrame, right: pd.DataFrame) -> None:
    got = asof.join(left, right, by=["market"], strict=True)
    assert got["value"].iloc[0] == 1


def test_left_comes_back_unchanged_and_nothing_is_mutated(left: pd.DataFrame, right: pd.DataFrame) -> None:
    before_left, before_right = left.copy(deep=True), right.copy(deep=True)
    got = asof.join(left, right, by="market", suffix="_then")
    pd.testing.assert_frame_equal(got[list(left.columns)], before_left)
    pd.testing.assert_frame_equal(left, before_left)
    pd.testing.assert_frame_equal(right, before_right)
    assert list(got.columns) == ["market", "asof", "known_time_then", "value_then", "name_then", "open_then"]


def test_types_do_not_depend_on_which_rows_are_asked(left: pd.DataFrame, right: pd.DataFrame) -> None:
    whole = asof.join(left, right, by="market")
    for i in range(len(left)):
        alone = asof.join(left.iloc[[i]], right, by="market")
        pd.testing.assert_frame_equal(alone, whole.iloc[[i]])


def test_later_rows_change_nothing(left: pd.DataFrame, right: pd.DataFrame) -> None:
    asked = left[left["asof"] <= pd.Timestamp("2024-01-02", tz="UTC")]
    changed = right.assign(value=right["value"].where(right["known_time"] <= asked["asof"].max(), -1))
    pd.testing.assert_frame_equal(
        asof.join(asked, right, by="market"), asof.join(asked, changed, by="market")
    )


def test_max_age(left: pd.DataFrame, right: pd.DataFrame) -> None:
    old = left.assign(asof=left["asof"] + pd.Timedelta("10D"))
    got = asof.join(old, right, by="market", max_age="10D")
    assert got["value"].isna().tolist() == [False, False, False, True, True, False]
    got = asof.join(old, right, by="market", max_age="8D")
    assert got["value"].isna().tolist() == [True, True, True, True, True, False]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_mixed_resolutions_and_zones(left: pd.DataFrame, right: pd.DataFrame, unit: str) -> None:
    other = right.assign(known_time=right["known_time"].dt.tz_convert("Asia/Kolkata").dt.as_unit(unit))
    got = asof.join(left, other, by="market")
    assert got["value"].equals(asof.join(left, right, by="market")["value"])


def test_categorical_and_string_keys(left: pd.DataFrame, right: pd.DataFrame) -> None:
    want = asof.join(left, right, by="market")["value"]
    category = right.assign(market=right["market"].astype("category"))
    string = left.assign(market=left["market"].astype("string"))
    assert asof.join(left, category, by="market")["value"].equals(want)
    assert asof.join(string, category, by="market")["value"].equals(want)


def test_several_keys_and_none() -> None:
    right = pd.DataFrame(
        {"c": ["x", "x", "y"], "m": [1, 2, 1], "known_time": at(*["2024-01-01"] * 3), "v": [1.0, 2.0, 3.0]}
    )
    left = pd.DataFrame({"c": ["y", "x", "y"], "m": [1, 2, 2], "asof": at(*["2024-01-01"] * 3)})
    assert asof.join(left, right, by=["c", "m"])["v"].tolist()[:2] == [3.0, 2.0]
    assert np.isnan(asof.join(left, right, by=["c", "m"])["v"].iloc[2])
    assert asof.join(left[["asof"]], right, by=[])["v"].tolist() == [3.0] * 3


def test_empty_sides(left: pd.DataFrame, right: pd.DataFrame) -> None:
    assert asof.join(left, right.iloc[:0], by="market", max_age="1D")["value"].isna().all()
    assert list(asof.join(left.iloc[:0], right, by="market").columns) == [*left.columns, *right.columns[1:]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a, b: (a.rename(columns={"market": "markt"}), b), 'did you mean "markt"'),
        (lambda a, b: (a.assign(value=1), b), "both sides have value"),
        (lambda a, b: (a.assign(asof=a["asof"].where(a["market"] != "c")), b), "not known in 1 of 6 rows"),
        (lambda a, b: (a.assign(asof=a["asof"].dt.tz_localize(None)), b), "zone None"),
        (lambda a, b: (a.assign(asof="2024"), b), "allowed: a time"),
        (lambda a, b: (a.assign(market=1), b), "the same type on both sides"),
    ],
)
def test_errors_say_what_was_received(
    left: pd.DataFrame, right: pd.DataFrame, change: Change, says: str
) -> None:
    with pytest.raises(ContractError) as error:
        asof.join(*change(left, right), by="market")
    assert says in str(error.value)


@pytest.mark.parametrize("by", [["market"], ["market", "name"]])
def test_made_ready_once_it_finds_the_rows_of_the_join(by: list[str]) -> None:
    rng = np.random.default_rng(2)
    day = pd.Timestamp("2024-01-01", tz="UTC")
    held = pd.DataFrame(
        {
            "market": rng.choice(["a", "b", None], 300),
            "name": rng.choice(["x", "y"], 300),
            "known_time": day + pd.to_timedelta(rng.integers(0, 40, 300), unit="D"),
        }
    )
    asked = pd.DataFrame(
        {
            "market": rng.choice(["a", "b", "new", None], 400),
            "name": rng.choice(["x", "y"], 400),
            "asof": day + pd.to_timedelta(rng.integers(-3, 45, 400), unit="D"),
        }
    )
    when = asked["asof"].dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    found = LastKnown(held, by).rows([asked[name].tolist() for name in by], when)
    np.testing.assert_array_equal(found, asof.positions(asked, held, by=by))
    assert (found < 0).any() and (found >= 0).any()
    none = LastKnown(held.iloc[:0], by).rows([asked[name].tolist() for name in by], when)
    assert (none == -1).all()
