from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.forecasting.forecast_examiner import ForecastExaminer
from mandi.report import forecast_charts
from mandi.report.results import Results
from mandi.report.task_charts import charts_for

sys.path.insert(0, str(Path(__file__).parents[1]))
from demand_market import demand_reports, taught


@pytest.fixture(scope="module")
def results() -> Results:
    frame, model = taught()[2], taught()[3]
    examiner = ForecastExaminer({}, "demand")
    alone = {name: s for name, s in model.baselines(frame, 1).items() if name != "arima"}
    truth = {"floors": {"demand": {"tur": {"mape_weekly": 4.0}, "soybean": {"mape_weekly": 4.0}}}}
    test = frame[frame["part"] == "test"]
    judged = examiner.examine(
        model.predict(test), frame, examiner.beside(frame, {"reports": demand_reports()}, alone), truth
    )
    rows = judged.rows.reset_index(drop=True)
    return Results(
        "demand",
        "forecast",
        judged.metrics,
        rows,
        rows.assign(origin=rows["asof"]),
        judged.tables,
        pd.DataFrame(),
        (),
        {},
        "",
    )


def test_a_forecasting_model_is_drawn_in_reading_order(results: Results) -> None:
    drawn = charts_for(results)
    titles = [chart.alt for chart in drawn]
    assert len(titles) == len(set(titles)) == 6 and titles[0].startswith("Weekly arrivals of ")
    assert any("Back-test" in title for title in titles)
    assert all(chart.png().startswith(b"\x89PNG") for chart in drawn)
    assert forecast_charts.floors_of(results) == {"soybean": 4.0, "tur": 4.0}


def test_without_rows_nothing_is_drawn(results: Results) -> None:
    empty = Results(
        "demand",
        "forecast",
        {},
        results.rows.iloc[:0],
        results.backtest.iloc[:0],
        {},
        pd.DataFrame(),
        (),
        {},
        "",
    )
    assert charts_for(empty) == []


def test_the_parts_of_a_forecast_are_drawn_by_day() -> None:
    at = pd.Series(pd.date_range("2024-05-01", periods=10))
    effects = pd.DataFrame(
        {
            "index": np.tile(np.arange(10), 9),
            "feature": np.repeat([f"part {k}" for k in range(9)], 10),
            "effect": 1.0,
        }
    )
    figure = forecast_charts.components(effects, at)
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert (
        "all others" in labels
        and len([x for x in labels if str(x).startswith("part")]) == forecast_charts.MOST_PARTS
    )
    ahead = pd.DataFrame(
        {"target_day": at, "predicted_demand": 5.0, "lower_bound": 1.0, "upper_bound": 9.0, "label": 6.0}
    )
    assert forecast_charts.daily_fan(ahead, "Daily").png().startswith(b"\x89PNG")


def test_a_frame_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(ContractError, match="lower_bound"):
        forecast_charts.daily_fan(pd.DataFrame({"target_day": [], "predicted_demand": []}), "Daily")
