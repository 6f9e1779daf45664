"""Confidence is mended where it is wrong, left alone where it is right, and measured the usual way."""

from __future__ import annotations

import numpy as np
import pytest

from mandi.text.calibration import bands, calibration_error, choose_calibrator, fit_calibrator
from mandi.text.linear import softmax


def _scores(slope: float, bias: tuple[float, float, float] = (0.0, 0.0, 0.0), count: int = 6000):  # type: ignore[no-untyped-def]
    """Scores of a classifier whose probabilities are right after the given slope and bias."""
    draw = np.random.default_rng(1)
    logits = draw.normal(0, 2, (count, 3))
    truth = softmax(logits * slope + np.array(bias))
    right = (truth.cumsum(axis=1) > draw.random((count, 1))).argmax(axis=1)
    return logits, right, draw.integers(0, 5, count)


def test_too_sure_is_cooled() -> None:
    logits, right, fold = _scores(0.4)
    found, errors = choose_calibrator(logits, right, fold)
    assert found.way == "temperature" and found.slope == pytest.approx(0.4, abs=0.03)
    assert errors["temperature"] < 0.02 < errors["as_is"]


def test_a_bias_is_found_where_there_is_one() -> None:
    logits, right, _ = _scores(0.5, (1.5, 0.0, -1.5))
    found = fit_calibrator(logits, right, "temperature_and_bias")
    assert found.bias[0] - found.bias[2] == pytest.approx(3.0, abs=0.3)
    assert found.slope == pytest.approx(0.5, abs=0.05)
    rare = found.probabilities(logits)[:, 2]
    assert rare.mean() == pytest.approx((right == 2).mean(), abs=0.01)


def test_what_is_right_is_left_alone() -> None:
    logits, right, fold = _scores(1.0)
    found, errors = choose_calibrator(logits, right, fold)
    assert found.way == "as_is" and found.slope == 1.0 and errors["as_is"] < 0.02


def test_temperature_never_changes_the_answer() -> None:
    logits, right, _ = _scores(0.3)
    found = fit_calibrator(logits, right, "temperature")
    assert np.array_equal(found.probabilities(logits).argmax(axis=1), logits.argmax(axis=1))
    assert np.allclose(found.probabilities(logits).sum(axis=1), 1.0)


def test_calibration_error_by_hand() -> None:
    sure = np.array([0.95, 0.95, 0.55, 0.55, 1.0])
    right = np.array([True, False, True, True, True])
    assert calibration_error(sure, right) == pytest.approx((abs(2.0 - 2.9) + abs(2.0 - 1.1)) / 5)
    assert calibration_error(np.array([1.0, 1.0]), np.array([1, 1])) == 0.0


def test_bands_at_their_edges() -> None:
    found = bands(np.array([0.75, 0.7499, 0.40, 0.3999]), np.array([1, 0, 1, 0]))
    assert (found["student_share"], found["teacher_share"], found["human_share"]) == (0.25, 0.5, 0.25)
    assert found["teacher_accuracy"] == 0.5
    assert bands(np.array([0.9]), np.array([1]))["human_accuracy"] is None
