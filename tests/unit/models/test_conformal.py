from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import UnknownValue
from mandi.models.conformal import margin, recency, uncrossed


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_new_rows_are_covered_as_often_as_promised(level: float) -> None:
    covered = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        known, new = rng.standard_t(4, 300), rng.standard_t(4, 300)
        step = margin(known, np.full(300, -0.3), np.full(300, 0.3), level)
        covered.append((np.abs(new) <= 0.3 + step).mean())
    assert level - 0.003 < np.mean(covered) < level + 0.01


def test_bounds_too_wide_are_narrowed() -> None:
    rng = np.random.default_rng(1)
    assert margin(rng.normal(0, 1, 1000), np.full(1000, -5.0), np.full(1000, 5.0), 0.9) < -3.0


def test_the_scale_is_the_unit_of_the_margin() -> None:
    rng = np.random.default_rng(2)
    width = rng.uniform(1, 10, 2000)
    y = rng.normal(0, 1, 2000) * width
    step = margin(y, -width, width, 0.9, scale=width)
    inside = np.abs(y) <= width * (1 + step)
    assert abs(step - 0.645) < 0.1 and abs(inside[width > 8].mean() - inside[width < 3].mean()) < 0.05


def test_recent_rows_can_count_more() -> None:
    y = np.r_[np.full(500, 1.0), np.full(100, 5.0)]
    age = np.r_[np.full(500, 300.0), np.full(100, 1.0)]
    plain = margin(y, np.zeros(600), np.zeros(600), 0.8)
    recent = margin(y, np.zeros(600), np.zeros(600), 0.8, weight=recency(age, 30.0))
    assert plain == 1.0 and recent == 5.0


def test_too_few_rows_give_the_largest_need() -> None:
    assert margin([1.0, 3.0], [0.0, 0.0], [0.0, 0.0], 0.99) == 3.0


def test_crossed_quantiles_are_sorted() -> None:
    rng = np.random.default_rng(3)
    assert (np.diff(uncrossed(rng.normal(size=(50, 4))), axis=1) >= 0).all()


def test_errors_say_what_is_allowed() -> None:
    with pytest.raises(UnknownValue, match="level is 95"):
        margin([1.0], [0.0], [2.0], 95)
    with pytest.raises(UnknownValue, match="no calibration row"):
        margin([], [], [], 0.9)
