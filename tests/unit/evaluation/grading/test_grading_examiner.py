"""The examiner of graders: what stands beside, the ceiling of the generated market, controls that can fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.evaluation.examiner import examiner_for
from mandi.evaluation.grading.grading_controls import planted_anomalies, shuffled_grades
from mandi.evaluation.grading.grading_examiner import BESIDE, BY_GRADE, BY_SLICE, SETS, GradingExaminer
from mandi.evaluation.grading.grading_figures import GRADES

PARAMS = {"evaluation": {"min_slice_rows": 20, "bootstrap_draws": 100}}


def answers(truth: np.ndarray, wrong: float, seed: int) -> pd.DataFrame:
    """Answers that are right but for a share, one grade off, and say so honestly."""
    rng = np.random.default_rng(seed)
    off = rng.random(len(truth)) < wrong
    said = np.where(off, np.where(truth == 3, 2, truth + 1), truth)
    proba = np.full((len(truth), 4), wrong / 3)
    proba[np.arange(len(truth)), said] = 1 - wrong
    return pd.DataFrame(
        {
            "quality_score": proba @ np.array([90.0, 75.0, 60.0, 40.0]),
            "quality_grade": np.array(GRADES, dtype=object)[said],
            "confidence": proba.max(axis=1),
            **{f"grade_probability_{g}": proba[:, i] for i, g in enumerate(GRADES)},
            **{f"in_set_{g}": (proba[:, i] > wrong / 2).astype(float) for i, g in enumerate(GRADES)},
            "abstained": (rng.random(len(truth)) < 0.1).astype(float),
            "consistency_score": 90.0,
            "anomaly_score": rng.random(len(truth)),
            "is_anomaly": 0.0,
        }
    )


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    count = 1200
    grade = rng.integers(0, 4, count)
    return pd.DataFrame(
        {
            "lot_id": [f"L{i}" for i in range(count)],
            "commodity": rng.choice(["wheat", "tur"], count),
            "market": "Indore",
            "supplier_id": rng.choice([f"S{i}" for i in range(30)], count),
            "inspector_id": rng.choice(["I1", "I2"], count),
            "asof": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="h"),
            "supplier_lots": rng.integers(0, 12, count).astype(float),
            "supplier_worth": 60.0 + rng.normal(0, 8, count),
            "label": np.array(GRADES, dtype=object)[grade],
            "part": np.where(np.arange(count) < 700, "train", "test"),
        }
    )


@pytest.fixture(scope="module")
def judged(frame: pd.DataFrame) -> Any:
    examiner = GradingExaminer(PARAMS, "quality")
    test = frame[frame["part"] == "test"]
    truth = np.searchsorted(GRADES, test["label"].to_numpy(dtype=str))
    told = answers(truth, 0.1, 1).set_axis(test.index)
    forest = pd.Series(
        answers(np.searchsorted(GRADES, frame["label"].to_numpy(dtype=str)), 0.3, 2)["quality_grade"],
        index=frame.index,
    )
    lots = frame[["lot_id"]].assign(true_grade=frame["label"], biased_grade=frame["label"])
    beside = examiner.beside(frame, {}, {"random_forest": forest})
    return examiner.examine(told, frame, beside, {"frames": {"lots": lots}})


def test_it_is_found_by_its_task() -> None:
    assert isinstance(examiner_for("grading", PARAMS, "quality"), GradingExaminer)


def test_figures_stand_beside_the_forest_and_the_ceiling(judged: Any) -> None:
    metrics = judged.metrics
    assert metrics["test.rows"] == 500 and metrics["ceiling.macro_f1"] == 1.0
    assert metrics["macro_f1_low"] < metrics["macro_f1"] < metrics["macro_f1_high"]
    assert metrics["macro_f1"] == pytest.approx(0.9, abs=0.04) and metrics["far_off"] == 0.0
    assert metrics["random_forest.gain"] == pytest.approx(
        metrics["macro_f1"] - metrics["random_forest.macro_f1"]
    )
    assert (
        0.0
        < metrics["random_forest.gain_low"]
        < metrics["random_forest.gain"]
        < metrics["random_forest.gain_high"]
    )
    assert metrics["ece"] < 0.06 and metrics["answered"] == pytest.approx(0.9, abs=0.05)
    assert set(judged.tables) == {BESIDE, BY_GRADE, BY_SLICE, SETS}
    assert judged.tables[BY_GRADE]["grade"].tolist() == list(GRADES)
    assert set(judged.tables[BY_SLICE]["slice"]) == {"commodity", "inspector", "supplier"}
    assert judged.as_dict()["metrics"]["macro_f1"] == metrics["macro_f1"]


def test_the_closing_line(judged: Any) -> None:
    examiner = GradingExaminer(PARAMS, "quality")
    line = examiner.standing(judged.metrics)
    assert line.main.startswith("macro-F1 0.") and line.floor == "1.000" and "forest" in line.baseline
    assert examiner.standing({"macro_f1": 0.9}).floor == ""


def test_the_commonest_grade_is_learnt_of_the_training_part_alone(frame: pd.DataFrame) -> None:
    examiner = GradingExaminer(PARAMS, "quality")
    beside = examiner.beside(frame, {})
    turned = frame.assign(label=np.where(frame["part"] == "test", "D", frame["label"]))
    pd.testing.assert_frame_equal(examiner.beside(turned, {}), beside)
    assert set(beside) == {"most_common", "supplier_usual"} and beside["most_common"].isin(GRADES).all()


def test_nothing_with_a_label_is_an_error(frame: pd.DataFrame) -> None:
    test = frame[frame["part"] == "test"].assign(label=None)
    told = answers(np.zeros(len(test), dtype=int), 0.1, 1).set_axis(test.index)
    with pytest.raises(ContractError, match="label"):
        GradingExaminer(PARAMS, "quality").examine(
            told, frame.assign(label=None), pd.DataFrame(index=frame.index)
        )


class Toy:
    """Says the commonest grade, or what a column gives away; flags what a column says."""

    leak: str | None = None
    common: str = "A"
    blind = False

    def fit(self, rows: pd.DataFrame) -> Toy:
        self.common = rows["label"].mode().iloc[0]
        return self

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        assert "label" not in rows or self.blind
        said = rows[self.leak] if self.leak else pd.Series(self.common, index=rows.index)
        far = (
            rows.filter(like="_own_z").abs().max(axis=1) / 10
            if not self.blind
            else pd.Series(0.5, index=rows.index)
        )
        return pd.DataFrame(
            {"quality_grade": said, "anomaly_score": far, "is_anomaly": (far > 0.3).astype(float)}
        )


class Lots:
    """Questions about lots, of which features may hold the very grade that is asked for."""

    requires = uses = frozenset[str]()

    def __init__(self, leak: str | None = None) -> None:
        self.leak = leak

    def history(self, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        return {"grades": tables["assays"]}

    def questions(self, tables: dict[str, pd.DataFrame], history: Any = None) -> pd.DataFrame:
        first = tables["assays"].drop_duplicates("lot_id").set_index("lot_id")["grade"]
        return tables["lots"].assign(label=tables["lots"]["lot_id"].map(first))

    def assemble(self, questions: pd.DataFrame, history: dict[str, pd.DataFrame]) -> pd.DataFrame:
        if self.leak is None:
            return questions
        told = history["grades"].drop_duplicates("lot_id", keep=self.leak).set_index("lot_id")["grade"]  # type: ignore[call-overload]
        return questions.assign(given_away=questions["lot_id"].map(told))


@pytest.mark.parametrize("leak", ["first", "last"])
def test_shuffled_labels_pass_features_without_and_fail_those_that_hold_the_grade(
    frame: pd.DataFrame, leak: str
) -> None:
    again = pd.concat([frame, frame.tail(300)], ignore_index=True)  # the last were assayed a second time
    tables = {
        "lots": frame.drop(columns="label"),
        "assays": pd.DataFrame(
            {"lot_id": again["lot_id"], "grade": again["label"], "known_time": np.arange(len(again))}
        ),
    }
    leaky = Toy()
    leaky.leak = "given_away"
    assert shuffled_grades(Toy, Lots(), tables, 1).passed  # type: ignore[arg-type]
    caught = shuffled_grades(lambda: leaky, Lots(leak), tables, 1)  # type: ignore[arg-type,return-value]
    assert not caught.passed and caught.figures["right"] == 1.0 and caught.as_dict()["passed"] is False


def test_planted_anomalies_pass_a_model_that_sees_them_and_fail_a_blind_one(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    known = frame.drop(columns="label").assign(a_own_z=rng.standard_normal(len(frame)), b_own_z=np.nan)
    found = planted_anomalies(Toy(), known, 1)  # type: ignore[arg-type]
    assert (
        found.passed
        and found.figures["auroc"] > 0.9
        and found.figures["flagged_planted"] > found.figures["flagged"]
    )
    blind = Toy()
    blind.blind = True
    assert not planted_anomalies(blind, known, 1).passed  # type: ignore[arg-type]
