"""Every chart of a grader can be drawn, says what it shows, and refuses frames that lack a column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.grading.grading_examiner import BESIDE, BY_GRADE, GradingExaminer
from mandi.evaluation.grading.grading_figures import GRADES
from mandi.report import grading_charts
from mandi.report.grading_effects import score_effects
from mandi.report.results import Results
from mandi.report.task_charts import charts_for

from ..evaluation.grading.test_grading_examiner import PARAMS, answers


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(0)
    grade = rng.integers(0, 4, 400)
    frame = pd.DataFrame(
        {
            "lot_id": [f"L{i}" for i in range(400)],
            "commodity": "wheat",
            "supplier_id": rng.choice(["S1", "S2", "S3", "S4"], 400),
            "supplier_worth": 60.0,
            "asof": pd.date_range("2024-01-01", periods=400, freq="12h", tz="UTC"),
            "label": np.array(GRADES, dtype=object)[grade],
            "part": "train",
        }
    )
    examiner = GradingExaminer(PARAMS, "quality")
    lots = frame[["lot_id"]].assign(true_grade=frame["label"], biased_grade=frame["label"])
    return examiner.examine(
        answers(grade, 0.2, 1), frame, examiner.beside(frame, {}), {"frames": {"lots": lots}}
    )


def test_a_grader_is_drawn_whole(judged) -> None:
    results = Results("quality", "grading", judged.metrics, judged.rows, judged.rows, judged.tables,
                      pd.DataFrame(), judged.notes, {}, "")  # fmt: skip
    drawn = charts_for(results)
    titles = [chart.alt for chart in drawn]
    assert len(drawn) == 8 and len(set(titles)) == 8
    assert all(chart.png()[:4] == b"\x89PNG" for chart in drawn)
    without = charts_for(Results("quality", "grading", judged.metrics, judged.rows, judged.rows.iloc[:0], judged.tables,
                                 pd.DataFrame(), judged.notes, {}, ""))  # fmt: skip
    assert len(without) == 7


def test_the_confusion_counts_every_lot(judged) -> None:
    texts = [text.get_text() for text in grading_charts.confusion_chart(judged.rows).axes[0].texts]
    assert (
        sum(int(text.split("\n")[1].replace(",", "")) for text in texts) == len(judged.rows)
        and len(texts) == 16
    )


def test_the_ceiling_and_every_grader_are_named(judged) -> None:
    figure = grading_charts.f1_beside(judged.tables[BESIDE])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert {"model", "most common"} <= set(names)
    assert sum(line.get_label().startswith("ceiling") for line in figure.axes[0].lines) == 2


def test_a_missing_column_is_named(judged) -> None:
    with pytest.raises(ContractError, match="confidence"):
        grading_charts.reliability_chart(judged.rows.drop(columns="confidence"))
    with pytest.raises(ContractError, match="low"):
        grading_charts.f1_by_grade_chart(judged.rows, judged.tables[BY_GRADE].drop(columns="low"))


def test_effects_must_add_up_to_the_score() -> None:
    told = pd.DataFrame({"feature": ["base", "moisture_pct", "inspector"], "effect": [75.0, -9.0, 1.0]})
    words = [label.get_text() for label in score_effects(told, 67.0).axes[0].get_yticklabels()]
    assert words == ["a middling lot", "moisture pct", "inspector", "this lot"]
    with pytest.raises(ContractError, match="67.000"):
        score_effects(told, 60.0)
