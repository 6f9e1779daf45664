"""Details of reports: doubt grows with a wide range, no range and few arrivals, and never looks ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.report_details import DoubtParams, recent_mean, report_details


def _reports(days: int = 80) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    price = pd.DataFrame(np.exp(8.3 + rng.normal(0, 0.02, (days, 2))), columns=["a", "b"])
    rows = price.stack().rename_axis(["day", "market"]).rename("modal_price").reset_index()
    rows["min_price"], rows["max_price"] = rows["modal_price"] * 0.97, rows["modal_price"] * 1.03
    rows["arrivals"] = 100.0
    return rows, price


def _doubt(reports: pd.DataFrame, price: pd.DataFrame) -> np.ndarray:
    return report_details(reports, price, DoubtParams()).doubt


def test_an_ordinary_report_is_not_doubted() -> None:
    np.testing.assert_allclose(_doubt(*_reports()), 1.0)


def test_doubt_follows_range_and_arrivals() -> None:
    reports, price = _reports()
    last = (reports["day"] == 79) & (reports["market"] == "a")
    wide = reports.assign(max_price=reports["max_price"].where(~last, reports["modal_price"] * 1.2))
    flat = reports.assign(
        min_price=reports["min_price"].where(~last, reports["modal_price"]),
        max_price=reports["max_price"].where(~last, reports["modal_price"]),
    )
    thin = reports.assign(arrivals=reports["arrivals"].where(~last, 10.0))
    assert _doubt(wide, price)[79, 0] > 3.0
    assert _doubt(flat, price)[79, 0] == DoubtParams().flat
    np.testing.assert_allclose(_doubt(thin, price)[79, 0], 10.0**0.4)
    for changed in (wide, flat, thin):
        np.testing.assert_array_equal(_doubt(changed, price)[:, 1], _doubt(reports, price)[:, 1])
        np.testing.assert_array_equal(_doubt(changed, price)[:79], _doubt(reports, price)[:79])


def test_without_arrivals_or_range_nothing_is_doubted() -> None:
    reports, price = _reports()
    bare = reports.drop(columns="arrivals").assign(min_price=0.0, max_price=np.nan)
    np.testing.assert_array_equal(_doubt(bare, price), 1.0)


def test_the_mean_forgets_what_is_older_than_its_memory() -> None:
    values = np.concatenate([np.zeros((100, 1)), np.ones((60, 1))])
    mean = recent_mean(values, 20.0)
    assert mean[99, 0] == 0.0
    assert 0.9 < mean[-1, 0] < 1.0
