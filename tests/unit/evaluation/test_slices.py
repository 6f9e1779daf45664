"""Slices against a hand count, and which one is called the worst."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.slices import slices


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": "market",
            "horizon_days": [1, 1, 1, 1, 7],
            "commodity": ["tur", "tur", "tur", "cotton", "tur"],
            "market": ["Latur", "Latur", "Gulbarga", "Latur", "Latur"],
            "target_day": pd.to_datetime(
                ["2024-01-05", "2024-03-05", "2024-03-06", "2024-07-01", "2024-07-01"]
            ),
            "label": [100.0, 100.0, 100.0, 200.0, 100.0],
            "predicted_price": [101.0, 97.0, 106.0, 210.0, 100.0],
            "baseline": [102.0, 106.0, 103.0, np.nan, 104.0],
            "lower_bound_95": [99.0, 99.0, 99.0, 209.0, 99.0],
            "upper_bound_95": [101.0, 101.0, 106.0, 211.0, 101.0],
        }
    )


def row(table: pd.DataFrame, value: str, horizon: int = 1) -> pd.Series:
    found = table[(table["value"] == value) & (table["horizon_days"] == horizon)]
    assert len(found) == 1
    return found.iloc[0]


def test_figures_by_hand(rows):
    latur = row(slices(rows), "tur / Latur")
    assert latur[["rows", "mae", "bias", "mape", "baseline_mae"]].tolist() == [2, 2.0, -1.0, 2.0, 4.0]
    assert latur["skill"] == pytest.approx(0.5)
    assert latur["coverage95"] == 1.0
    spring = row(slices(rows), "spring (Feb-May)")
    assert (spring["rows"], spring["mae"], spring["skill"]) == (2, 4.5, 0.0)


def test_the_same_market_name_of_two_crops_is_two_markets(rows):
    values = set(slices(rows)["value"])
    assert {"tur / Latur", "cotton / Latur"} <= values


def test_the_worst_has_least_skill_among_slices_that_are_large_enough(rows):
    worst = slices(rows, min_rows=1)
    assert worst.loc[worst["worst"] & (worst["horizon_days"] == 1), "value"].tolist() == ["tur / Gulbarga"]
    larger = slices(rows, min_rows=2)
    assert larger.loc[larger["worst"], "value"].tolist() == ["spring (Feb-May)"]
    assert not slices(rows, min_rows=99)["worst"].any()


def test_without_any_baseline_the_worst_has_most_mape(rows):
    table = slices(rows.drop(columns=["baseline", "lower_bound_95"]), min_rows=1)
    assert table.loc[table["worst"] & (table["horizon_days"] == 1), "value"].tolist() == ["tur / Gulbarga"]
    assert table["skill"].isna().all()
    assert table["coverage95"].isna().all()
