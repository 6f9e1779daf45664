"""Shapes of earlier years and usual days: weeks stay whole, shares come back, later days are not seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from mandi.models.forecasting.series_members import StatMember
from mandi.models.forecasting.series_panel import Floats, SeriesPanel, Times
from mandi.models.forecasting.series_seasons import OnUsualDays, Shares, YearShape


def _years(growth: tuple[float, ...]) -> np.ndarray[Any, Any]:
    day = np.arange(364)
    shape = (2.0 + np.sin(2 * np.pi * day / 364)) * np.where(day % 7 == 6, 0.2, 1.0)
    return np.concatenate([shape * g for g in growth])


def test_the_level_of_now_is_followed_as_far_as_asked() -> None:
    panel = SeriesPanel.of({"a": _years((1.0, 1.0, 4.0))})
    told = {
        f: YearShape(years=1, neighbours=0, follow=f)(panel.before(182), 14).values[0]
        for f in (0.0, 0.5, 1.0)
    }
    truth = panel.values[0][-182:-168]
    assert np.allclose(told[1.0], truth)
    assert np.allclose(told[0.5], truth / 2.0)
    assert np.allclose(told[0.0], truth / 4.0)


def test_neighbouring_weeks_and_years_are_averaged_day_of_week_by_day_of_week() -> None:
    panel = SeriesPanel.of({"a": _years((1.0, 3.0))})
    told = YearShape(years=2, neighbours=1)(panel, 7).values[0]
    assert told[6] < 0.5 * told[:6].min()
    alone = YearShape(years=1, neighbours=0)(panel, 7).values[0]
    assert np.abs(told / alone - 2.0 / 3.0).max() < 0.1


def test_weeks_that_have_not_come_yet_are_not_used() -> None:
    panel = SeriesPanel.of({"a": _years((1.0, 1.0))})
    told = YearShape(years=1, neighbours=3)(panel, 364)
    assert np.isfinite(told.values).all()
    assert told.failures == {}


def test_less_than_a_year_gets_last_week_and_is_told() -> None:
    panel = SeriesPanel.of({"young": _years((1.0,))[:100]})
    told = YearShape()(panel, 9)
    assert told.values[0].tolist() == [*panel.values[0][-7:], *panel.values[0][-7:-5]]
    assert "100 steps" in told.failures[0]


def test_shares_are_taken_out_and_given_back() -> None:
    def learn(panel: SeriesPanel) -> Shares:
        def shares(name: str, days: Times) -> Floats:
            return np.where(days == np.datetime64("2015-02-03"), 0.1, 1.0)

        return shares

    values = np.full(10, 50.0)
    panel = SeriesPanel.of({"a": values}, last="2015-02-01")
    told = OnUsualDays(StatMember("naive"), learn)(panel, 3).values[0]
    assert np.allclose(told, [50.0, 5.0, 50.0])


def test_shares_are_learnt_from_the_panel_that_is_asked_about() -> None:
    seen: list[int] = []

    def learn(panel: SeriesPanel) -> Shares:
        seen.append(len(panel.values[0]))
        return lambda name, days: np.ones(len(days))

    panel = SeriesPanel.of({"a": np.arange(1.0, 11.0)})
    OnUsualDays(StatMember("naive"), learn)(panel.before(4), 2)
    assert seen == [6]
