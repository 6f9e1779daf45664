"""The gate of graders: a good and honest one passes, and each way of being bad is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.config import load_params
from mandi.core.paths import project_root
from mandi.evaluation.gate import judge, rule_for
from mandi.evaluation.grading.grading_examiner import GradingExaminer
from mandi.evaluation.grading.grading_figures import GRADES

from .test_grading_examiner import PARAMS, answers

CONTROLS = {
    f"control.{name}": 1.0 for name in ("future_perturbation", "shuffled_labels", "planted_anomalies")
}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "lot_id": [f"L{i}" for i in range(3000)],
            "commodity": rng.choice(["wheat", "tur"], 3000),
            "supplier_id": rng.choice([f"S{i}" for i in range(40)], 3000),
            "asof": pd.Timestamp("2024-01-01", tz="UTC"),
            "label": rng.choice(GRADES, 3000).astype(object),
            "part": np.where(np.arange(3000) < 500, "train", "test"),
        }
    )


def measured(frame: pd.DataFrame, wrong: float, **changed: Any) -> dict[str, float]:
    examiner = GradingExaminer(PARAMS, "quality")
    truth = np.searchsorted(GRADES, frame["label"].to_numpy(dtype=str))
    forest = answers(truth, 0.2, 9)["quality_grade"].set_axis(frame.index)
    test = frame["part"] == "test"
    told = answers(truth, wrong, 1).set_axis(frame.index)[test].assign(**({"abstained": 0.0} | changed))
    return (
        examiner.examine(told, frame, examiner.beside(frame, {}, {"random_forest": forest})).metrics
        | CONTROLS
    )


def failed(metrics: dict[str, float], source: str = "generated") -> set[str]:
    gates = load_params(project_root() / "params.yaml")["gates"]["quality"]
    verdict = judge(metrics, None, rule_for(gates, source, "gates.quality"))
    return {reason.metric for reason in verdict.reasons if not reason.passed}


def test_a_good_and_honest_grader_passes(frame: pd.DataFrame) -> None:
    assert failed(measured(frame, 0.03)) == set()


@pytest.mark.parametrize(
    ("wrong", "changed", "named"),
    [
        (0.3, {}, {"macro_f1", "random_forest.gain_low"}),
        (0.03, {"confidence": 0.6}, {"ece"}),
        (0.03, {"in_set_C": 0.0}, {"set.worst_coverage"}),
        (0.03, {"is_anomaly": 1.0}, {"anomaly.flagged"}),
        (0.03, {"abstained": 1.0}, {"answered"}),
        (0.03, {"quality_grade": "B"}, {"macro_f1", "kappa", "most_common.gain"}),
    ],
)
def test_each_way_of_being_bad_is_named(
    frame: pd.DataFrame, wrong: float, changed: dict[str, Any], named: set[str]
) -> None:
    assert named <= failed(measured(frame, wrong, **changed))


def test_a_control_that_was_not_passed_or_not_made_fails(frame: pd.DataFrame) -> None:
    good = measured(frame, 0.03)
    assert failed(good | {"control.shuffled_labels": 0.0}) == {"control.shuffled_labels"}
    without = {name: value for name, value in good.items() if name != "control.future_perturbation"}
    assert failed(without) == {"control.future_perturbation"}
    assert failed(good, "files") == set()


def test_on_real_lots_a_grader_surely_worse_than_the_forest_fails(frame: pd.DataFrame) -> None:
    assert "random_forest.gain_high" in failed(measured(frame, 0.5), "files")
    without = {
        name: value
        for name, value in measured(frame, 0.03).items()
        if not name.startswith("random_forest.") or name == "random_forest.rows"
    }
    assert failed(without, "files") == {"random_forest.gain_high"}, "it was asked, and is not told"
    assert failed(without | {"random_forest.rows": 0.0}, "files") == set()
