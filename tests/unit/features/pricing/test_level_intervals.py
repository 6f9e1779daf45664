"""Widths: nominal coverage on steady and on changing noise, causal, and known to each market's own size of error."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.features.pricing.level_intervals import IntervalParams, widths


def _errors(days: int = 700, markets: int = 40, seed: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.01, 0.05, markets)
    error = np.abs(rng.standard_t(4, (days, markets))) * size
    return np.where(rng.random(error.shape) < 0.7, error, np.nan)


def _covered(error: np.ndarray, half: np.ndarray, lag: int, since: int) -> float:
    inside = (error[lag:] <= half[:-lag])[since:]
    return float(inside[np.isfinite(error[lag:][since:])].mean())


@pytest.mark.parametrize(("lag", "params"), [(1, IntervalParams()), (7, IntervalParams(365, 8.0, 0.01)),
                                             (30, IntervalParams(1100, 365.0, 0.0))])  # fmt: skip
def test_coverage_is_nominal(lag: int, params: IntervalParams) -> None:
    error = _errors()
    known = widths(error, params, lag)
    assert abs(_covered(error, known.half90, lag, 200) - 0.90) < 0.015
    assert abs(_covered(error, known.half95, lag, 200) - 0.95) < 0.012


def test_adaptive_widths_follow_a_doubling_of_the_noise() -> None:
    error = _errors()
    error[400:] *= 2.0
    known = widths(error, IntervalParams(), 1)
    assert abs(_covered(error, known.half90, 1, 430) - 0.90) < 0.02


def test_each_market_has_its_own_width() -> None:
    error = _errors()
    typical = np.nanmean(error, axis=0)
    half = widths(error, IntervalParams(), 1).half90[-1]
    assert np.corrcoef(typical, half)[0, 1] > 0.95


def test_later_errors_change_no_earlier_width() -> None:
    error = _errors(300)
    changed = error.copy()
    changed[200:] *= 3.0
    for params in (IntervalParams(), IntervalParams(1100, 365.0, 0.0)):
        before, after = widths(error, params, 7), widths(changed, params, 7)
        for name in ("scale", "half90", "half95"):
            np.testing.assert_array_equal(getattr(before, name)[:200], getattr(after, name)[:200])
            assert (getattr(before, name)[220:] != getattr(after, name)[220:]).any()


def test_a_long_silence_keeps_the_last_widths() -> None:
    error = _errors(400)
    error[200:350] = np.nan
    known = widths(error, IntervalParams(), 1)
    np.testing.assert_array_equal(known.half90[349], known.half90[200])
    assert np.isfinite(known.half90[350:]).all()
