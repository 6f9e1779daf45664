"""What stands in a cell is read or said to be unreadable; a missing mark is neither."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from mandi.tables import cells


@pytest.mark.parametrize(
    ("cell", "value", "bad"),
    [
        ("5200", 5200.0, False),
        (" 5200.50 ", 5200.5, False),
        ("1,00,000", 100000.0, False),
        ("12,345.5", 12345.5, False),
        ("NR", np.nan, False),
        ("", np.nan, False),
        (None, np.nan, False),
        ("1,2", np.nan, True),
        ("1_000", np.nan, True),
        ("five", np.nan, True),
        ("inf", np.nan, True),
        (Decimal("7.5"), 7.5, False),
        (7, 7.0, False),
    ],
)
def test_numbers(cell: object, value: float, bad: bool) -> None:
    read = cells.numbers(pd.Series([cell], dtype=object))
    assert read.values.tolist() == pytest.approx([value], nan_ok=True)
    assert read.unreadable.tolist() == [bad]


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float32", "bool"])
def test_typed_numbers_become_float64(dtype: str) -> None:
    read = cells.numbers(pd.Series([1, 0], dtype=dtype))
    assert read.values.dtype == np.float64
    assert read.values.tolist() == [1.0, 0.0]


def test_missing_and_infinite_typed_numbers() -> None:
    read = cells.numbers(pd.Series([np.nan, np.inf, 2.0]))
    assert read.values.isna().tolist() == [True, True, False]
    assert read.unreadable.tolist() == [False, True, False]
    assert cells.numbers(pd.Series([1, None], dtype="Int64")).values.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-03-02",
        "02/03/2024",
        "02-03-2024",
        "02 Mar 2024",
        "02-Mar-2024",
        dt.date(2024, 3, 2),
        pd.Timestamp("2024-03-02"),
        "2024-03-02T05:30:00+05:30",
    ],
)
def test_days_are_never_read_month_first(cell: object) -> None:
    read = cells.times(pd.Series([cell, None], dtype=object))
    assert read.values[0] == pd.Timestamp("2024-03-02", tz="UTC")
    assert read.values.dtype == "datetime64[ns, UTC]"
    assert read.unreadable.tolist() == [False, False]


def test_unreadable_times_are_told_from_missing_ones() -> None:
    read = cells.times(pd.Series(["2024-02-30", "NR", "yesterday"]))
    assert read.values.isna().all()
    assert read.unreadable.tolist() == [True, False, True]


def test_nothing_is_still_time() -> None:
    assert cells.times(pd.Series([], dtype=object)).values.dtype == "datetime64[ns, UTC]"
    assert cells.times(pd.Series([None, None], dtype=object)).values.dtype == "datetime64[ns, UTC]"


def test_typed_times_keep_their_moment() -> None:
    india = pd.Series(pd.to_datetime(["2024-01-02"])).dt.tz_localize("Asia/Kolkata").dt.as_unit("s")
    assert str(cells.times(india).values[0]) == "2024-01-01 18:30:00+00:00"
