"""Boosting over series: it learns a shared pattern, knows no unit and never looks ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mandi.core.errors import ContractError
from mandi.models.forecasting.series_boost import BoostMember, BoostTrees
from mandi.models.forecasting.series_panel import SeriesPanel

SMALL = BoostMember(
    season=12, cycles=2, lags=(1, 2, 3), windows=(4, 8), origins=40, stride=1, seeds=(0,),
    trees=BoostTrees(n_estimators=60, min_data_in_leaf=20, learning_rate=0.1),
)  # fmt: skip


def _seasonal(count: int = 12, length: int = 90) -> dict[str, np.ndarray[Any, Any]]:
    draw = np.random.default_rng(0)
    shape = 1.0 + 0.5 * np.sin(2 * np.pi * np.arange(length) / 12)
    return {
        f"s{i}": draw.uniform(5, 500) * np.roll(shape, i) * draw.uniform(0.97, 1.03, length)
        for i in range(count)
    }


def test_it_learns_the_season_all_series_share() -> None:
    series = _seasonal()
    panel = SeriesPanel.of(series)
    told = SMALL(panel.before(6), 6).values
    truth = np.stack([v[-6:] for v in series.values()])
    naive = np.stack([np.full(6, v[-7]) for v in series.values()])
    assert np.abs(told / truth - 1.0).mean() < 0.3 * np.abs(naive / truth - 1.0).mean()


def test_a_series_in_another_unit_gets_the_same_forecast_in_that_unit() -> None:
    series = _seasonal()
    grown = series | {"s0": series["s0"] * 1000.0}
    first, second = (SMALL(SeriesPanel.of(s), 3).values for s in (series, grown))
    assert np.allclose(first[0] * 1000.0, second[0], rtol=0.05)  # rounding moves splits
    assert np.allclose(first[1:], second[1:], rtol=0.05)


def test_what_comes_later_changes_nothing_before_it() -> None:
    series = _seasonal()
    changed = {k: np.concatenate([v[:-5], v[-5:] * 7.0]) for k, v in series.items()}
    first, second = (SMALL(SeriesPanel.of(s).before(5), 4).values for s in (series, changed))
    assert np.array_equal(first, second)


def test_the_features_of_an_origin_hold_nothing_after_it() -> None:
    from mandi.models.forecasting.series_boost import _Shape

    values = _seasonal(1)["s0"]
    origin = np.array([60])
    later = values.copy()
    later[61:] *= 3.0
    shapes = [_Shape.of(v, SMALL) for v in (values, later)]
    # All but the last two columns are log-ratios over the unit, and the unit is of the whole history given.
    rows = [SMALL._rows(s, origin, 6)[:, :-2] * s.unit for s in shapes]
    assert np.isfinite(rows[0]).all()
    assert np.allclose(rows[0], rows[1], rtol=1e-4, atol=1e-5)


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    from dataclasses import replace

    panel = SeriesPanel.of(_seasonal())
    first, again, other = (replace(SMALL, seeds=(s,))(panel, 3).values for s in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_balanced_training_gives_every_series_the_same_weight() -> None:
    from dataclasses import replace

    from mandi.models.forecasting.series_boost import _Shape

    series = _seasonal(2) | {"short": _seasonal(1)["s0"][:40]}
    for balanced in (False, True):
        member = replace(SMALL, balanced=balanced, least=3)
        _, _, weights = member._learning([_Shape.of(v, member) for v in series.values()], 6)
        long, short = weights[: 2 * 40 * 6].sum() / 2, weights[2 * 40 * 6 :].sum()
        assert bool(np.isclose(long, short)) is balanced


def test_short_series_teach_from_the_least_step_on() -> None:
    from dataclasses import replace

    from mandi.models.forecasting.series_boost import _Shape

    shapes = [_Shape.of(_seasonal(1)["s0"][:30], SMALL)]
    few, many = (len(replace(SMALL, least=least)._learning(shapes, 6)[1]) for least in (20, 5))
    assert (few, many) == (4 * 6, 19 * 6)


def test_zeros_are_no_trouble_where_an_offset_is_set() -> None:
    from dataclasses import replace

    series = _seasonal()
    series["s0"][::7] = 0.0
    told = replace(SMALL, offset=0.05)(SeriesPanel.of(series), 6)
    assert np.isfinite(told.values).all()


def test_a_series_that_does_not_vary_gets_its_value_and_is_told() -> None:
    panel = SeriesPanel.of(_seasonal() | {"flat": np.full(90, 4.0)})
    told = SMALL(panel, 2)
    assert told.values[-1].tolist() == [4.0, 4.0]
    assert list(told.failures) == [len(panel) - 1]


def test_series_that_are_all_too_short_are_refused() -> None:
    with pytest.raises(ContractError, match="longest of 1 series has 5 steps"):
        SMALL(SeriesPanel.of({"a": np.arange(1.0, 6.0)}), 6)
