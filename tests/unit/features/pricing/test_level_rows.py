"""Rows out of matrices: the day itself, the day before, and the last and the earlier report."""

from __future__ import annotations

import numpy as np

from mandi.features.pricing.level_rows import LevelRows

VALUES = np.arange(10.0).reshape(5, 2)
REPORTED = np.array([[1, 0], [0, 1], [1, 0], [0, 0], [1, 1]], dtype=bool)


def _rows() -> LevelRows:
    kept = np.zeros((5, 2), dtype=bool)
    kept[[0, 1, 3, 4], 0] = kept[[1, 4], 1] = True
    return LevelRows.of(REPORTED, kept)


def test_rows_go_by_day_then_market() -> None:
    assert _rows().here.tolist() == [0, 2, 3, 6, 8, 9]
    assert _rows().day.tolist() == [0, 1, 1, 3, 4, 4]


def test_today_and_yesterday() -> None:
    rows = _rows()
    assert rows.today(VALUES).tolist() == [0, 2, 3, 6, 8, 9]
    np.testing.assert_array_equal(rows.yesterday(VALUES), [np.nan, 0, 1, 4, 6, 7])
    np.testing.assert_array_equal(rows.yesterday(VALUES, 3), [np.nan, np.nan, np.nan, 0, 2, 3])
    np.testing.assert_array_equal(rows.yesterday(np.arange(5.0)), [np.nan, 0, 0, 2, 3, 3])


def test_reports_are_the_last_and_the_one_before() -> None:
    rows = _rows()
    np.testing.assert_array_equal(rows.at(VALUES, rows.report), [0, 0, 3, 4, 8, 9])
    np.testing.assert_array_equal(rows.at(VALUES, rows.report_before), [np.nan, 0, np.nan, 4, 4, 3])
    np.testing.assert_array_equal(rows.at(VALUES, rows.earlier), [np.nan, np.nan, np.nan, 0, 4, 3])
    np.testing.assert_array_equal(
        rows.at(VALUES, rows.earlier_before), [np.nan, np.nan, np.nan, 0, 0, np.nan]
    )
