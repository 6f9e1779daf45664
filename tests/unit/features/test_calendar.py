from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError
from mandi.features.calendar import CalendarParams, calendar_features, trading_day


def test_every_day_of_three_years_agrees_with_the_slow_way() -> None:
    days = pd.Series(pd.date_range("2023-01-01", "2025-12-31"))
    found = calendar_features(days, pd.Series("cotton", index=days.index), CalendarParams())
    for day, row in zip(days.dt.date, found.to_dict("records")):
        start = dt.date(day.year if day.month >= 10 else day.year - 1, 10, 1)
        assert row["month"] == day.month and row["quarter"] == (day.month + 2) // 3
        assert row["day_of_week"] == day.weekday() and row["day_of_year"] == day.timetuple().tm_yday
        assert row["is_harvest_season"] == (day.month in {10, 11, 12, 1})
        assert row["days_since_harvest_start"] == (day - start).days >= 0


def test_each_commodity_has_its_own_harvest() -> None:
    params = CalendarParams(harvest={"wheat": (4, 6), "iron_ore": ()})
    days = pd.Series(pd.to_datetime(["2024-05-01"] * 3), index=[9, 4, 7])
    found = calendar_features(days, pd.Series(["cotton", "wheat", "iron_ore"], index=days.index), params)
    assert found["is_harvest_season"].tolist() == [0.0, 1.0, 0.0]
    assert found["days_since_harvest_start"].tolist()[:2] == [213.0, 30.0]
    assert np.isnan(found["days_since_harvest_start"].iloc[2]) and list(found.index) == [9, 4, 7]


def test_midnight_in_india_closes_the_day() -> None:
    texts = ["2023-12-31 18:30", "2023-12-31 18:30:00.000000001", "2024-01-01 17:00"]
    times = pd.to_datetime(texts, utc=True, format="ISO8601")
    assert trading_day(pd.Series(times)).dt.strftime("%m-%d").tolist() == ["12-31", "01-01", "01-01"]


@pytest.mark.parametrize("months", [(10,), (0, 3), (4, 13), (1, 2, 3)])
def test_a_harvest_is_two_months_or_none(months: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="harvest of wheat"):
        CalendarParams(harvest={"wheat": months})
