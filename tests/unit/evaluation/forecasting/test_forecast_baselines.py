from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.forecasting.forecast_baselines import simple_forecasts

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import demand_reports, taught


@pytest.fixture(scope="module")
def reports() -> pd.DataFrame:
    return demand_reports()


def _daily(reports: pd.DataFrame, commodity: str, state: str | None) -> pd.Series:
    mine = reports[(reports["commodity"] == commodity) & ((reports["state"] == state) if state else True)]
    day = mine["event_time"].dt.tz_localize(None).dt.normalize()
    return mine.groupby(day)["arrivals"].sum()


def test_each_repeats_what_it_says(reports: pd.DataFrame) -> None:
    frame = taught()[2]
    rows = frame[(frame["part"] == "test") & (frame["horizon_days"] <= 30)].sample(40, random_state=0)
    told = simple_forecasts(rows, {"reports": reports})
    for index, row in rows.iterrows():
        daily = _daily(reports, row["commodity"], None if row["location"] == "India" else row["location"])
        span = 1 if row["kind"] == "day" else 7
        days = [row["target_day"] - pd.Timedelta(days=k) for k in range(span)]
        back = [7 * -(-int(row["steps"] - k) // 7) for k in range(span)]
        assert told.loc[index, "seasonal_naive"] == pytest.approx(
            sum(daily[d - pd.Timedelta(days=364)] for d in days)
        )
        assert told.loc[index, "last_week"] == pytest.approx(
            sum(daily[d - pd.Timedelta(days=b)] for d, b in zip(days, back))
        )
        recent = daily[: row["last_day"]].iloc[-28:]
        assert told.loc[index, "mean_28"] == pytest.approx(span * recent.mean())


def test_later_reports_change_nothing(reports: pd.DataFrame) -> None:
    frame = taught()[2]
    rows = frame[frame["part"] == "validation"]
    later = reports["known_time"] > rows["asof"].max()
    changed = reports.assign(arrivals=np.where(later, 9.0 * reports["arrivals"], reports["arrivals"]))
    one, other = (simple_forecasts(rows, {"reports": r}) for r in (reports, changed))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_where_there_is_no_such_past_it_is_missing(reports: pd.DataFrame) -> None:
    frame = taught()[2]
    early = simple_forecasts(frame.head(5), {"reports": reports})
    assert early["seasonal_naive"].isna().all() and early["mean_28"].notna().all()
    assert (
        simple_forecasts(frame.head(2).assign(location="Atlantis"), {"reports": reports})
        .isna()
        .all(axis=None)
    )


def test_where_last_year_is_a_hole_the_year_before_stands_in(reports: pd.DataFrame) -> None:
    frame = taught()[2]
    rows = frame[
        (frame["kind"] == "day") & (frame["asof"] >= "2023-01-01") & (frame["horizon_days"] <= 5)
    ].head(10)
    hole = reports["event_time"].between(
        pd.Timestamp("2022-01-05", tz="UTC"), pd.Timestamp("2022-12-01", tz="UTC")
    )
    told = simple_forecasts(rows, {"reports": reports[~hole]})["seasonal_naive"]
    for index, row in rows.iterrows():
        daily = _daily(reports, row["commodity"], None if row["location"] == "India" else row["location"])
        assert told[index] == pytest.approx(daily[row["target_day"] - pd.Timedelta(days=728)])
