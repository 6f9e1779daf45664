"""The loop in small: a student of the earlier feedback, one of all of it and one of shuffled feedback, on the same frozen questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mandi.core.errors import TooLittleData
from mandi.core.paths import Paths
from mandi.datasets.rows import Example
from mandi.feedback.generated.reply.judge import is_right
from mandi.feedback.report.loops import ROUTES
from mandi.report.learning_curve import alone, answered_curve
from mandi.student.base import StudentModel
from mandi.student.embedded.student import EmbeddedStudent
from mandi.student.examination.cases import Case, accepted, forbidden, frozen_cases
from mandi.student.examination.gain import before_after, plain_gain, shuffled
from mandi.student.examination.measures import answered, interval, paired_gain, summary
from mandi.student.params import StudentParams
from mandi.student.recalibration import question_of, rated_of, recalibrate
from mandi.text.calibration import calibration_error
from mandi.text.reliability import reliability

if TYPE_CHECKING:
    from datetime import datetime

    from pandas import DataFrame

STUDENT = "student"
SHOWN = (
    "frozen.rows", "frozen.accuracy", "frozen.answered", "frozen.confident", "frozen.confident_accuracy", "frozen.ece",
    "nearest_question.accuracy", "nearest_question.gain_low", "champion.accuracy", "champion.gain", "champion.gain_low",
    "champion.slices_worse", "shuffled.gain", "control.shuffled_feedback", "refusals.confident", "recalibration.before.ece",
    "recalibration.after.ece",
)  # fmt: skip
CHAMPION, SHUFFLED, CHALLENGER = "champion: earlier feedback", "shuffled feedback", "challenger: all feedback"


@dataclass(frozen=True)
class Study:
    """Three students on the same frozen questions.

    Attributes
    ----------
    moment : datetime
        The champion knows nothing that was said later.
    cases : list of Case
    students : mapping of str to StudentModel
        By the names above, in that order.
    learned : mapping of str to int
        Examples of each.
    answers : mapping of str to DataFrame
        Of `mandi.student.examination.measures.answered`.
    table : DataFrame
        Of `mandi.student.examination.gain.before_after`: champion before, challenger after.
    target : float
        Accuracy asked of answers that nobody checks.
    """

    moment: datetime
    cases: list[Case]
    students: Mapping[str, StudentModel]
    learned: Mapping[str, int]
    answers: Mapping[str, DataFrame]
    table: DataFrame
    target: float

    def curves(self) -> dict[str, DataFrame]:
        """Return accuracy against the share answered, by student."""
        return {name: answered_curve(frame) for name, frame in self.answers.items()}

    def points(self) -> dict[str, tuple[float, float, float]]:
        """Return where champion and challenger stand with their own high thresholds: share answered, accuracy, threshold."""
        highs = {name: self.students[name].thresholds["high"] for name in (CHAMPION, CHALLENGER)}
        return {name: (*alone(self.answers[name], high), high) for name, high in highs.items()}

    def gains(self) -> DataFrame:
        """Return the challenger's gain over the champion, over all and by slice, and that of shuffled feedback below."""
        rows = self.table[["part", "rows", "gain", "gain_low", "gain_high"]]
        one, other = self.answers[SHUFFLED], self.answers[CHAMPION]
        gain, low, high = paired_gain(one["right"], other["right"], one["cluster"])
        control = {"part": SHUFFLED, "rows": len(one), "gain": gain, "gain_low": low, "gain_high": high}
        return pd.concat([rows, pd.DataFrame([control])], ignore_index=True)

    def compared(self) -> DataFrame:
        """Return each student: examples learned, frozen questions answered rightly, share answered alone, calibration error."""
        rows = []
        for name, frame in self.answers.items():
            low, high = interval(frame["right"], frame["cluster"])
            told = summary(frame, self.students[name].thresholds["high"], self.target)
            rows.append(
                {"student": name, "learned": self.learned[name], "right": told["accuracy"], "low": low, "high": high,
                 "answered alone": told["confident"], "of these right": told.get("confident_accuracy"),
                 "calibration error": told.get("ece")}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def reliability(self) -> dict[str, DataFrame]:
        """Return the reliability of champion and challenger; names tell the calibration error."""
        tables = {}
        for name in (CHAMPION, CHALLENGER):
            given = self.answers[name][self.answers[name]["answer"].notna()]
            sure, right = given["confidence"].to_numpy(), given["right"]
            tables[f"{name}, error {calibration_error(sure, right):.3f}"] = reliability(sure, right)
        return tables

    def who_answers(self) -> dict[str, DataFrame]:
        """Return who would answer the frozen questions with each student's thresholds, as ``learning_charts`` draws it."""
        return {name: self._bands(name) for name in (CHAMPION, CHALLENGER)}

    def refusals(self) -> DataFrame:
        """Return how many questions that a student must leave to others it answered, and how many with confidence."""
        asked = forbidden(self.cases)
        rows = []
        for name in (CHAMPION, CHALLENGER):
            student = self.students[name]
            said = student.answers([case.question for case in asked])
            sure = [one is not None and (one.confidence or 0.0) >= student.thresholds["high"] for one in said]
            for part in sorted({case.part for case in asked}):
                own = [number for number, case in enumerate(asked) if case.part == part]
                rows.append(
                    {"student": name, "must not answer": part.replace("_", " "), "asked": len(own),
                     "answered": sum(said[number] is not None for number in own), "with confidence": sum(sure[number] for number in own)}
                )  # fmt: skip
        return pd.DataFrame(rows)

    def _bands(self, name: str) -> DataFrame:
        frame, bounds = self.answers[name], self.students[name].thresholds
        sure = frame["confidence"].where(frame["answer"].notna(), 0.0)
        shares = {
            "student": (sure >= bounds["high"]).mean(),
            "teacher": ((sure < bounds["high"]) & (sure >= bounds["low"])).mean(),
            "human": (sure < bounds["low"]).mean(),
        }
        bands = {"student": "high", "teacher": "middle", "human": "low"}
        return pd.DataFrame(
            [
                {"band": bands[route], "share": float(share), **{r: float(r == route) for r in ROUTES}}
                for route, share in shares.items()
            ]
        )


def study(examples: Sequence[Example], params: StudentParams, *, earlier: float = 0.5) -> Study:
    """Fit the three and ask them the frozen questions.

    Parameters
    ----------
    examples : sequence of Example
        A version of the datasets.
    params : StudentParams
    earlier : float
        Share of the examples, by the time everything about them was known, that the champion learned from.

    Raises
    ------
    TooLittleData
        There are too few examples to learn from, or no frozen question.
    """
    cases = [case for case in frozen_cases(examples) if case.question.task not in params.refused]
    learnable = sorted(one.settled_at for one in examples if one.part != "test")
    if not cases or not learnable:
        raise TooLittleData(
            f"{len(learnable)} examples and {len(cases)} frozen questions", allowed="some of both"
        )
    moment = learnable[int(earlier * (len(learnable) - 1))]
    told = {
        CHAMPION: [one for one in examples if one.settled_at < moment or one.part == "test"],
        SHUFFLED: shuffled(examples, params.seed),
        CHALLENGER: list(examples),
    }
    students = {name: EmbeddedStudent(params).fit(rows) for name, rows in told.items()}
    answers = {name: answered(student, cases, accepted) for name, student in students.items()}
    table = before_after(
        students[CHAMPION], students[CHALLENGER], cases, accepted, target=params.accuracy_target
    )
    learned = {name: sum(one.part != "test" for one in rows) for name, rows in told.items()}
    return Study(moment, cases, students, learned, answers, table, params.accuracy_target)


def in_words(found: Study) -> str:
    """Return what the loop gained in a few sentences, which say so where it gained nothing."""
    rows = {row["part"]: row for row in found.gains().to_dict("records")}
    whole, control = found.table.iloc[0], rows[SHUFFLED]
    wider = plain_gain(whole, "coverage_gain").replace(
        "accuracy", f"the share that may be answered alone at {found.target:.0%}"
    )
    other = 100 * control["gain"]
    return (
        f"From {whole['before']:.1%} to {whole['after']:.1%} of {len(found.cases):,} frozen questions: {plain_gain(whole)}; {wider}. "
        f"Shuffled feedback: {other:+.1f} points."
    )


def examined(paths: Paths) -> DataFrame:
    """Return the figures of the last examination, and what the gate asked for beside them: ``figure``, ``value``, ``asked for``.

    Parameters
    ----------
    paths : Paths
        reports/metrics/student.json and artifacts/receipts/student.json, where they are.
    """
    metrics = _json(paths.metrics(STUDENT))
    verdict = _json(paths.receipt(STUDENT)).get("verdict") or {}
    checks = {
        str(check.get("metric")): check for check in verdict.get("checks", []) if isinstance(check, dict)
    }
    names = [name for name in SHOWN if name in metrics] + [
        name for name in checks if name in metrics and name not in SHOWN
    ]
    rows = [
        {"figure": name, "value": metrics[name], "gate": "-" if name not in checks else "passed" if checks[name].get("passed") else "FAILED"}
        for name in names
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["figure", "value", "gate"])


def after_change_of_wording(
    paths: Paths, examples: Sequence[Example], params: StudentParams
) -> dict[str, DataFrame]:
    """Return whether confidence is a frequency after people began to write otherwise: before and after later ratings moved it.

    Parameters
    ----------
    paths : Paths
        Labelled answers, and the truth of the generated log.
    examples : sequence of Example
    params : StudentParams

    Returns
    -------
    dict of str to DataFrame
        Names tell the expected calibration error; frames are of `mandi.text.reliability.reliability`. Empty without a generated log.
    """
    file = paths.calls / "truth" / "truth.parquet"
    truth = pd.read_parquet(file).set_index("generation_id") if file.is_file() else pd.DataFrame()
    if not len(truth):
        return {}
    labelled = pd.read_parquet(paths.feedback / "labelled.parquet")
    labelled = labelled[
        labelled["generation_id"].isin(truth.index) & ~labelled["task_type"].isin(params.refused)
    ]
    later = labelled[truth.loc[labelled["generation_id"], "period"].to_numpy() == "later"]
    later = later.sort_values(["asked_at", "generation_id"])
    begun = later["asked_at"].min()
    early = [
        replace(one, part="train") if one.part == "test" else one
        for one in examples
        if one.settled_at < begun
    ]
    judged = later[
        (later["rating"].notna() | later["correction"].notna()) & (later["consent"] == "granted")
    ].head(params.later_ratings)
    rest = later[~later["generation_id"].isin(judged["generation_id"])]
    student = EmbeddedStudent(params).fit(early)
    moved = recalibrate(student, rated_of(judged), params)
    questions = [question_of(row) for row in rest.to_dict("records")]
    tables = {}
    for name, one in (("before", student), (f"after {len(judged)} ratings", moved)):
        sure, right = [], []
        for number, answer in zip(rest["generation_id"], one.answers(questions), strict=True):
            if answer is not None and answer.confidence is not None:
                sure.append(answer.confidence)
                right.append(is_right(answer.text, truth.loc[number].to_dict()))
        values = pd.Series(sure, dtype=float).to_numpy()
        error = calibration_error(values, right)
        tables[f"{name}: error {error:.3f}"] = reliability(values, right)
    return tables


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return told if isinstance(told, dict) else {}
