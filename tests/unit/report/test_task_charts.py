"""The charts of a model follow from its task."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import UnknownValue
from mandi.evaluation.examiner import EXAMINERS
from mandi.report.results import Results
from mandi.report.task_charts import CHARTS, charts_for

sys.path.insert(0, str(Path(__file__).parent))
from questions import answered


def results(task: str = "price", **changed: pd.DataFrame) -> Results:
    rows = answered()
    empty = pd.DataFrame()
    given = {"rows": rows, "backtest": rows, **changed}
    return Results("price", task, {"lot.mae": 44.0, "lot.coverage95": 0.95}, given["rows"], given["backtest"], {}, empty, (), {}, "")  # fmt: skip


def test_every_task_that_is_examined_is_drawn() -> None:
    assert set(CHARTS) == set(EXAMINERS)
    for module in CHARTS.values():
        assert callable(import_module(module).charts)


def test_a_price_model_is_drawn_in_reading_order() -> None:
    drawn = charts_for(results())
    titles = [chart.alt for chart in drawn]
    assert len(titles) == len(set(titles)) >= 6
    assert titles[0] == "Mean absolute error by days ahead"
    assert all(chart.png().startswith(b"\x89PNG") for chart in drawn[:2])


def test_lots_alone_are_drawn_too() -> None:
    lots = answered().query("kind == 'lot'")
    assert 0 < len(charts_for(results(rows=lots, backtest=lots.iloc[:0]))) < len(charts_for(results()))


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(UnknownValue, match="horoscope"):
        charts_for(results("horoscope"))
