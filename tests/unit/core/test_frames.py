from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.core.frames import FEW, Columns, factorized, moments, numbers, require, texts


def test_columns_come_in_the_order_asked_as_float64() -> None:
    frame = pd.DataFrame({"a": [1, 2], "name": ["x", "y"], "b": [True, False], "c": [0.5, None]})
    found = numbers(frame, ["c", "a", "b"])
    assert list(found) == ["c", "a", "b"]
    assert all(values.dtype == np.float64 for values in found.values())
    assert found["a"].tolist() == [1.0, 2.0] and found["b"].tolist() == [1.0, 0.0]
    assert found["c"][0] == 0.5 and np.isnan(found["c"][1])


def test_they_are_what_each_column_holds() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(50, 8)), columns=list("abcdefgh"))
    for name, values in numbers(frame, list("hgfa")).items():
        assert np.array_equal(values, frame[name].to_numpy())


def test_nothing_of_the_frame_changes_and_text_is_refused() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "name": ["x", "y"]})
    before = frame.copy()
    numbers(frame, ["a"])
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(ValueError, match="could not convert"):
        numbers(frame, ["name"])


def test_a_column_that_is_not_there_is_missing() -> None:
    assert np.isnan(numbers(pd.DataFrame({"a": [1.0]}), ["b"])["b"]).all()


def test_columns_are_read_as_a_frame_is() -> None:
    when = pd.to_datetime(["2024-01-01 00:00", "2024-01-02 12:00"], utc=True)
    frame = pd.DataFrame({"name": ["x", None], "price": [1.5, 2.5], "bags": [3, 4], "asof": when})
    frame["name"] = frame["name"].astype(object)
    raw = {n: frame[n].to_numpy(dtype="datetime64[ns]" if n == "asof" else None) for n in frame}
    columns = Columns(raw, 2)
    assert len(columns) == 2 and "price" in columns and "cost" not in columns
    for name, values in numbers(frame, ["bags", "cost", "price"]).items():
        np.testing.assert_array_equal(values, numbers(columns, ["bags", "cost", "price"])[name])
    assert texts(columns, "name").tolist() == texts(frame, "name").tolist() == ["x", None]
    assert (moments(columns, "asof") == moments(frame, "asof")).all()
    pd.testing.assert_frame_equal(columns.frame(["asof"]), frame)
    require(columns, ["name", "asof"])
    with pytest.raises(ContractError, match="lacks cost"):
        require(columns, ["name", "cost"])


@pytest.mark.parametrize("rows", [1, FEW, FEW + 1, 500])
def test_names_are_coded_as_pandas_codes_them(rows: int) -> None:
    rng = np.random.default_rng(rows)
    values = rng.choice(np.array(["tur", "wheat", None, np.nan, "maize"], dtype=object), rows)
    codes, names = factorized(values)
    expected, others = pd.factorize(values)
    assert codes.tolist() == expected.tolist() and names == list(others)
