"""Charts of detectors are drawn from what was measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.report import detection_charts
from mandi.report.results import Results
from mandi.report.task_charts import charts_for


def _rows(count: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    label = (rng.random(count) < 0.1).astype(float)
    score = 1 / (1 + np.exp(-(3 * label + rng.normal(size=count))))
    return pd.DataFrame(
        {"label": label, "fraud_score": score, "threshold": 0.9, "is_fraud": (score > 0.9).astype(float),
         "rules": rng.normal(size=count), "hour": rng.normal(size=count), "invoice_over_value": 5 * label + rng.normal(size=count)}
    )  # fmt: skip


METRICS = {
    "pr_auc": 0.8, "rules.pr_auc": 0.2, "precision": 0.9, "precision_low": 0.8, "precision_high": 0.95, "recall": 0.7,
    "recall_low": 0.6, "recall_high": 0.8, "ceiling.precision": 0.97, "ceiling.recall": 0.94,
}  # fmt: skip
KINDS = pd.DataFrame(
    {"kind": ["odd"], "cases": [30], "recall": [0.7], "low": [0.5], "high": [0.9], "leave_a_trace": [0.9]}
)


def _results(rows: pd.DataFrame, metrics: dict[str, float]) -> Results:
    empty = pd.DataFrame()
    return Results("fraud", "detection", metrics, rows, empty, {"By kind of fraud": KINDS}, empty, (), {}, "")


def test_everything_measured_is_drawn_with_a_title_of_its_own() -> None:
    drawn = charts_for(_results(_rows(), METRICS))
    assert len({chart.alt for chart in drawn}) == len(drawn) == 4
    assert all(chart.png()[:4] == b"\x89PNG" for chart in drawn)


def test_a_test_without_fraud_draws_nothing() -> None:
    assert charts_for(_results(_rows().assign(label=0.0), METRICS)) == []
    assert charts_for(_results(_rows(), {})) == []


def test_what_stands_out_is_named_first() -> None:
    figure = detection_charts.standing_out(_rows(), ["hour", "invoice_over_value"])
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()][0] == "invoice over value"


def test_reasons_show_the_largest_and_sum_the_rest() -> None:
    told = pd.DataFrame({"feature": [f"f{i}" for i in range(20)], "effect": np.arange(20) / 200})
    figure = detection_charts.reasons(told, 0.95, most=5)
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert names[0] == "f19" and names[-1] == "all others (15)"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ContractError, match="threshold"):
        detection_charts.score_distribution(_rows().drop(columns="threshold"))
