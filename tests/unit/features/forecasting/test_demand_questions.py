from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mandi.features.demand import DemandInputs
from mandi.features.forecasting.arrivals import daily_arrivals, ledgers
from mandi.features.forecasting.demand_questions import demand_questions, horizons

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import demand_reports

PARAMS = DemandInputs(origin_days={"country": 14, "state": 28})


def test_a_country_is_asked_more_often_and_more_closely() -> None:
    asked = demand_questions(ledgers(daily_arrivals(demand_reports(days=500))), PARAMS)
    moments = asked.groupby("location")["asof"].nunique()
    assert moments["India"] > 1.8 * moments["Karnataka"]
    near = asked[(asked["kind"] == "day") & (asked["horizon_days"] <= 14)]
    assert set(near["location"]) == {"India"}
    assert set(asked[asked["kind"] == "week"]["horizon_days"]) == set(range(7, 85, 7))


def test_days_of_the_country_leave_no_gap() -> None:
    asked = demand_questions(ledgers(daily_arrivals(demand_reports(days=400))), PARAMS)
    mine = asked[(asked["kind"] == "day") & (asked["location"] == "India") & (asked["commodity"] == "tur")]
    day = (mine["asof"] + pd.to_timedelta(mine["horizon_days"], unit="D")).dt.date
    known = np.sort(day.unique())
    assert len(known) == (known[-1] - known[0]).days + 1


def test_small_places_and_short_pasts_are_not_asked_about() -> None:
    reports = demand_reports(days=400)
    reports.loc[reports["state"] == "Rajasthan", "arrivals"] *= 0.01
    books = ledgers(daily_arrivals(reports))
    assert set(demand_questions(books, PARAMS)["location"]) == {"India", "Karnataka"}
    first = demand_questions(books, replace(PARAMS, least_weeks=20))["asof"].min()
    assert (first - reports["event_time"].min()).days >= 139


def test_horizons_of_a_place_are_thinner() -> None:
    assert set(horizons("state", PARAMS)["day"]) < set(horizons("country", PARAMS)["day"])
