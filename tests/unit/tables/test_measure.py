"""The measure of reports: it finds the noise, the moves and the gaps that were put in, and reads the real files alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError, DataNotFound
from mandi.core.paths import bench_data
from mandi.tables.measure import MeasureParams, log_prices, measure, national_moves

NOISE, MOVE = 0.015, 0.006


def made_up(days: int = 500, markets: int = 30, share: float = 0.8, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = np.log(4000) + np.cumsum(MOVE * rng.standard_normal(days))
    frame = pd.DataFrame(
        {
            "commodity": "soybean",
            "state": np.tile([f"S{m % 4}" for m in range(markets)], days),
            "district": "D",
            "market": np.tile([f"M{m}" for m in range(markets)], days),
            "event_time": np.repeat(pd.date_range("2022-01-01 18:30", periods=days, tz="UTC"), markets),
            "modal_price": np.exp(np.repeat(level, markets) + NOISE * rng.standard_normal(days * markets)),
            "arrivals": np.exp(4 + 0.3 * rng.standard_normal(days * markets)),
        }
    )
    frame["min_price"], frame["max_price"] = 0.95 * frame["modal_price"], 1.05 * frame["modal_price"]
    return frame[rng.random(len(frame)) < share].reset_index(drop=True)


@pytest.fixture(scope="module")
def row() -> pd.Series:
    return measure(made_up()).loc["soybean"]


def test_noise_is_found(row):
    assert row["noise_sd"] == pytest.approx(NOISE, rel=0.12)
    assert row["noise_low"] <= row["noise_sd"] <= row["noise_high"]
    assert row["drift_long"] < 0.002


def test_national_moves_are_found_over_twenty_days(row):
    assert row["national_move_20"] == pytest.approx(MOVE, rel=0.3)


def test_gaps_range_and_arrivals_are_found(row):
    assert row["reporting_share"] == pytest.approx(0.8, abs=0.01)
    assert row["price_range"] == pytest.approx(0.10, abs=1e-6)
    assert row["arrivals_noise"] == pytest.approx(0.3, rel=0.15)
    assert row["many_rows_share"] == 0.0


def test_a_typing_error_does_not_move_the_measure(row):
    reports = made_up()
    reports.loc[reports.index[::2000], "modal_price"] *= 10
    spoiled = measure(reports).loc["soybean"]
    assert spoiled["noise_sd"] == pytest.approx(row["noise_sd"], rel=0.03)
    assert spoiled["national_move_1"] == pytest.approx(row["national_move_1"], rel=0.03)


def test_input_is_not_changed():
    reports = made_up(days=60)
    before = reports.copy()
    measure(reports)
    pd.testing.assert_frame_equal(reports, before)


def test_days_without_reports_stay_empty():
    reports = made_up(days=40, share=1.0)
    reports = reports[reports["event_time"].dt.day != 10]
    wide = log_prices(reports)
    assert len(wide) == 40
    assert wide.loc["2022-01-10"].isna().all()
    assert np.isnan(national_moves(wide).loc["2022-01-10"])


def test_only_the_busiest_markets_are_measured():
    assert measure(made_up(days=60), MeasureParams(markets=7)).loc["soybean", "markets"] == 7


def test_missing_column_and_empty_table_are_refused():
    with pytest.raises(ContractError, match="state"):
        measure(made_up(days=40).drop(columns="state"))
    with pytest.raises(ContractError, match="above zero"):
        measure(made_up(days=40).assign(modal_price=0.0))


def test_real_soybean_is_as_the_documents_say(root):
    try:
        path = bench_data(root) / "cotton_agmarknet" / "soyabean_allindia_2025_2026.csv.gz"
    except DataNotFound as absent:
        pytest.skip(str(absent))
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the benchmark files")
    raw = pd.read_csv(path)
    reports = raw.assign(
        commodity="soybean",
        event_time=pd.to_datetime(raw["date"], utc=True) + pd.Timedelta(hours=18, minutes=30),
    )
    row = measure(
        reports[
            [
                "commodity",
                "state",
                "district",
                "market",
                "event_time",
                "modal_price",
                "min_price",
                "max_price",
            ]
        ]
    ).loc["soybean"]
    assert row["noise_sd"] == pytest.approx(0.0231, abs=0.003)
    assert row["price_range"] == pytest.approx(0.146, abs=0.01)
    assert row["reporting_share"] == pytest.approx(0.82, abs=0.03)
