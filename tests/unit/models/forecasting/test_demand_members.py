from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mandi.core.errors import UnknownValue
from mandi.models.forecasting.demand_cases import BLOCKS, Cases
from mandi.models.forecasting.demand_members import MEMBERS, STATISTICAL, Toolbox, same_weeks

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import taught


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    box = taught()[3]._known().toolbox
    return replace(box, failed={}, _memo={})


@pytest.fixture(scope="module")
def cases() -> Cases:
    frame = taught()[2]
    return Cases.of(frame[frame["part"] == "test"], 120)


def test_every_member_answers_the_country(toolbox: Toolbox, cases: Cases) -> None:
    country = cases.only(np.flatnonzero(cases.level == "country"))
    told = toolbox.forecasts(country, MEMBERS)
    assert list(told) == list(MEMBERS)
    for member, values in told.items():
        assert values.shape == (len(country), BLOCKS) and np.isfinite(values).all() and (values >= 0).all(), (
            member
        )


def test_prophet_is_brought_to_the_level_of_the_place(toolbox: Toolbox, cases: Cases) -> None:
    state = cases.only(np.flatnonzero((cases.location == "Karnataka") & (cases.commodity == "tur"))[:1])
    told = toolbox.forecasts(state, ("prophet", "prophet_half_year"))
    assert np.isnan(told["prophet"]).all()  # of the country: a place has its level only
    whole = cases.only(
        np.flatnonzero(
            (cases.location == "India") & (cases.commodity == "tur") & (cases.last == state.last[0])
        )
    )
    ratio = told["prophet_half_year"] / toolbox.forecasts(whole, ("prophet",))["prophet"]
    assert 0.5 < ratio.mean() < 0.7  # it has six tenths of the country's arrivals


def test_a_case_is_told_the_same_alone(toolbox: Toolbox, cases: Cases) -> None:
    members = ("theta", "prophet_two_months", "same_weeks", "lightgbm")
    whole = toolbox.forecasts(cases, members)
    alone = replace(toolbox, _memo={}).forecasts(cases.only(np.array([3])), members)
    for member in members:
        np.testing.assert_array_equal(alone[member][0], whole[member][3])


def test_threads_change_nothing(toolbox: Toolbox, cases: Cases) -> None:
    some = cases.only(np.arange(4))
    for member in ("theta", "ets"):
        one, two = (replace(toolbox, _memo={}).forecasts(some, (member,), workers=w)[member] for w in (1, 2))
        np.testing.assert_array_equal(one, two)


def test_a_member_that_fails_on_one_series_is_told_and_repeats_the_past(
    toolbox: Toolbox, cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("no convergence")

    monkeypatch.setattr("mandi.models.forecasting.series_members._library", broken)
    some = cases.only(np.arange(2))
    box = replace(toolbox, _memo={}, failed={})
    told = box.forecasts(some, ("theta", "seasonal_naive"))
    np.testing.assert_array_equal(told["theta"], told["seasonal_naive"])
    assert len(box.failed) == 2 and all("no convergence" in reason for reason in box.failed.values())
    assert next(iter(box.failed)).startswith("theta, ")


def test_an_unknown_member_is_named(toolbox: Toolbox, cases: Cases) -> None:
    with pytest.raises(UnknownValue, match="theat"):
        toolbox.forecasts(cases, ("theat",))
    assert set(STATISTICAL) < set(MEMBERS)


def test_the_same_weeks_are_those_of_earlier_years() -> None:
    year = 100.0 + 50.0 * np.sin(2 * np.pi * np.arange(52) / 52)
    told = same_weeks([np.tile(year, 3), np.ones(30)])
    np.testing.assert_allclose(told[0], np.tile(year, 2)[:BLOCKS], rtol=0.01)
    assert np.isnan(told[1]).all()
