from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.models.forecasting.demand_lesson import Lesson

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import taught

MEMBERS = ("seasonal_naive", "prophet_half_year", "lightgbm")


def _learned() -> pd.DataFrame:
    frame = taught()[2]
    return frame[frame["part"].isin(["train", "validation", "calibration"])]


def _lesson(frame: pd.DataFrame) -> Lesson:
    params = taught()[0]
    return Lesson.of(frame, 120, params.features.calendar, params.features.festivals, params)


def test_a_toolbox_knows_nothing_of_what_came_later() -> None:
    frame = _learned()
    until = np.datetime64("2022-06-01T00:00:00")
    later = (frame["label_known_time"] > pd.Timestamp("2022-06-01", tz="UTC")).to_numpy()
    changed = frame.assign(label=np.where(later, frame["label"] * 9.0 + 1.0, frame["label"]))
    one, other = (_lesson(f).toolbox(until) for f in (frame, changed))
    assert (
        one.calendar == other.calendar
        and one.shapes == other.shapes
        and one.trees.as_texts() == other.trees.as_texts()
    )
    assert set(one.shapes) == {"soybean", "tur"} and one.failed == {}


def test_an_origin_is_answered_by_what_was_made_before_it() -> None:
    lesson = _lesson(_learned())
    stages = lesson.stages()
    past = lesson.backtest(stages, ("country",), MEMBERS)
    assert past.told.names == ("soybean, India", "tur, India") and past.told.members == MEMBERS
    asof = lesson.asof[past.case[past.case >= 0]]
    assert asof.min() >= stages[0][0] and np.isfinite(past.told.truth).any()
    assert past.told.truth.shape == (len(past.case), 2, past.told.horizon)


def test_errors_of_the_blend_are_those_of_the_rows_asked() -> None:
    lesson = _lesson(_learned())
    stages = lesson.stages()
    past = lesson.backtest(stages, ("country",), MEMBERS)
    errors = lesson.errors(past, stages, taught()[0].blend)
    assert errors is not None
    assert set(errors.asked.kind) == {"day", "week"} and set(errors.asked.level) == {"country"}
    off = np.abs(errors.forecast - errors.truth)
    assert off.sum() / errors.truth.sum() < 0.2


def test_a_commodity_too_short_for_prophet_is_told() -> None:
    params = taught()[0]
    short = replace(params, prophet=replace(params.prophet, least_days=5000))
    frame = _learned()
    lesson = Lesson.of(frame, 120, params.features.calendar, params.features.festivals, short)
    told: list[str] = []
    box = lesson.toolbox(lesson.end(), lambda done, total, text: told.append(text))
    assert box.shapes == {} and set(box.failed) == {"prophet, soybean", "prophet, tur"}
    assert any("failed" in text for text in told)


def test_what_is_missing_is_named() -> None:
    frame = _learned()
    with pytest.raises(ContractError, match="label_known_time"):
        _lesson(frame.drop(columns="label_known_time"))
    with pytest.raises(ContractError, match="none of"):
        _lesson(frame.assign(label=np.nan))
