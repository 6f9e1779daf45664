"""Scores of forecasts against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.evaluation.forecasting import forecast_scores as scores

NAN = float("nan")


def test_series_count_alike_whatever_their_length() -> None:
    truth = [[10.0, 10.0], [10.0, NAN]]
    forecast = [[10.0, 10.0], [20.0, 0.0]]
    assert scores.mase(truth, forecast, [1.0, 1.0]) == 5.0
    assert scores.smape(truth, forecast) == pytest.approx((0.0 + 200.0 / 3.0) / 2.0)


def test_smape_of_nothing_forecast_as_nothing_is_zero_and_at_most_200() -> None:
    assert scores.smape([[0.0, 5.0]], [[0.0, 0.0]]) == 100.0


def test_owa_of_the_naive_forecast_is_one() -> None:
    assert scores.owa(9.161, 2.777, 9.161, 2.777) == 1.0


def test_msis_adds_forty_times_the_miss_at_95_percent() -> None:
    assert scores.msis([[11.0]], [[0.0]], [[10.0]], [2.0]) == pytest.approx((10.0 + 40.0) / 2.0)
    assert scores.msis([[-1.0]], [[0.0]], [[10.0]], [2.0]) == pytest.approx((10.0 + 40.0) / 2.0)


def test_coverage_counts_bounds_and_leaves_unknown_truth_out() -> None:
    assert scores.coverage([[1.0, 2.0, NAN]], [[1.0, 3.0, 0.0]], [[1.0, 4.0, 0.0]]) == 0.5


def test_wape_and_mape_where_there_are_zeros() -> None:
    truth, forecast = [[0.0, 10.0], [30.0, NAN]], [[4.0, 8.0], [30.0, 1.0]]
    assert scores.wape(truth, forecast) == pytest.approx(100.0 * 6.0 / 40.0)
    assert scores.mape_nonzero(truth, forecast) == pytest.approx(10.0)


def test_nothing_known_is_no_number() -> None:
    unknown = [[NAN]]
    assert np.isnan(scores.smape(unknown, [[1.0]]))
    assert np.isnan(scores.wape(unknown, [[1.0]]))
    assert np.isnan(scores.coverage(unknown, [[0.0]], [[1.0]]))
    assert np.isnan(scores.mape_nonzero([[0.0]], [[1.0]]))


def test_the_step_of_a_season_and_of_a_series_too_short_for_it() -> None:
    step = scores.naive_step([[1.0, 2.0, 4.0, 8.0], [1.0]], season=2)
    assert step[0] == pytest.approx((3.0 + 6.0) / 2.0) and np.isnan(step[1])


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(ContractError, match="shape"):
        scores.smape([[1.0, 2.0]], [[1.0]])
    with pytest.raises(ContractError, match="1 of 1 forecasts are not finite"):
        scores.smape([[1.0]], [[NAN]])
    with pytest.raises(ContractError, match="1 of 2 scales"):
        scores.mase([[1.0], [1.0]], [[1.0], [1.0]], [1.0, 0.0])
    with pytest.raises(UnknownValue, match="level is 95"):
        scores.msis([[1.0]], [[1.0]], [[1.0]], [1.0], level=95)
