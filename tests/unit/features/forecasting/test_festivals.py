from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ConfigError
from mandi.features.forecasting.festivals import DIWALI, FestivalParams, festival_places, festivals


def test_every_year_has_its_diwali_and_no_name_comes_twice_on_a_day() -> None:
    told = festivals(2015, 2028)
    diwali = told.loc[told["holiday"] == DIWALI, "ds"]
    assert diwali.dt.year.tolist() == list(range(2015, 2029))
    assert {"2024-10-31", "2026-11-08", "2027-10-29"} <= set(diwali.dt.strftime("%Y-%m-%d"))
    assert not told.duplicated(["holiday", "ds"]).any()
    assert (
        not told["holiday"].str.contains("estimated|;").any()
        and told["holiday"].str.lower().nunique() == told["holiday"].nunique()
    )


def test_windows_and_prior_are_those_of_the_parameters() -> None:
    told = festivals(2024, 2024, FestivalParams(windows={"Holi": (-2, 0)}, window=(0, 1), prior_scale=0.5))
    spans = told.groupby("holiday")[["lower_window", "upper_window"]].first()
    assert spans.loc["Holi"].tolist() == [-2, 0] and spans.loc[DIWALI].tolist() == [0, 1]
    assert set(told["prior_scale"]) == {0.5}


def test_of_two_festivals_the_nearer_one_counts() -> None:
    days = np.arange(np.datetime64("2024-10-26"), np.datetime64("2024-11-06"))
    places = festival_places(days)
    assert places[days == np.datetime64("2024-10-31")] == ["Diwali+0"]
    assert places.tolist() == [
        "",
        "",
        "Diwali-3",
        "Diwali-2",
        "Diwali-1",
        "Diwali+0",
        "Diwali+1",
        "Diwali+2",
        "Diwali+3",
        "Diwali+4",
        "",
    ]


def test_a_day_has_the_same_place_whatever_else_is_asked() -> None:
    days = np.arange(np.datetime64("2019-01-01"), np.datetime64("2026-12-31"))
    whole = festival_places(days)
    some = np.array([5, 1000, 2500])
    assert festival_places(days[some]).tolist() == whole[some].tolist()
    assert len(festival_places(days[:0])) == 0


def test_a_window_that_misses_its_festival_is_refused() -> None:
    with pytest.raises(ConfigError, match="Holi"):
        FestivalParams(windows={"Holi": (1, 2)})
    with pytest.raises(ConfigError, match="2025 to 2024"):
        festivals(2025, 2024)
