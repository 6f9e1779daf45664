from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.forecasting.festivals import FestivalParams
from mandi.models.forecasting.demand_cases import BLOCKS, Cases, tonnes_of
from mandi.models.forecasting.trading_calendar import TradingCalendar

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import taught

FLAT = TradingCalendar({"": (1.0,) * 7}, {"Diwali+0": 0.1}, FestivalParams())


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return taught()[2].tail(400)


def test_rows_that_know_the_same_are_one_case(frame: pd.DataFrame) -> None:
    cases = Cases.of(frame, 120)
    known = frame[["commodity", "location", "last_day"]].drop_duplicates()
    assert len(cases) == len(known)
    for row in (0, 200, 399):
        one = frame.iloc[row]
        assert cases.location[cases.row[row]] == one["location"]
        np.testing.assert_array_equal(
            cases.weeks[cases.row[row]], one[[f"w_{k}" for k in range(1, 121)]].astype(float)
        )


def test_another_past_is_another_case(frame: pd.DataFrame) -> None:
    other = frame.copy()
    other.iloc[7, other.columns.get_loc("w_3")] += 1.0
    assert len(Cases.of(other, 120)) == len(Cases.of(frame, 120)) + 1


def test_a_week_is_counted_in_usual_days(frame: pd.DataFrame) -> None:
    cases = Cases.of(frame.head(1).assign(last_day=pd.Timestamp("2024-10-31")), 120)
    past, ahead = cases.block_shares(FLAT, ahead=False), cases.block_shares(FLAT, ahead=True)
    assert past.shape == (1, 120) and ahead.shape == (1, BLOCKS)
    assert past[0, :2].tolist() == pytest.approx([6.1, 7.0]) and ahead[0, 0] == pytest.approx(7.0)
    later = Cases.of(frame.head(1).assign(last_day=pd.Timestamp("2024-10-30")), 120)
    assert later.block_shares(FLAT, ahead=True)[0, :2].tolist() == pytest.approx([6.1, 7.0])


def test_unknown_weeks_are_drawn_through_and_early_ones_left_out(frame: pd.DataFrame) -> None:
    row = frame.head(1).assign(last_day=pd.Timestamp("2024-06-05"), w_1=70.0, w_2=np.nan, w_3=140.0)
    row[[f"w_{k}" for k in range(4, 121)]] = np.nan
    (series,) = Cases.of(row, 120).series(FLAT)
    assert series.tolist() == pytest.approx([20.0, 15.0, 10.0])


def test_tonnes_of_a_week_are_those_of_its_days() -> None:
    frame = taught()[2]
    one = frame[(frame["kind"] == "week") & (frame["horizon_days"] == 14)].tail(1)
    days = pd.concat([one] * 7).assign(
        kind="day",
        steps=np.arange(8.0, 15.0),
        target_day=pd.date_range(end=one["target_day"].iloc[0], periods=7),
    )
    both = pd.concat([one, days], ignore_index=True)
    cases = Cases.of(both, 120)
    usual = np.arange(10.0, 10.0 + BLOCKS)[None, :]
    told, level, weekday = tonnes_of(cases, usual, both, taught()[3]._known().toolbox.calendar)
    assert told[0] == pytest.approx(told[1:].sum()) and weekday[0] == pytest.approx(weekday[1:].sum())
    assert level[1:].tolist() == [11.0] * 7


def test_beyond_the_forecast_and_in_the_past_nothing_is_told() -> None:
    frame = taught()[2].tail(2).assign(kind="day", steps=[0.0, 106.0])
    cases = Cases.of(frame, 120)
    assert np.isnan(tonnes_of(cases, np.ones((len(cases), BLOCKS)), frame, FLAT)[0]).all()


def test_missing_columns_are_named(frame: pd.DataFrame) -> None:
    for name in ("steps", "w_8", "level"):
        with pytest.raises(ContractError, match=name):
            Cases.of(frame.drop(columns=name), 120)
    assert len(Cases.of(frame.drop(columns="w_9"), 120)) > 0


def test_in_a_hole_of_the_file_the_season_goes_on(frame: pd.DataFrame) -> None:
    row = frame.head(1).assign(last_day=pd.Timestamp("2024-06-05"))
    season = 70.0 + 35.0 * np.sin(2 * np.pi * np.arange(120) / 52)  # the latest week first
    for k in range(1, 121):
        row[f"w_{k}"] = np.nan if k <= 20 else season[k - 1]
    cases = Cases.of(row, 120)
    (series,) = cases.series(TradingCalendar({"": (1.0,) * 7}, {}, FestivalParams()))
    assert len(series) == 120 and cases.usable().all()
    np.testing.assert_allclose(series[-20:], series[-72:-52])
    np.testing.assert_allclose(series[:100], season[20:][::-1] / 7.0)
