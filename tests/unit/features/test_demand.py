from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.features.base import known_until, served_state
from mandi.features.demand import FURTHEST_STEP, DemandFeatures, first_days

sys.path.insert(0, str(Path(__file__).parents[1]))
from demand_market import demand_reports, small_params, taught


def test_weeks_are_sums_of_seven_days_back_from_the_last_one_known() -> None:
    reports = demand_reports(days=400)
    features = DemandFeatures(small_params())
    history = features.history({"reports": reports})
    asof = pd.Timestamp("2021-03-10 18:30", tz="UTC")
    asked = pd.DataFrame(
        {
            "commodity": "tur",
            "location": ["India", "Karnataka"],
            "asof": asof,
            "horizon_days": [7, 1],
            "kind": ["week", "day"],
        }
    )
    frame = features.assemble(asked, history)
    assert frame["last_day"].tolist() == [pd.Timestamp("2021-03-10")] * 2 and frame["steps"].tolist() == [
        7.0,
        1.0,
    ]
    assert frame["target_day"].tolist() == [pd.Timestamp("2021-03-17"), pd.Timestamp("2021-03-11")]
    day = reports["event_time"].dt.tz_convert("Asia/Kolkata").dt.tz_localize(None) - pd.Timedelta(seconds=1)
    mine = reports[(reports["commodity"] == "tur") & day.between("2021-03-04", "2021-03-10 23:59:59")]
    assert frame["w_1"].iloc[0] == pytest.approx(mine["arrivals"].sum())
    assert frame["w_1"].iloc[1] == pytest.approx(mine.loc[mine["state"] == "Karnataka", "arrivals"].sum())
    assert frame["level"].tolist() == ["country", "state"]


def test_at_noon_the_day_is_not_over() -> None:
    moments = pd.Series(
        pd.to_datetime(["2024-05-01 06:00", "2024-05-01 18:29", "2024-05-01 18:30"], utc=True)
    )
    assert first_days(moments).astype(str).tolist() == ["2024-05-01", "2024-05-01", "2024-05-02"]


def test_labels_are_what_came_and_are_known_when_the_days_were() -> None:
    _, history, frame, _ = taught()
    country = history["arrivals"][history["arrivals"]["level"] == "country"].set_index(["commodity", "day"])[
        "arrivals"
    ]
    for row in frame[frame["location"] == "India"].sample(60, random_state=0).itertuples():
        span = 1 if row.kind == "day" else 7
        days = [row.target_day - pd.Timedelta(days=k) for k in range(span)]
        assert row.label == pytest.approx(sum(country.get((row.commodity, d), 0.0) for d in days))
        assert row.label_known_time >= (row.target_day + pd.Timedelta(hours=18, minutes=30)).tz_localize(
            "UTC"
        )
        assert row.asof < row.label_known_time
    assert (frame["steps"] == frame["horizon_days"]).all() and set(frame["kind"]) == {"day", "week"}


@pytest.mark.parametrize("hours", [-12, 0, 30, 72])
def test_labels_are_of_the_target_day_however_late_reports_come(hours: int) -> None:
    reports = demand_reports(days=400)
    reports["known_time"] += pd.Timedelta(hours=hours)
    features = DemandFeatures(small_params())
    history = features.history({"reports": reports})
    frame = features.assemble(features.questions({}, history), history)
    country = history["arrivals"][history["arrivals"]["level"] == "country"].set_index(["commodity", "day"])[
        "arrivals"
    ]
    asked = frame[frame["location"] == "India"]
    assert set(asked["kind"]) == {"day", "week"} and len(asked) > 100
    for row in asked.itertuples():
        span = 1 if row.kind == "day" else 7
        days = [row.target_day - pd.Timedelta(days=k) for k in range(span)]
        assert row.label == pytest.approx(sum(country[row.commodity, d] for d in days))
    over = (frame["asof"].dt.tz_convert("Asia/Kolkata").dt.tz_localize(None)).dt.normalize()
    assert (frame["horizon_days"] >= 1).all() and (frame["target_day"] >= over).all()
    assert (frame["asof"] < frame["label_known_time"]).all()


def test_an_unknown_place_has_no_past() -> None:
    _, history, frame, _ = taught()
    asked = frame.head(2).assign(location=["Atlantis", "India"], commodity=["tur", "zinc"])[
        ["commodity", "location", "asof", "horizon_days", "kind"]
    ]
    told = DemandFeatures(small_params()).assemble(asked, history)
    assert told["w_1"].isna().all() and told["last_day"].isna().all()


def test_what_is_missing_is_named() -> None:
    features, history = DemandFeatures(small_params()), taught()[1]
    asked = taught()[2].head(2)[["commodity", "location", "asof", "horizon_days", "kind"]]
    with pytest.raises(ContractError, match="horizon_days"):
        features.assemble(asked.drop(columns="horizon_days"), history)
    with pytest.raises(UnknownValue, match="month"):
        features.assemble(asked.assign(kind="month"), history)
    with pytest.raises(ContractError, match="reports"):
        features.history({})


def test_what_is_served_is_what_the_model_says_at_that_moment() -> None:
    params, history, _, model = taught()
    features = DemandFeatures(params)
    served = served_state(features, history, model)
    until = known_until(features, history)
    told = served["forecasts"]
    assert set(served) == {"forecasts", "places"} and (told["known_time"] == until).all()
    assert told.groupby(["commodity", "location"]).size().eq(FURTHEST_STEP).all()
    one = told[(told["commodity"] == "tur") & (told["location"] == "India")].iloc[10]
    asked = pd.DataFrame(
        {"commodity": ["tur"], "location": ["India"], "asof": [until], "horizon_days": [11], "kind": ["day"]}
    )
    alone = model.predict(features.assemble(asked, history)).iloc[0]
    assert one[["predicted_demand", "lower_bound", "upper_bound"]].tolist() == alone.tolist()
    effects = told[[c for c in told.columns if c.startswith("effect: ")]].sum(axis=1)
    np.testing.assert_allclose(effects, told["predicted_demand"], rtol=1e-9)


def test_what_is_served_knows_nothing_of_later_reports() -> None:
    params, history, _, model = taught()
    features = DemandFeatures(params)
    moment = pd.Timestamp("2023-05-01 18:30", tz="UTC")
    later = {name: frame.copy() for name, frame in history.items()}
    later["arrivals"].loc[later["arrivals"]["known_time"] > moment, "arrivals"] *= 7.0
    for one, other in zip(
        features.served(history, moment, model).values(), features.served(later, moment, model).values()
    ):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
