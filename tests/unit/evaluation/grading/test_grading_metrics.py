"""Figures of grades against scikit-learn and against what is worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.evaluation.grading.grading_metrics import (
    accuracy_at,
    calibration_error,
    confusion,
    f1_by_grade,
    grouped_counts,
    interval,
    macro_f1,
    quadratic_kappa,
    redrawn,
    reliability,
)


@pytest.fixture
def graded() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 500)
    return truth, np.clip(truth + rng.choice([-1, 0, 0, 0, 2], 500), 0, 3)


def test_figures_are_those_of_scikit_learn(graded) -> None:
    from sklearn.metrics import cohen_kappa_score, confusion_matrix, f1_score

    truth, said = graded
    counts = confusion(truth, said, 4)
    np.testing.assert_array_equal(counts, confusion_matrix(truth, said))
    np.testing.assert_allclose(f1_by_grade(counts), f1_score(truth, said, average=None))
    assert float(macro_f1(counts)) == pytest.approx(f1_score(truth, said, average="macro"))
    assert quadratic_kappa(counts) == pytest.approx(cohen_kappa_score(truth, said, weights="quadratic"))


def test_a_grade_neither_given_nor_said_is_left_out_of_the_mean() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([0, 0, 1]), 4)
    assert float(macro_f1(counts)) == 1.0 and np.isnan(f1_by_grade(counts)[2:]).all()


def test_far_errors_lower_kappa_more() -> None:
    truth = np.repeat([0, 1, 2, 3], 50)
    near, far = truth.copy(), truth.copy()
    near[:10], far[:10] = 1, 3
    assert quadratic_kappa(confusion(truth, far, 4)) < quadratic_kappa(confusion(truth, near, 4)) < 1.0


def test_groups_are_counted_apart_and_drawn_whole(graded) -> None:
    truth, said = graded
    group = np.array([f"S{n % 20}" for n in range(500)], dtype=object)
    counts = grouped_counts(truth, said, group, 4)
    assert counts.shape == (20, 4, 4)
    np.testing.assert_array_equal(counts.sum(axis=0), confusion(truth, said, 4))
    np.testing.assert_array_equal(counts[3], confusion(truth[group == "S3"], said[group == "S3"], 4))
    drawn = redrawn(counts, 200, 1)
    np.testing.assert_array_equal(drawn, redrawn(counts, 200, 1))
    low, high = interval(macro_f1(drawn))
    assert low < float(macro_f1(confusion(truth, said, 4))) < high
    one = redrawn(counts[:1], 5, 1)
    np.testing.assert_array_equal(one, np.repeat(counts[:1], 5, axis=0))


def test_calibration_error_is_the_gap_weighed_by_lots() -> None:
    confidence = np.array([0.95] * 8 + [0.55] * 2)
    right = np.array([1.0] * 8 + [0.0] * 2)
    assert calibration_error(confidence, right) == pytest.approx(0.8 * 0.05 + 0.2 * 0.55)
    table = reliability(confidence, right)
    assert table["lots"].tolist() == [2, 8] and isinstance(table, pd.DataFrame)
    assert calibration_error(np.array([1.0]), np.array([1.0])) == 0.0


def test_the_surest_lots_are_kept() -> None:
    confidence, right = np.array([0.6, 0.9, 0.8, 0.7]), np.array([0.0, 1.0, 1.0, 0.0])
    assert [accuracy_at(confidence, right, s) for s in (0.25, 0.5, 1.0)] == [1.0, 1.0, 0.5]
