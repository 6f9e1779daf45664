from __future__ import annotations

import json

import numpy as np
import pytest

from mandi.models.forecasting.demand_blend import DemandBlend, WeighParams, place_name, without
from mandi.models.forecasting.demand_cases import BLOCKS, Cases
from mandi.models.forecasting.series_backtest import Backtest


def _past(good: float = 0.1, bad: float = 1.0) -> Backtest:
    rng = np.random.default_rng(0)
    truth = 100.0 + rng.standard_normal((4, 2, BLOCKS))
    noise = rng.standard_normal((4, 3, 2, BLOCKS))
    forecasts = truth[:, None] + noise * np.array([good, bad, np.nan])[None, :, None, None]
    return Backtest(
        ("tur, India", "soybean, India"),
        ("good", "bad", "silent"),
        (0, 1, 2, 3),
        truth,
        forecasts,
        np.ones((4, 2)),
    )


def _cases(*places: tuple[str, str]) -> Cases:
    names = np.array(places, dtype=object)
    day = np.full(len(places), np.datetime64("2024-05-01"))
    level = np.array(["country"] * len(places), dtype=object)
    return Cases(names[:, 0], names[:, 1], level, day, np.ones((len(places), 10)), np.arange(len(places)))


def test_the_better_member_weighs_more_and_the_silent_one_nothing() -> None:
    blend = DemandBlend.fit(_past(), WeighParams(shrink=0.0))
    assert blend.members == ("good", "bad")
    for weights in blend.weights.values():
        assert (weights[:, 0] > 0.95).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_parts_sum_to_the_blend_and_a_missing_member_gives_its_weight_away() -> None:
    blend = DemandBlend.fit(_past(good=0.8), WeighParams())
    told = {"good": np.full((2, BLOCKS), 10.0), "bad": np.full((2, BLOCKS), 20.0)}
    cases = _cases(("tur", "India"), ("zinc", "Nowhere"))
    whole = blend.parts(cases, told).sum(axis=0)
    assert ((whole > 10.0) & (whole < 20.0)).all()
    told["bad"] = told["bad"].copy()
    told["bad"][0] = np.nan
    np.testing.assert_allclose(blend.parts(cases, told).sum(axis=0)[0], 10.0)
    np.testing.assert_allclose(blend.shares(cases, told)[:, 0].sum(axis=0), 1.0)
    told["good"] = np.full((2, BLOCKS), np.nan)
    assert np.isnan(blend.parts(cases, told).sum(axis=0)[0]).all()


def test_what_came_after_an_origin_can_be_hidden() -> None:
    past = _past()
    hidden = without(past, 2)
    assert np.isnan(hidden.truth[2]).all() and np.isfinite(past.truth).all()
    np.testing.assert_array_equal(np.delete(hidden.truth, 2, axis=0), np.delete(past.truth, 2, axis=0))


def test_nothing_known_is_an_even_mean() -> None:
    past = _past()
    past.truth[:] = np.nan
    assert DemandBlend.fit(past, WeighParams()).weights[""] == pytest.approx(np.full((3, 2), 0.5))


def test_it_is_plain_data() -> None:
    blend = DemandBlend.fit(_past(), WeighParams())
    again = DemandBlend.from_dict(json.loads(json.dumps(blend.as_dict())))
    assert again.members == blend.members and again.groups == blend.groups
    for name, weights in blend.weights.items():
        np.testing.assert_array_equal(again.weights[name], weights)
    assert place_name("tur", "India") in again.weights
