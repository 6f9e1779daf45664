"""Errors that turn one-sided, ranges that miss, errors that grow: seen when planted, and rarely when not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.drift.concept import judge_calibration, judge_performance, judge_residuals
from mandi.evaluation.drift.params import DriftParams

PARAMS = DriftParams()
UNTIL = pd.Timestamp("2024-07-01", tz="UTC")
GROUPS = ("cotton", "maize", "tur", "wheat")


def outcomes(
    seed: int, shift: float = 0.0, growth: float = 1.0, days: int = 500, memory: float = 0.7
) -> pd.DataFrame:
    """Ten errors a day and group, of which the day has a part that lasts some days; the change is in the last 15 days."""
    rng = np.random.default_rng(seed)
    parts = []
    for group in GROUPS:
        common = rng.standard_t(5, size=days)
        for k in range(1, days):
            common[k] += memory * common[k - 1]
        late = np.arange(days) >= days - 15
        error = np.repeat(common + shift * late * rng.choice([-1, 1]), 10) + rng.normal(size=10 * days)
        error *= np.repeat(np.where(late, growth, 1.0), 10)
        known = np.repeat(pd.date_range(end=UNTIL - pd.Timedelta(hours=5), periods=days, freq="D"), 10)
        parts.append(pd.DataFrame({"group": group, "known": known, "error": error}))
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(size=whole["error"].abs(), miss=(whole["error"].abs() > 4).astype(float))


def test_errors_that_turn_one_sided_are_an_alert() -> None:
    check = judge_residuals(outcomes(1, shift=4.0), UNTIL, PARAMS)
    assert check.judged and check.alert
    assert check.value is not None and check.value < PARAMS.level
    assert set(check.table["group"]) == set(GROUPS)


def test_errors_that_grow_are_an_alert_of_performance_and_of_calibration() -> None:
    grown = outcomes(2, growth=4.0)
    for judge in (judge_performance, judge_calibration):
        check = judge(grown, UNTIL, PARAMS)
        assert check.judged and check.alert, check.text
        assert check.value is not None and check.limit is not None and check.value > check.limit


@pytest.mark.parametrize("judge", [judge_residuals, judge_calibration, judge_performance])
def test_days_that_hang_together_are_no_false_alarm(judge: object) -> None:
    alarms = sum(judge(outcomes(seed), UNTIL, PARAMS).alert for seed in range(100, 160))  # type: ignore[operator]
    assert alarms <= 2  # of 60, at a level of 2 in a thousand


def test_what_is_known_later_is_not_looked_at() -> None:
    whole = outcomes(3)
    end = UNTIL - pd.Timedelta(days=40)
    for judge in (judge_residuals, judge_calibration, judge_performance):
        later = whole.assign(
            error=whole["error"].where(whole["known"] < end, 99.0),
            size=whole["size"].where(whole["known"] < end, 99.0),
            miss=whole["miss"].where(whole["known"] < end, 1.0),
        )
        one, other = judge(whole, end, PARAMS), judge(later, end, PARAMS)
        assert (one.value, one.limit, one.text) == (other.value, other.limit, other.text)


def test_a_short_past_is_not_judged() -> None:
    short = outcomes(4, shift=9.0, days=120)
    for judge in (judge_residuals, judge_calibration, judge_performance):
        check = judge(short, UNTIL, PARAMS)
        assert not check.judged and not check.alert and "6 are needed" in check.text
    empty = short.iloc[:0]
    assert not judge_residuals(empty, UNTIL, PARAMS).judged


def test_errors_that_grew_a_little_are_no_loss() -> None:
    check = judge_performance(outcomes(5, memory=0.0, growth=1.05), UNTIL, PARAMS)
    assert check.judged and not check.alert
