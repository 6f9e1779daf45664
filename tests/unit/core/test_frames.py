from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.frames import numbers


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
