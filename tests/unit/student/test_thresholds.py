"""Thresholds are where the lower Wilson bound says so, and never where there is too little to say it."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.student.scaling import Scaling, fit_scaling
from mandi.student.thresholds import NEVER, thresholds, wilson


def test_wilson_as_published() -> None:
    low, high = wilson(0.9, 10, 1.96)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)


def test_the_bound_of_what_lies_above_reaches_the_target() -> None:
    draw = np.random.default_rng(0)
    sure = draw.uniform(size=4000)
    right = draw.uniform(size=4000) < sure
    found = thresholds(sure, right, target=0.9, z=1.28)
    above = right[sure >= found["high"]]
    assert wilson(float(above.mean()), len(above), 1.28)[0] >= 0.9
    assert 0.7 < found["high"] < 0.9 and right[sure < found["low"]].mean() < 0.4


@pytest.mark.parametrize("rows", [0, 19])
def test_too_few_answers_reach_nothing(rows: int) -> None:
    assert thresholds(np.linspace(0.9, 1, rows), np.ones(rows))["high"] == NEVER


def test_wrong_answers_reach_nothing() -> None:
    assert thresholds(np.linspace(0, 1, 500), np.zeros(500))["high"] == NEVER


def test_scaling_finds_an_inflation_of_log_odds() -> None:
    draw = np.random.default_rng(1)
    odds = draw.normal(0.5, 1.5, 3000)
    right = draw.uniform(size=3000) < 1 / (1 + np.exp(-odds))
    told = 1 / (1 + np.exp(-(1.6 * odds + 1.0)))
    found = fit_scaling(["chat"] * 3000, told, right)
    assert abs(found.slope - 1 / 1.6) < 0.08 and abs(found.shift + 1 / 1.6) < 0.12
    assert Scaling.of_dict(found.as_dict()) == found
