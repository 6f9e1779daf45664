"""Scales of anomaly inputs: what they mean, gaps, and values outside what was learnt."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import ContractError, UnknownValue
from mandi.models.detection.anomaly_scales import Scales


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(0).lognormal(size=(300, 4))


def test_z_has_no_mean_and_unit_spread(rows: np.ndarray) -> None:
    seen = Scales().fit(rows).apply(rows, "z")
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-12)


def test_ranks_look_gaussian_and_keep_the_order(rows: np.ndarray) -> None:
    seen = Scales().fit(rows).apply(rows, "q")
    assert abs(float(seen.std()) - 1) < 0.03
    assert (seen.argsort(axis=0) == rows.argsort(axis=0)).all()


def test_ranks_go_on_in_standard_deviations_outside_the_range(rows: np.ndarray) -> None:
    scales = Scales().fit(rows)
    top = rows.max(axis=0)
    step = scales.apply([top + 2 * scales.spread], "q") - scales.apply([top], "q")
    np.testing.assert_allclose(step, 2.0)


def test_signed_logarithm_draws_tails_in(rows: np.ndarray) -> None:
    scales = Scales().fit(rows)
    z, s = scales.apply(rows, "z"), scales.apply(rows, "s")
    np.testing.assert_allclose(np.sign(z) * np.expm1(np.abs(s)), z)


def test_a_gap_is_the_middle_and_says_so(rows: np.ndarray) -> None:
    rows[::7, 2] = np.nan
    scales = Scales().fit(rows)
    assert scales.gaps.tolist() == [2]
    for scale in ("z", "q", "s"):
        seen = scales.apply(rows, scale)
        assert seen.shape == (300, 5)
        assert (seen[::7, 2] == 0).all()
        assert (seen[:, 4] == np.isnan(rows[:, 2])).all()


def test_a_gap_never_seen_before_is_the_middle(rows: np.ndarray) -> None:
    seen = Scales().fit(rows).apply([[np.nan] * 4], "q")
    assert seen.tolist() == [[0.0] * 4]


def test_constant_and_empty_columns_stay_finite() -> None:
    rows = np.column_stack([np.full(30, 7.0), np.full(30, np.nan), np.arange(30.0)])
    scales = Scales().fit(rows)
    for scale in ("z", "q", "s"):
        assert np.isfinite(scales.apply([[1e300, 1.0, -1e300]], scale)).all()


def test_rows_do_not_depend_on_each_other(rows: np.ndarray) -> None:
    scales = Scales().fit(rows)
    for scale in ("z", "q", "s"):
        np.testing.assert_array_equal(scales.apply(rows[5:6], scale), scales.apply(rows, scale)[5:6])


def test_what_was_learnt_survives_arrays(rows: np.ndarray) -> None:
    scales = Scales().fit(rows)
    again = Scales.from_arrays(scales.arrays())
    for scale in ("z", "q", "s"):
        np.testing.assert_array_equal(again.apply(rows * 2, scale), scales.apply(rows * 2, scale))


def test_unknown_scale_infinity_and_other_columns_are_refused(rows: np.ndarray) -> None:
    scales = Scales().fit(rows)
    with pytest.raises(UnknownValue, match="allowed: z, q, s"):
        scales.apply(rows, "log")
    with pytest.raises(ContractError, match="infinite"):
        scales.apply([[np.inf, 0, 0, 0]], "z")
    with pytest.raises(ContractError, match="3 columns"):
        scales.apply(rows[:, :3], "z")
