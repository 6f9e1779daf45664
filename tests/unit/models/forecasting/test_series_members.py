"""Members: methods say what they are known to say, and one bad series stops nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mandi.core.errors import UnknownValue
from mandi.models.forecasting import series_members
from mandi.models.forecasting.series_members import StatMember
from mandi.models.forecasting.series_panel import SeriesPanel

WEEK = np.array([10.0, 11.0, 12.0, 11.0, 10.0, 9.0, 2.0])


def _weekly(weeks: int = 12, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.tile(WEEK, weeks) * np.random.default_rng(seed).uniform(0.97, 1.03, 7 * weeks)


@pytest.mark.parametrize("method", ["theta", "ces", "ets"])
def test_seasonal_methods_learn_the_week(method: str) -> None:
    told = StatMember(method, season=7)(SeriesPanel.of({"a": _weekly()}), 14)
    assert told.failures == {}
    assert np.abs(told.values[0] / np.tile(WEEK, 2) - 1.0).max() < 0.1


def test_arima_takes_the_order_it_is_given() -> None:
    told = StatMember("arima", order=(1, 1, 0))(SeriesPanel.of({"a": np.arange(40.0)}), 3)
    assert told.failures == {}
    assert np.allclose(told.values[0], [40.0, 41.0, 42.0], atol=0.2)


def test_ets_keeps_to_the_form_it_is_given() -> None:
    line = SeriesPanel.of({"a": np.arange(10.0, 60.0) + np.random.default_rng(0).normal(0, 0.1, 50)})
    level, trend = (StatMember("ets", form=form)(line, 5).values[0] for form in ("ANN", "AAN"))
    assert np.ptp(level) == 0.0
    assert np.diff(trend).min() > 0.5


def test_the_mean_keeps_the_shape_of_the_week() -> None:
    told = StatMember("mean", season=7, window=28)(SeriesPanel.of({"a": np.tile(WEEK, 5)}), 10)
    assert told.values[0].tolist() == [*WEEK, *WEEK[:3]]


def test_only_the_last_steps_of_history_are_seen() -> None:
    values = np.array([100.0, 1.0, 2.0, 3.0])
    told = StatMember("drift", history=3)(SeriesPanel.of({"a": values}), 1)
    assert told.values.tolist() == [[4.0]]


def test_a_series_that_does_not_vary_is_forecast_by_its_value() -> None:
    told = StatMember("ces", season=7)(SeriesPanel.of({"a": np.full(40, 3.0)}), 2)
    assert told.values.tolist() == [[3.0, 3.0]]


@pytest.mark.parametrize("trouble", ["raises", "not finite"])
def test_a_failed_series_gets_its_season_again_and_is_told(
    monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    whole = series_members._forecast

    def sometimes(member: StatMember, values: Any, horizon: int) -> Any:
        if values[0] == 99.0:
            if trouble == "raises":
                raise ZeroDivisionError("no variance")
            return np.full(horizon, np.nan)
        return whole(member, values, horizon)

    monkeypatch.setattr(series_members, "_forecast", sometimes)
    panel = SeriesPanel.of({"good": [1.0, 2.0, 3.0], "bad": [99.0, 5.0, 7.0]})
    told = StatMember("drift", season=2)(panel, 3)
    assert told.values[0].tolist() == [4.0, 5.0, 6.0]
    assert told.values[1].tolist() == [5.0, 7.0, 5.0]
    assert list(told.failures) == [1]
    assert ("no variance" if trouble == "raises" else "finite") in told.failures[1]


def test_workers_say_the_same_as_one_process_and_progress_counts_series() -> None:
    panel = SeriesPanel.of({f"s{i}": _weekly(4, seed=i) for i in range(6)})
    seen: list[tuple[int, int]] = []
    alone = StatMember("theta", season=7)(panel, 5, progress=lambda done, of, what: seen.append((done, of)))
    shared = StatMember("theta", season=7, processes=2)(panel, 5)
    assert np.array_equal(alone.values, shared.values)
    assert seen == [(i + 1, 6) for i in range(6)]


def test_an_unknown_method_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownValue, match='did you mean "theta"'):
        StatMember("tetha")
