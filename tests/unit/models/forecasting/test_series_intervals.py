"""Intervals learnt from back-test errors cover what they say, each series at its own width."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.forecasting.series_intervals import IntervalParams, conformal

SPREADS = np.geomspace(1.0, 50.0, 200)


def _errors(windows: int, seed: int, horizon: int = 8) -> np.ndarray:
    draw = np.random.default_rng(seed)
    growth = np.sqrt(np.arange(1, horizon + 1))
    return draw.standard_normal((windows, len(SPREADS), horizon)) * SPREADS[None, :, None] * growth


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_new_errors_are_covered_as_often_as_asked(level: float) -> None:
    made = conformal(_errors(4, 0), SPREADS, IntervalParams(levels=(level,)))
    lower, upper = made.around(np.zeros((len(SPREADS), 8)), floor=None)
    new = _errors(1, 1)[0]
    inside = (lower[0] <= new) & (new <= upper[0])
    assert inside.mean() == pytest.approx(level, abs=0.02)
    assert inside.mean(axis=0) == pytest.approx(np.full(8, level), abs=0.06)  # at every step


def test_lively_series_get_wide_intervals_and_far_steps_wider_ones() -> None:
    made = conformal(_errors(4, 0), SPREADS, IntervalParams(levels=(0.9,)))
    lower, upper = made.around(np.full((len(SPREADS), 8), 1e6), floor=None)
    width = (upper - lower)[0]
    assert width[-1].mean() > 20 * width[0].mean()
    assert (np.diff(width, axis=1) > 0).all()


def test_the_lower_bound_stops_at_the_floor() -> None:
    made = conformal(_errors(4, 0), SPREADS, IntervalParams(levels=(0.9,)))
    lower, _ = made.around(np.ones((len(SPREADS), 8)))
    assert lower.min() == 0.0


def test_a_series_without_errors_is_scaled_by_its_units() -> None:
    errors = _errors(3, 0)
    errors[:, 0] = np.nan
    made = conformal(errors, SPREADS, IntervalParams())
    assert np.isfinite(made.scale).all()
    assert made.scale[0] < made.scale[100] < made.scale[-1]


def test_perfect_forecasts_get_intervals_of_no_width() -> None:
    made = conformal(np.zeros((2, 3, 4)), np.ones(3), IntervalParams(levels=(0.9,)))
    assert made.quantiles.tolist() == [[0.0] * 4]


def test_no_error_at_all_is_refused() -> None:
    with pytest.raises(ContractError, match="no residual"):
        conformal(np.full((2, 3, 4), np.nan), np.ones(3), IntervalParams())
