"""The examiner of detectors: figures, ceiling, back-test and the control on shuffled labels."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from mandi.evaluation.detection.detection_controls import shuffled_cases
from mandi.evaluation.detection.detection_examiner import DetectionExaminer
from mandi.evaluation.examiner import EXAMINERS, examiner_for

PARAMS = {
    "evaluation": {"bootstrap_draws": 40, "seed": 1},
    "models": {"fraud": {"flags": {"prevalence": 0.05}}},
}


def _frame(count: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    label = (rng.random(count) < 0.08).astype(float)
    when = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="h")
    part = np.where(np.arange(count) < 350, "train", np.where(np.arange(count) < 450, "validation", "test"))
    return pd.DataFrame(
        {
            "trade_id": [f"T{i}" for i in range(count)], "supplier_id": [f"S{i % 40}" for i in range(count)], "label": label, "part": part, "asof": when,
            "label_known_time": when + pd.Timedelta(hours=10), "fraud_kind": np.where(label > 0, "odd", ""),
            "commodity": "wheat", "oddness": 3 * label + rng.normal(size=count), "paid_days": 1.0,
        }
    )  # fmt: skip


class Plain:
    """Scores a deal by its oddness; a leaky one reads the label of the rows it is asked about."""

    uses_cases = False

    def __init__(self, leaky: bool = False) -> None:
        self.leaky = leaky
        self.rows = 0

    def fit(self, frame: pd.DataFrame) -> Self:
        self.rows = len(frame)
        return self

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        odd = frame["label"] if self.leaky else frame["oddness"]
        score = 1 / (1 + np.exp(-odd.to_numpy(dtype=float)))
        return pd.DataFrame(
            {
                "fraud_score": score,
                "is_fraud": (score > 0.85).astype(float),
                "threshold": 0.85,
                "p_value": 0.5,
            },
            index=frame.index,
        )


def _judged(frame: pd.DataFrame, truth: dict[str, Any] | None = None) -> Any:
    examiner = examiner_for("detection", PARAMS, "fraud")
    test = frame[frame["part"] == "test"]
    noise = pd.Series(np.random.default_rng(2).normal(size=len(frame)), index=frame.index)
    beside = examiner.beside(frame, {}, {"noise": noise})
    return examiner.examine(Plain().predict(test), frame, beside, truth)


def test_it_is_registered() -> None:
    assert EXAMINERS["detection"].endswith(DetectionExaminer.__name__)


def test_figures_are_those_of_the_flags() -> None:
    frame = _frame()
    judged = _judged(frame)
    test = frame[frame["part"] == "test"]
    flagged = Plain().predict(test)["is_fraud"] > 0
    found = judged.metrics
    assert np.isclose(found["precision"], test["label"][flagged].mean())
    assert np.isclose(found["recall"], flagged[test["label"] == 1.0].mean())
    assert np.isclose(found["false_alarm_rate"], flagged[test["label"] == 0.0].mean())
    hit = 0.05 * found["recall"]
    assert np.isclose(found["precision_at_prevalence"], hit / (hit + 0.95 * found["false_alarm_rate"]))
    assert found["pr_auc_low"] < found["pr_auc"] < found["pr_auc_high"]
    assert (
        np.isclose(found["noise.gain"], found["pr_auc"] - found["noise.pr_auc"]) and found["noise.gain"] > 0.3
    )
    assert np.isclose(found["kind.odd.recall"], found["recall"]) and found["test.rows"] == len(test)


def test_the_ceiling_is_that_of_who_sees_every_trace() -> None:
    frame = _frame()
    looks = np.where(frame["label"] == 1.0, "odd", "")
    truth = {"frames": {"fraud": pd.DataFrame({"trade_id": frame["trade_id"], "looks_like": looks})}}
    found = _judged(frame, truth).metrics
    assert found["ceiling.precision"] == found["ceiling.recall"] == 1.0
    assert "ceiling.pr_auc" not in found  # yes or no is one point, no curve
    assert "ceiling.precision" not in _judged(frame).metrics


def test_a_gain_within_noise_is_called_so_and_only_that() -> None:
    frame = _frame()
    examiner, test = DetectionExaminer(PARAMS, "fraud"), frame[frame["part"] == "test"]
    rng = np.random.default_rng(3)
    close = pd.Series(frame["oddness"] + 1e-6 * rng.normal(size=len(frame)), index=frame.index)
    beside = pd.DataFrame({"close_one": close, "noise": rng.normal(size=len(frame))}, index=frame.index)
    judged = examiner.examine(Plain().predict(test), frame, beside)
    said = [note for note in judged.notes if "not distinguishable" in note]
    assert len(said) == 1 and "close one" in said[0] and f"{judged.metrics['close_one.gain']:+.3f}" in said[0]


def test_honest_deals_of_a_small_p_value_are_counted() -> None:
    frame = _frame()
    test = frame[frame["part"] == "test"]
    honest = test.index[test["label"] == 0.0]
    told = Plain().predict(test)
    told.loc[honest[:10], "p_value"] = 0.05
    told.loc[test.index[test["label"] == 1.0], "p_value"] = 0.001
    beside = pd.DataFrame(index=frame.index)
    found = DetectionExaminer(PARAMS, "fraud").examine(told, frame, beside).metrics
    assert np.isclose(found["honest_p05"], 10 / len(honest))


def test_deals_without_a_label_are_counted_and_not_measured() -> None:
    frame = _frame()
    frame.loc[frame.index[-20:], "label"] = np.nan
    judged = _judged(frame)
    assert judged.metrics["unlabelled"] == 20 and judged.rows["label"].notna().all()


def test_without_fraud_nothing_is_measured_and_nothing_breaks() -> None:
    frame = _frame()
    frame.loc[frame["part"] == "test", "label"] = 0.0
    judged = _judged(frame)
    examiner = DetectionExaminer(PARAMS, "fraud")
    assert "pr_auc" not in judged.metrics
    assert examiner.standing(judged.metrics).main == "not measured"


def test_the_standing_names_the_best_baseline() -> None:
    judged = _judged(_frame())
    examiner = DetectionExaminer(PARAMS, "fraud")
    assert examiner.standing(judged.metrics).baseline.startswith("noise")


def test_the_back_test_knows_only_labels_of_before() -> None:
    frame, fitted = _frame(), []

    class Watching(Plain):
        def fit(self, frame: pd.DataFrame) -> Self:
            fitted.append(frame)
            return super().fit(frame)

        def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
            assert "label" not in frame
            return super().predict(frame)

    told: list[str] = []
    answers = DetectionExaminer(PARAMS, "fraud").backtest(frame, Watching, lambda *line: told.append(line[2]))
    assert len(fitted) == len(told) == 2 and set(fitted[0]["part"]) == {"train", "validation", "calibration"}
    for past, origin in zip(fitted, sorted(answers["origin"].unique()), strict=True):
        assert (past["label_known_time"] <= origin).all()
        assert (frame.loc[answers.index[answers["origin"] == origin], "asof"] >= origin).all()
    assert answers.index.is_unique and len(answers) == int((frame["asof"] >= answers["origin"].min()).sum())


def test_the_back_test_takes_for_honest_what_had_not_come_out_yet() -> None:
    frame, fitted = _frame(), []
    frame["honest_from"] = frame["label_known_time"]
    guilty = frame["label"] == 1.0
    frame.loc[guilty, "label_known_time"] += pd.Timedelta(hours=60)
    frame["label_then"] = frame["label"]

    class Watching(Plain):
        def fit(self, frame: pd.DataFrame) -> Self:
            fitted.append(frame)
            return super().fit(frame)

    answers = DetectionExaminer(PARAMS, "fraud").backtest(frame, Watching, lambda *_: None)
    for past, origin in zip(fitted, sorted(answers["origin"].unique()), strict=True):
        assert (past["honest_from"] <= origin).all()
        out = past["label_known_time"] <= origin
        assert (past["label_then"] == (out & guilty[past.index])).all() and (guilty[past.index] & ~out).any()


def test_shuffled_labels_unmask_who_reads_them() -> None:
    frame = _frame()
    honest = shuffled_cases(Plain, frame, 1)
    assert honest.passed and honest.figures["true_pr_auc"] > 0.5
    assert not shuffled_cases(lambda: Plain(leaky=True), frame, 1).passed

    class Admits(Plain):
        uses_cases = True

    assert not shuffled_cases(Admits, frame, 1).passed
