"""Details of reports: range and middle of a day, and running means."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.pricing.report_details import recent_mean, report_details


def _details(low: list[float], high: list[float], modal: list[float]) -> dict[str, np.ndarray]:
    days = list(range(len(low)))
    reports = pd.DataFrame({"day": days, "market": "a", "min_price": low, "max_price": high})
    return {k: v[:, 0] for k, v in report_details(reports, pd.DataFrame({"a": modal}, index=days)).items()}


def test_range_and_middle_are_logs() -> None:
    found = _details([90.0, 100.0], [110.0, 100.0], [100.0, 80.0])
    np.testing.assert_allclose(found["spread"], [np.log(110 / 90), 0.0])
    np.testing.assert_allclose(found["middle"], [0.0, np.log(100 / 80)])


def test_zero_reversed_and_left_out_prices_have_no_details() -> None:
    found = _details([0.0, 120.0, 90.0], [110.0, 100.0, 110.0], [100.0, 110.0, np.nan])
    assert np.isnan(found["spread"]).all()
    assert np.isnan(found["middle"][[0, 2]]).all()


def test_the_mean_forgets_what_is_older_than_its_memory() -> None:
    values = np.concatenate([np.zeros((100, 1)), np.ones((60, 1))])
    mean = recent_mean(values, 20.0)
    assert mean[99, 0] == 0.0
    assert 0.9 < mean[-1, 0] < 1.0
