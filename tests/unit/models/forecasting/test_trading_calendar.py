from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.features.forecasting.festivals import FestivalParams
from mandi.models.forecasting.trading_calendar import TradingCalendar

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import DIWALI, share_of, usual

PARAMS = FestivalParams()


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    days = pd.date_range("2020-06-01", periods=1200)
    daily = {
        name: (days.to_numpy().astype("datetime64[D]"), usual(days, peak) * share_of(days))
        for name, peak in (("soybean", 200.0), ("tur", 100.0))
    }
    return TradingCalendar.fit(daily, PARAMS)


def test_sundays_and_diwali_are_found(calendar: TradingCalendar) -> None:
    shares = np.array(calendar.weekdays["tur"])
    assert shares[6] / shares[:6].mean() == pytest.approx(0.1, abs=0.02)
    assert shares.mean() == pytest.approx(1.0)
    assert all(calendar.festivals[f"Diwali+{k}"] < 0.35 for k in (0, 1, 2))
    assert calendar.festivals["Republic Day+0"] == pytest.approx(1.0, abs=0.1)


def test_it_tells_days_that_were_not_there(calendar: TradingCalendar) -> None:
    days = pd.date_range("2023-11-06", "2023-11-19").to_numpy().astype("datetime64[D]")
    told = calendar.shares("soybean", days)
    rest = (days >= np.datetime64("2023-11-12")) & (days <= np.datetime64("2023-11-14"))
    assert DIWALI[-1] == pd.Timestamp("2023-11-12")
    assert told[rest].max() < 0.45 and told[~rest][:-1].min() > 0.6
    np.testing.assert_array_equal(
        calendar.shares("zinc", days), calendar.of_weekday("", days) * calendar.of_festival(days)
    )


def test_it_is_plain_data(calendar: TradingCalendar) -> None:
    again = TradingCalendar.from_dict(json.loads(json.dumps(calendar.as_dict())), PARAMS)
    assert again == calendar


def test_too_little_to_learn_from_is_refused() -> None:
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-10"))
    with pytest.raises(ContractError, match="four weeks"):
        TradingCalendar.fit({"tur": (days, np.ones(len(days)))}, PARAMS)
