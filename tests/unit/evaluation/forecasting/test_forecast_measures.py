from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.forecasting.forecast_measures import (
    BY_COMMODITY,
    BY_MEMBER,
    ForecastParams,
    figures,
    judge_forecasts,
    weekly_steps,
)

sys.path.insert(0, str(Path(__file__).parents[2]))
from demand_market import taught


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    frame = taught()[2]
    return frame[frame["part"] == "test"]


def _answers(rows: pd.DataFrame, factor: float = 1.1) -> pd.DataFrame:
    told = rows["label"] * factor
    return pd.DataFrame({"predicted_demand": told, "lower_bound": 0.9 * told, "upper_bound": 1.05 * told})


def _beside(frame: pd.DataFrame, factor: float = 1.2) -> pd.DataFrame:
    return pd.DataFrame({"seasonal_naive": factor * frame["label"], "last_week": 0.5 * frame["label"]})


def test_figures_of_a_forecast_that_is_a_tenth_too_high(rows: pd.DataFrame) -> None:
    judged = judge_forecasts(_answers(rows), rows, _beside(rows), ForecastParams())
    told = judged.metrics
    for head in ("country.30", "country.60", "place.30"):
        assert told[f"{head}.mape"] == pytest.approx(10.0) and told[f"{head}.wape"] == pytest.approx(10.0)
        assert told[f"{head}.bias"] == pytest.approx(10.0) and told[f"{head}.skill"] == pytest.approx(0.5)
        assert told[f"{head}.last_week.mape"] == pytest.approx(50.0) and told[f"{head}.coverage95"] == 1.0
        assert told[f"{head}.width95"] == pytest.approx(15.0)
    assert told["unanswered"] == 0.0 and told["test.rows"] == len(rows)
    assert told["demand_forecast_tur.mape"] == pytest.approx(10.0)


def test_a_band_holds_the_weeks_that_end_in_it(rows: pd.DataFrame) -> None:
    judged = judge_forecasts(_answers(rows), rows, _beside(rows), ForecastParams())
    mine = rows[(rows["kind"] == "week") & (rows["level"] == "country")]
    assert judged.metrics["country.30.rows"] == (mine["horizon_days"] <= 30).sum()
    assert judged.metrics["country.60.rows"] == mine["horizon_days"].between(31, 60).sum()


def test_a_withheld_forecast_is_counted(rows: pd.DataFrame) -> None:
    answers = _answers(rows)
    answers.iloc[: len(rows) // 4] = np.nan
    told = judge_forecasts(answers, rows, _beside(rows), ForecastParams()).metrics
    assert told["unanswered"] == pytest.approx(0.25, abs=0.01)


def test_two_tests_with_other_answers_have_other_fingerprints(rows: pd.DataFrame) -> None:
    one = judge_forecasts(_answers(rows), rows, _beside(rows), ForecastParams()).metrics["test.fingerprint"]
    other = rows.assign(label=rows["label"] + 1.0)
    assert (
        judge_forecasts(_answers(rows), other, _beside(rows), ForecastParams()).metrics["test.fingerprint"]
        != one
    )
    assert (
        judge_forecasts(_answers(rows, 2.0), rows, _beside(rows), ForecastParams()).metrics[
            "test.fingerprint"
        ]
        == one
    )


def test_the_oracle_stands_beside_the_commodity(rows: pd.DataFrame) -> None:
    truth = {"floors": {"demand": {"tur": {"mape_weekly": 6.0}, "soybean": {"mape_weekly": 8.0}}}}
    judged = judge_forecasts(_answers(rows), rows, _beside(rows), ForecastParams(), truth)
    assert judged.metrics["country.30.floor_mape"] == pytest.approx(7.0, abs=0.2)
    assert dict(
        zip(judged.tables[BY_COMMODITY]["commodity"], judged.tables[BY_COMMODITY]["oracle_mape"])
    ) == {"soybean": 8.0, "tur": 6.0}
    assert (
        "country.30.floor_mape"
        not in judge_forecasts(_answers(rows), rows, _beside(rows), ForecastParams()).metrics
    )


def test_members_are_compared_on_the_same_rows(rows: pd.DataFrame) -> None:
    beside = _beside(rows).assign(theta=1.3 * rows["label"])
    beside.loc[beside.index[::2], "theta"] = np.nan
    table = judge_forecasts(_answers(rows), rows, beside, ForecastParams()).tables[BY_MEMBER]
    assert table["rows"].nunique() == 1 and table["forecast"].iloc[0] == "champion's blend"
    assert set(table["forecast"]) >= {"theta", "seasonal_naive"}


def test_the_scale_is_of_the_place_before_the_test() -> None:
    frame = pd.DataFrame(
        {
            "commodity": "tur", "location": "India", "asof": pd.to_datetime(["2024-01-01", "2024-02-01"], utc=True),
            "w_1": [10.0, 900.0], "w_2": [14.0, 100.0], "w_3": [12.0, 500.0],
        }
    )  # fmt: skip
    assert weekly_steps(frame).tolist() == [3.0, 3.0]


def test_a_week_of_nothing_is_left_out_of_percentages() -> None:
    told = pd.DataFrame(
        {
            "label": [0.0, 100.0],
            "predicted_demand": [50.0, 90.0],
            "lower_bound": 0.0,
            "upper_bound": 99.0,
            "scale": 10.0,
        }
    )
    found = figures(told, [])
    assert (
        found["mape"] == pytest.approx(10.0)
        and found["wape"] == pytest.approx(60.0)
        and found["coverage95"] == 0.5
    )


def test_what_is_missing_is_named(rows: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="upper_bound"):
        judge_forecasts(_answers(rows).drop(columns="upper_bound"), rows, _beside(rows), ForecastParams())
    with pytest.raises(ContractError, match="seasonal_naive"):
        judge_forecasts(_answers(rows), rows, _beside(rows).drop(columns="seasonal_naive"), ForecastParams())
    with pytest.raises(ContractError, match="level"):
        judge_forecasts(_answers(rows), rows.drop(columns="level"), _beside(rows), ForecastParams())
