"""More than 30 % of the columns, by thresholds that the season and the number of columns do not fool."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ConfigError
from mandi.evaluation.drift.columns import is_too_much, judge_columns, thresholds
from mandi.evaluation.drift.params import DriftParams
from mandi.evaluation.drift.windows import distance_table, ends

PARAMS = DriftParams(min_rows=20)
START = pd.Timestamp("2020-01-01", tz="UTC")
UNTIL = pd.Timestamp("2023-07-01", tz="UTC")


def history(columns: int, seed: int = 0, season: float = 0.0, common: float = 0.0) -> pd.DataFrame:
    """Ten rows a day; days of one column hang together, and columns share a part of them."""
    rng = np.random.default_rng(seed)
    days = (UNTIL - START).days

    def wandering() -> np.ndarray:  # type: ignore[type-arg]
        steps = rng.normal(size=days)
        for k in range(1, days):
            steps[k] += 0.8 * steps[k - 1]
        return steps * 0.6

    shared = wandering()
    year = season * np.sin(2 * np.pi * np.arange(days) / 365.25)
    frame = {"asof": np.repeat(pd.date_range(START, periods=days, freq="D"), 10)}
    for k in range(columns):
        level = (1 - common) * wandering() + common * shared + year
        frame[f"c{k}"] = np.repeat(level, 10) + rng.normal(size=10 * days)
    return pd.DataFrame(frame)


def table_of(frame: pd.DataFrame) -> pd.DataFrame:
    names = [c for c in frame.columns if c != "asof"]
    moments = ends(START, UNTIL, PARAMS, seasonal=True)
    return distance_table(frame, dict.fromkeys(names, "number"), moments, PARAMS, seasonal=True)


@pytest.mark.parametrize(("moved", "alert"), [(29, False), (30, False), (31, True)])
def test_more_than_thirty_per_cent_is_an_alert(moved: int, alert: bool) -> None:
    frame = history(10)
    table = pd.concat([table_of(frame).add_suffix(f"_{k}") for k in range(10)], axis=1)
    limits = thresholds(table, UNTIL, PARAMS)
    table.loc[UNTIL] = [
        limits.by_column[str(name)] * (1.01 if k < moved else 0.99) for k, name in enumerate(table.columns)
    ]
    check = judge_columns("columns", table, UNTIL, PARAMS, seasonal=True)
    assert check.judged and check.alert is alert
    assert check.value == pytest.approx(moved / 100)
    assert check.table["drifted"].sum() == moved


def test_shares_are_counted_not_rounded() -> None:
    assert not is_too_much(3, 10, 0.3) and is_too_much(4, 10, 0.3)
    assert not is_too_much(0, 0, 0.3)


@pytest.mark.parametrize("common", [0.0, 0.9])
def test_season_alone_is_no_alarm_and_a_shift_is(common: float) -> None:
    frame = history(8, seed=1, season=2.0, common=common)
    table = table_of(frame)
    found = [judge_columns("columns", table, end, PARAMS, seasonal=True) for end in table.index]
    judged = [check for check in found if check.judged]
    assert len(judged) > 50
    assert not any(check.alert for check in judged)
    late = frame["asof"] >= UNTIL - pd.Timedelta(days=30)
    shifted = frame.assign(**{f"c{k}": frame[f"c{k}"] + 6.0 * late for k in range(3)})
    assert judge_columns("columns", table_of(shifted), UNTIL, PARAMS, seasonal=True).alert


def test_limits_do_not_look_at_the_window_they_judge() -> None:
    table = table_of(history(4))
    before = thresholds(table, UNTIL, PARAMS)
    other = table.copy()
    other.loc[other.index > UNTIL - pd.Timedelta(days=PARAMS.window_days)] = 99.0
    assert thresholds(other, UNTIL, PARAMS) == before


def test_too_little_history_or_too_few_values_is_not_judged() -> None:
    frame = history(4)
    short = table_of(frame).iloc[-40:]
    check = judge_columns("columns", short, UNTIL, PARAMS, seasonal=True)
    assert not check.judged and not check.alert and "12.2 are needed" in check.text
    few = table_of(frame)
    few.loc[UNTIL, ["c0", "c1", "c2"]] = np.nan
    check = judge_columns("columns", few, UNTIL, PARAMS, seasonal=True)
    assert not check.judged and "1 of 4 columns" in check.text


def test_a_distance_that_is_small_is_no_drift_however_sure() -> None:
    rng = np.random.default_rng(0)
    moments = ends(START, UNTIL, PARAMS, seasonal=True)
    table = pd.DataFrame(rng.normal(0.01, 0.0001, (len(moments), 5)), index=moments, columns=list("abcde"))
    table.loc[UNTIL] = 0.05
    assert not judge_columns("columns", table, UNTIL, PARAMS, seasonal=True).alert
    sure = replace(PARAMS, least_distance=0.001)
    assert judge_columns("columns", table, UNTIL, sure, seasonal=True).alert


def test_parameters_that_judge_nothing_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"drift.share is 1.5"):
        DriftParams(share=1.5)
    with pytest.raises(ConfigError, match=r"drift.window_days is 0"):
        DriftParams(window_days=0)
