from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.calendar import CalendarParams
from mandi.features.forecasting.festivals import FestivalParams
from mandi.models.forecasting.prophet_series import (
    ProphetParams,
    ProphetShape,
    _framed,
    _model,
    fit_prophet,
    is_harvest,
)

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import share_of, usual

CALENDAR, FESTIVAL = CalendarParams(harvest={"tur": (12, 3)}), FestivalParams()
DAYS = pd.date_range("2020-06-01", periods=900)
PLAIN = DAYS.to_numpy().astype("datetime64[D]")
TONNES = usual(DAYS, 200.0) * share_of(DAYS) * np.exp(0.05 * np.random.default_rng(0).standard_normal(900))
AHEAD = np.arange(PLAIN[-1] + 1, PLAIN[-1] + 120)


@pytest.mark.parametrize("harvest", ["regressor", "weekly", "yearly", "none"])
def test_plain_numbers_say_what_prophet_says(harvest: str) -> None:
    params = ProphetParams(harvest=harvest)
    shape = fit_prophet(PLAIN, TONNES, "soybean", params, CALENDAR, FESTIVAL)
    model = _model(PLAIN, params, FESTIVAL)
    model.fit(_framed(PLAIN, "soybean", params, CALENDAR).assign(y=np.log(TONNES)), seed=1)
    asked = np.concatenate([PLAIN[::30], AHEAD])
    told = model.predict(_framed(asked, "soybean", params, CALENDAR))["yhat"].to_numpy()
    np.testing.assert_allclose(
        shape.log_tonnes(asked, is_harvest(asked, "soybean", CALENDAR), FESTIVAL), told, atol=1e-8
    )


def test_holidays_reach_prophet_once_and_with_every_year() -> None:
    shape = fit_prophet(PLAIN, TONNES, "soybean", ProphetParams(), CALENDAR, FESTIVAL)
    names = [name for name, _ in shape.columns]
    assert [n for n in names if n.lower().startswith("diwali")] == [
        f"Diwali_delim_{s}{k}"
        for s, k in [("+", 0), ("+", 1), ("+", 2), ("+", 3), ("+", 4), ("-", 1), ("-", 2), ("-", 3)]
    ]
    assert len(names) == len(set(names))
    assert dict(shape.columns)["Diwali_delim_+1"] * shape.scale < -0.8  # a twentieth is -3 without a prior
    days = np.arange(np.datetime64("2026-11-04"), np.datetime64("2026-11-20"))
    told = shape.log_tonnes(days, is_harvest(days, "soybean", CALENDAR), FESTIVAL)
    weekday = (days.astype(int) + 3) % 7
    assert (
        days[np.where(weekday == 6, np.inf, told).argmin()] in days[4:7]
    )  # 2026-11-08 and the two days after it


def test_it_says_what_will_come() -> None:
    shape = fit_prophet(PLAIN, TONNES, "soybean", ProphetParams(), CALENDAR, FESTIVAL)
    when = pd.DatetimeIndex(AHEAD.astype("datetime64[ns]"))
    came = np.asarray(usual(when, 200.0) * share_of(when))
    told = np.exp(shape.log_tonnes(AHEAD, is_harvest(AHEAD, "soybean", CALENDAR), FESTIVAL))
    assert np.abs(told.sum() / came.sum() - 1.0) < 0.1 and (told > 0).all()


def test_harvest_is_one_rule_for_the_past_and_the_days_ahead() -> None:
    days = np.arange(np.datetime64("2023-11-01"), np.datetime64("2024-05-01"))
    told = is_harvest(days, "tur", CALENDAR)
    months = days.astype("datetime64[M]").astype(int) % 12 + 1
    np.testing.assert_array_equal(told, np.isin(months, [12, 1, 2, 3]).astype(float))
    np.testing.assert_array_equal(is_harvest(days[50:], "tur", CALENDAR), told[50:])


def test_it_is_plain_data() -> None:
    shape = fit_prophet(PLAIN, TONNES, "soybean", ProphetParams(harvest="weekly"), CALENDAR, FESTIVAL)
    again = ProphetShape.from_dict(json.loads(json.dumps(shape.as_dict(), sort_keys=True)))
    harvest = is_harvest(AHEAD, "soybean", CALENDAR)
    np.testing.assert_array_equal(
        again.log_tonnes(AHEAD, harvest, FESTIVAL), shape.log_tonnes(AHEAD, harvest, FESTIVAL)
    )


def test_a_day_is_told_the_same_alone() -> None:
    shape = fit_prophet(PLAIN, TONNES, "soybean", ProphetParams(), CALENDAR, FESTIVAL)
    whole = shape.log_tonnes(AHEAD, is_harvest(AHEAD, "soybean", CALENDAR), FESTIVAL)
    for place in (0, 17, 90):
        one = AHEAD[[place]]
        assert shape.log_tonnes(one, is_harvest(one, "soybean", CALENDAR), FESTIVAL)[0] == whole[place]


def test_a_short_series_is_refused() -> None:
    with pytest.raises(ContractError, match="100 days"):
        fit_prophet(PLAIN[:100], TONNES[:100], "soybean", ProphetParams(), CALENDAR, FESTIVAL)
    with pytest.raises(ContractError, match="0 days"):
        fit_prophet(
            PLAIN, np.zeros(900), "soybean", replace(ProphetParams(), least_days=10), CALENDAR, FESTIVAL
        )
