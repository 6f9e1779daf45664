from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.examiner import examiner_for
from mandi.evaluation.forecasting.forecast_examiner import ForecastExaminer, shuffled_forecasts
from mandi.features.demand import DemandFeatures
from mandi.models.demand import DemandModel

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import demand_reports, small_params, taught

EXAMINER = ForecastExaminer({}, "demand")


def _fresh() -> DemandModel:
    return DemandModel(small_params())


def test_it_is_found_by_its_task_and_says_where_a_model_stands() -> None:
    assert isinstance(examiner_for("forecast", {}, "demand"), ForecastExaminer)
    assert EXAMINER.standing({}).main == "-"


def test_members_and_simple_forecasts_stand_beside_the_model() -> None:
    frame, model = taught()[2], taught()[3]
    test = frame[frame["part"] == "test"]
    alone = {name: s for name, s in model.baselines(frame, 1).items() if name != "arima"}
    beside = EXAMINER.beside(frame, {"reports": demand_reports()}, alone)
    assert {"seasonal_naive", "last_week", "mean_28", "prophet_half_year", "same_weeks"} <= set(
        beside.columns
    )
    judged = EXAMINER.examine(model.predict(test), frame, beside)
    assert judged.metrics["country.30.skill"] > 0.1 and judged.metrics["country.30.mape"] < 8.0


def test_the_back_test_is_answered_by_a_fit_that_knew_nothing_of_it() -> None:
    frame = taught()[2]
    start = frame.loc[frame["part"] == "calibration", "asof"].min()
    told: list[str] = []
    later = (frame["label_known_time"] > start).to_numpy()
    changed = frame.assign(label=np.where(later, 3.0 * frame["label"], frame["label"]))
    one = EXAMINER.backtest(frame, _fresh, lambda done, total, text: told.append(text))
    other = EXAMINER.backtest(changed, _fresh, lambda *_: None)
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert (one["fitted_until"] == start).all() and (one["origin"] >= start).all() and len(told) == 2
    assert one.index.equals(frame.index[frame["part"] == "calibration"])


def test_without_a_calibration_part_there_is_no_back_test() -> None:
    frame = taught()[2]
    assert EXAMINER.backtest(frame[frame["part"] == "test"], _fresh, lambda *_: None).empty


def test_a_sound_model_passes_both_controls() -> None:
    params, _, frame, model = taught()
    controls = EXAMINER.controls(
        DemandFeatures(params), model, _fresh, frame, {"reports": demand_reports()}, 1
    )
    assert [c.name for c in controls] == ["future perturbation", "shuffled labels"]
    assert all(c.passed for c in controls), [str(c) for c in controls]


def test_a_leak_is_found_by_shuffled_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = taught()[2]
    from mandi.models.forecasting import demand_lesson

    class Leaky(demand_lesson.DemandTrees):
        def forecast(self, series, last):  # type: ignore[no-untyped-def]
            told = super().forecast(series, last)
            for row, (values, day) in enumerate(zip(series, last)):
                key = (round(float(values[-1]), 6), day)
                if key in answers:
                    told[row, : len(answers[key])] = answers[key]
            return told

    box = taught()[3]._known().toolbox
    from mandi.models.forecasting.demand_cases import Cases
    from mandi.models.forecasting.demand_lesson import Lesson

    params = taught()[0]
    test = Lesson.of(
        frame[frame["part"] == "test"], 120, params.features.calendar, params.features.festivals, params
    )
    assert isinstance(test.cases, Cases)
    usual = demand_lesson.usual_of(test.cases, test.truth, box.calendar)
    answers = {
        (round(float(v[-1]), 6), d): np.nan_to_num(u, nan=float(np.nanmean(u)))
        for v, d, u in zip(test.cases.series(box.calendar), test.cases.last, usual)
        if np.isfinite(u).any()
    }
    monkeypatch.setattr(demand_lesson, "DemandTrees", Leaky)
    monkeypatch.setattr(demand_lesson.TradingCalendar, "fit", classmethod(lambda cls, daily, p: box.calendar))
    assert not shuffled_forecasts(_fresh, frame, 1).passed
