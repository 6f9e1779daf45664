"""Accuracy by confidence."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.core.errors import TooLittleData
from mandi.text.reliability import reliability, reliability_chart


def test_a_calibrated_answerer_lies_on_the_diagonal() -> None:
    draw = np.random.default_rng(0)
    sure = draw.uniform(0.3, 1.0, 20_000)
    table = reliability(sure, draw.random(20_000) < sure, bins=10)
    assert table["rows"].sum() == 20_000 and len(table) == 7
    assert np.abs(table["accuracy"] - table["confidence"]).max() < 0.03
    assert ((table["low"] <= table["confidence"]) & (table["confidence"] <= table["high"])).mean() > 0.7


def test_one_who_is_always_too_sure_is_seen() -> None:
    table = reliability(np.full(100, 0.95), np.arange(100) < 60)
    assert table["accuracy"].tolist() == [0.6] and table["high"].iloc[0] < 0.75


def test_the_chart_has_the_diagonal_and_the_error() -> None:
    axes = reliability_chart(np.array([0.9, 0.8, 0.55, 1.0]), [1, 1, 0, 1]).axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert "4 answers, calibration error" in axes.get_title()


def test_no_answers() -> None:
    with pytest.raises(TooLittleData):
        reliability(np.array([]), [])
