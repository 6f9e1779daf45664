"""Blends: weights follow back-test errors, never negative, and never know the block they are scored on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, NotFitted
from mandi.models.forecasting.series_backtest import rolling_backtest
from mandi.models.forecasting.series_blend import (
    BlendParams,
    SeriesBlend,
    blend_residuals,
    blend_weights,
    mixed,
)
from mandi.models.forecasting.series_members import Member, MemberForecast, StatMember
from mandi.models.forecasting.series_panel import SeriesPanel

MEMBERS: dict[str, Member] = {
    "drift": StatMember("drift"), "naive": StatMember("naive"), "season": StatMember("seasonal-naive", season=7),
}  # fmt: skip


def _panel(shift: float = 0.0) -> SeriesPanel:
    draw = np.random.default_rng(0)
    week = np.tile([9.0, 10.0, 11.0, 12.0, 11.0, 10.0, 1.0], 15)
    line = np.linspace(10.0, 60.0, 105)
    series = {"weekly": week * draw.uniform(0.95, 1.05, 105), "line": line + draw.normal(0, 0.5, 105)}
    series["line"][-4:] += shift
    return SeriesPanel.of(series, last="2015-04-15")


def _weights(blend: SeriesBlend) -> dict[tuple[str, str], float]:
    found = blend.weights.groupby(["series", "member"])["weight"].mean()
    return {(str(s), str(m)): float(w) for (s, m), w in found.items()}


def test_each_series_leans_on_the_member_that_was_best_for_it() -> None:
    weights = _weights(SeriesBlend(MEMBERS, BlendParams(shrink=0.0, season=7)).fit(_panel(), 7))
    assert weights[("weekly", "season")] > 0.9
    assert weights[("line", "drift")] > weights[("line", "naive")] > weights[("line", "season")]


def test_weights_are_never_negative_and_sum_to_one_in_every_group() -> None:
    weights = SeriesBlend(MEMBERS, BlendParams(groups=(2, 5))).fit(_panel(), 7).weights
    assert (weights["weight"] >= 0).all()
    sums = weights.groupby(["series", "first_step", "last_step"])["weight"].sum()
    assert len(sums) == 2 * 3 and np.allclose(sums, 1.0)
    assert sorted(set(zip(weights["first_step"], weights["last_step"]))) == [(1, 2), (3, 5), (6, 7)]


def test_full_shrinkage_weighs_all_series_alike() -> None:
    past = rolling_backtest(MEMBERS, _panel(), 7, [7, 14], season=7)
    weights = blend_weights(past, BlendParams(shrink=1.0, season=7))
    assert np.allclose(weights[0], weights[1])


def test_weights_know_nothing_of_the_block_that_is_forecast() -> None:
    first, second = (
        SeriesBlend(MEMBERS, BlendParams(season=7)).fit(_panel(s).before(4), 4) for s in (0.0, 50.0)
    )
    pd.testing.assert_frame_equal(first.forecast(), second.forecast())


def test_a_window_is_blended_by_the_weights_of_the_other_windows() -> None:
    past = rolling_backtest(MEMBERS, _panel(), 7, [7, 14, 21], season=7)
    params = BlendParams(season=7)
    residuals = blend_residuals(past, params)
    worse = replace(past, truth=past.truth.copy())
    worse.truth[0] += 100.0
    moved = blend_residuals(worse, params)
    assert np.allclose(moved[0], residuals[0] + 100.0)  # its own truth moved the residual, not the weights
    assert not np.allclose(moved[1], residuals[1])


def test_a_back_test_made_before_spares_the_fits_and_changes_nothing() -> None:
    asked: list[int] = []

    def counted(panel: SeriesPanel, horizon: int) -> MemberForecast:
        asked.append(horizon)
        return StatMember("drift")(panel, horizon)

    members = MEMBERS | {"drift": counted}
    params = BlendParams(season=7)
    fresh = SeriesBlend(members, params).fit(_panel(), 7)
    assert len(asked) == 4
    past = rolling_backtest(members, _panel(), 7, [0, 7, 14, 21], season=7)
    asked.clear()
    again = SeriesBlend(members, params).fit(_panel(), 7, past=past)
    assert asked == []
    pd.testing.assert_frame_equal(fresh.forecast(), again.forecast())


def test_a_failing_member_is_reported_and_the_blend_goes_on() -> None:
    def broken(panel: SeriesPanel, horizon: int) -> MemberForecast:
        raise RuntimeError("out of order")

    blend = SeriesBlend(MEMBERS | {"broken": broken}, BlendParams(season=7)).fit(_panel(), 7)
    told = {(f.member, f.series, f.offset) for f in blend.failures}
    assert told == {("broken", s, o) for s in ("weekly", "line") for o in (0, 7, 14, 21)}
    assert np.isfinite(blend.forecast()["mean"]).all()


def test_the_forecast_has_days_bounds_in_order_and_nothing_below_the_floor() -> None:
    frame = SeriesBlend(MEMBERS, BlendParams(season=7)).fit(_panel(), 14).forecast()
    assert list(frame.columns) == [
        "series", "step", "ds", "mean", "lower_90", "upper_90", "lower_95", "upper_95",
    ]  # fmt: skip
    assert frame["ds"].iloc[0] == pd.Timestamp("2015-04-16")
    ordered = frame[["lower_95", "lower_90", "mean", "upper_90", "upper_95"]].to_numpy()
    assert (np.diff(ordered, axis=1) >= 0).all()
    assert ordered.min() >= 0.0


def test_a_series_too_short_for_any_window_is_weighed_like_the_others_on_average() -> None:
    panel = SeriesPanel.of({"weekly": _panel().values[0], "young": [3.0, 4.0, 5.0]})
    blend = SeriesBlend(MEMBERS, BlendParams(season=7)).fit(panel, 7)
    assert np.isfinite(blend.forecast().drop(columns=["series", "ds"])).all(axis=None)
    weights = _weights(blend)
    assert weights[("young", "season")] > 0.5


@pytest.mark.filterwarnings("error")
def test_without_any_back_test_all_members_count_alike() -> None:
    past = rolling_backtest(MEMBERS, _panel(), 7, [0, 7])
    assert np.allclose(blend_weights(past.known_at(50), BlendParams(groups=(3,))), 1.0 / 3.0)


def test_mixed_uses_the_weights_of_each_group() -> None:
    forecasts = np.stack([np.zeros((1, 4)), np.ones((1, 4))])
    weights: Any = np.array([[[1.0, 0.0], [0.0, 1.0]]])
    assert mixed(forecasts, weights, BlendParams(groups=(3,))).tolist() == [[0.0, 0.0, 0.0, 1.0]]


def test_no_member_and_no_fit_are_refused() -> None:
    with pytest.raises(ContractError, match="no members"):
        SeriesBlend({})
    with pytest.raises(NotFitted, match="not been fitted"):
        SeriesBlend(MEMBERS).forecast()
