"""The loop in small: what a student gained from later feedback, beside one that learned the same feedback shuffled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mandi.core.errors import DataNotFound, TooLittleData
from mandi.core.paths import Paths
from mandi.datasets.rows import Example
from mandi.feedback.report.loops import ROUTES
from mandi.report.learning_curve import alone, answered_curve
from mandi.student.base import StudentModel
from mandi.student.embedded.student import EmbeddedStudent
from mandi.student.examination.cases import Case, accepted, forbidden, frozen_cases
from mandi.student.examination.gain import before_after, plain_gain, shuffled
from mandi.student.examination.measures import answered, interval, paired_gain, summary
from mandi.student.params import StudentParams
from mandi.text.calibration import calibration_error
from mandi.text.reliability import reliability

if TYPE_CHECKING:
    from pandas import DataFrame

CHAMPION, SHUFFLED, CHALLENGER = "before: earlier feedback", "later feedback shuffled", "after: all feedback"
NAMES = (CHAMPION, SHUFFLED, CHALLENGER)
PLACE = "loop"
"""Folder of reports/evaluation and file of reports/metrics where the pipeline keeps a study."""


@dataclass(frozen=True)
class Learner:
    """One of the three: examples it learned from, and the thresholds of the router's bands as calibrated for it."""

    learned: int
    high: float
    low: float


@dataclass(frozen=True)
class Study:
    """Three students on the same frozen questions.

    Attributes
    ----------
    moment : datetime
        The first student knows nothing that became known later; the second and the third do.
    learners : mapping of str to Learner
        By the names above, in that order.
    answers : mapping of str to DataFrame
        Of `mandi.student.examination.measures.answered`.
    table : DataFrame
        Of `mandi.student.examination.gain.before_after`: over all and by slice.
    refusals : DataFrame
        How many questions that must be left to others each answered, and with confidence.
    drift : DataFrame
        ``stage``, ``confidence``, ``right`` of answers given after people began to write otherwise; without rows where the log is
        not a generated one.
    target : float
        Accuracy asked of answers that nobody checks.
    """

    moment: datetime
    learners: Mapping[str, Learner]
    answers: Mapping[str, DataFrame]
    table: DataFrame
    refusals: DataFrame
    drift: DataFrame
    target: float

    @property
    def questions(self) -> int:
        """Return how many frozen questions were asked."""
        return len(self.answers[CHALLENGER])

    def curves(self) -> dict[str, DataFrame]:
        """Return accuracy against the share answered, by student."""
        return {name: answered_curve(frame) for name, frame in self.answers.items()}

    def points(self) -> dict[str, tuple[float, float, float]]:
        """Return where the student before and the one after stand: share answered from the threshold on, accuracy, threshold."""
        highs = {name: self.learners[name].high for name in (CHAMPION, CHALLENGER)}
        return {name: (*alone(self.answers[name], high), high) for name, high in highs.items()}

    def gains(self) -> DataFrame:
        """Return the gain over the student before, over all and by slice, and that of shuffled feedback below."""
        rows = self.table[["part", "rows", "gain", "gain_low", "gain_high"]]
        rows = rows.assign(part=[in_short(str(part)) for part in rows["part"]])
        one, other = self.answers[SHUFFLED], self.answers[CHAMPION]
        gain, low, high = paired_gain(one["right"], other["right"], one["cluster"])
        control = {"part": SHUFFLED, "rows": len(one), "gain": gain, "gain_low": low, "gain_high": high}
        return pd.concat([rows, pd.DataFrame([control])], ignore_index=True)

    def compared(self) -> DataFrame:
        """Return each student: examples learned, questions answered rightly, share answered alone, calibration error."""
        rows = []
        for name, frame in self.answers.items():
            low, high = interval(frame["right"], frame["cluster"])
            told = summary(frame, self.learners[name].high, self.target)
            rows.append(
                {"student": name, "learned": self.learners[name].learned, "right": told["accuracy"], "low": low, "high": high,
                 "answered alone": told["confident"], "of these right": told.get("confident_accuracy"),
                 "calibration error": told.get("ece")}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def reliability(self) -> dict[str, DataFrame]:
        """Return the reliability of the students before and after; names tell the calibration error."""
        frames = {
            name: self.answers[name][self.answers[name]["answer"].notna()] for name in (CHAMPION, CHALLENGER)
        }
        return _tables(frames)

    def after_drift(self) -> dict[str, DataFrame]:
        """Return the reliability of confidence after people began to write otherwise, before and after later ratings moved it."""
        return _tables({str(stage): rows for stage, rows in self.drift.groupby("stage", sort=False)})

    def who_answers(self) -> dict[str, DataFrame]:
        """Return who would answer the frozen questions with each student's thresholds, as ``learning_charts`` draws it."""
        return {name: self._bands(name) for name in (CHAMPION, CHALLENGER)}

    def in_words(self) -> str:
        """Return what the loop gained in a few sentences, which say so where it gained nothing."""
        control, whole = self.gains().iloc[-1], self.table.iloc[0]
        wider, low, high = (100 * whole[f"coverage_{end}"] for end in ("gain", "gain_low", "gain_high"))
        unsure = ", which cannot be told from nothing" if low <= 0 <= high else ""
        return (
            f"From {whole['before']:.1%} to {whole['after']:.1%} of {self.questions:,} frozen questions: {plain_gain(whole)}. "
            f"The share that may be answered alone at {self.target:.0%} changed by {wider:+.1f} points ({low:+.1f} to "
            f"{high:+.1f}){unsure}. With the later feedback shuffled, accuracy changed by {100 * control['gain']:+.1f} points "
            f"({100 * control['gain_low']:+.1f} to {100 * control['gain_high']:+.1f})."
        )

    def metrics(self) -> dict[str, float]:
        """Return the figures flat: ``frozen.*`` of the student after, ``champion.*`` of the one before, gains, drift."""
        told = {row["student"]: row for row in self.compared().to_dict("records")}
        found: dict[str, float] = {}
        for name, prefix in ((CHALLENGER, "frozen"), (CHAMPION, "champion")):
            row = told[name]
            found |= {f"{prefix}.rows": self.questions, f"{prefix}.accuracy": row["right"], f"{prefix}.low": row["low"],
                      f"{prefix}.high": row["high"], f"{prefix}.confident": row["answered alone"], f"{prefix}.ece": row["calibration error"]}  # fmt: skip
        whole, control = self.table.iloc[0], self.gains().iloc[-1]
        found |= {f"champion.{end}": whole[end] for end in ("gain", "gain_low", "gain_high")}
        found |= {f"coverage.{end}": whole[f"coverage_{end}"] for end in ("gain", "gain_low", "gain_high")}
        found |= {
            "champion.coverage_at_target": whole["coverage_before"],
            "frozen.coverage_at_target": whole["coverage_after"],
        }
        found |= {f"shuffled.{end}": control[end] for end in ("gain", "gain_low", "gain_high")}
        for stage, rows in self.drift.groupby("stage"):
            found[f"drift.{stage}.ece"] = calibration_error(rows["confidence"].to_numpy(), rows["right"])
        return {name: round(float(value), 9) for name, value in sorted(found.items()) if value == value}

    def save(self, folder: Path) -> None:
        """Write plain files into an existing folder."""
        frames = [frame.assign(student=name) for name, frame in self.answers.items()]
        pd.concat(frames, ignore_index=True).to_parquet(folder / "answers.parquet", index=False)
        self.drift.to_parquet(folder / "drift.parquet", index=False)
        self.table.to_csv(folder / "before_after.csv", index=False, float_format="%.6f")
        self.refusals.to_csv(folder / "refusals.csv", index=False)
        about = {
            "moment": self.moment.isoformat(), "target": self.target,
            "learners": {name: asdict(one) for name, one in self.learners.items()},
        }  # fmt: skip
        (folder / "study.json").write_text(
            json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )

    def _bands(self, name: str) -> DataFrame:
        frame, bounds = self.answers[name], self.learners[name]
        sure = frame["confidence"].where(frame["answer"].notna(), 0.0)
        shares = {
            "student": (sure >= bounds.high).mean(),
            "teacher": ((sure < bounds.high) & (sure >= bounds.low)).mean(),
            "human": (sure < bounds.low).mean(),
        }
        bands = {"student": "high", "teacher": "middle", "human": "low"}
        return pd.DataFrame(
            [
                {"band": bands[route], "share": float(share), **{r: float(r == route) for r in ROUTES}}
                for route, share in shares.items()
            ]
        )


def in_short(part: str) -> str:
    """Return the name of a slice as a chart shows it.

    Examples
    --------
    >>> in_short("classification_down_steady_up"), in_short("chat")
    ('labels down, steady, up', 'chat')
    >>> in_short("classification_delivery_demand_fraud_matching_other_payment_price_quality")
    '8 labels: delivery, demand, ...'
    """
    if not part.startswith("classification_"):
        return part
    labels = part.removeprefix("classification_").split("_")
    return (
        f"labels {', '.join(labels)}"
        if len(labels) <= 4
        else f"{len(labels)} labels: {', '.join(labels[:2])}, ..."
    )


def read_study(paths: Paths) -> Study:
    """Return the study the pipeline kept.

    Raises
    ------
    DataNotFound
        There is none.
    """
    folder = paths.evaluation(PLACE)
    if not (folder / "study.json").is_file():
        raise DataNotFound(f"no study of the loop in {folder}", next_command="mandi repro student_loop")
    about = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    answers = pd.read_parquet(folder / "answers.parquet")
    return Study(
        datetime.fromisoformat(about["moment"]),
        {name: Learner(**about["learners"][name]) for name in NAMES},
        {
            name: answers[answers["student"] == name].drop(columns="student").reset_index(drop=True)
            for name in NAMES
        },
        pd.read_csv(folder / "before_after.csv"),
        pd.read_csv(folder / "refusals.csv"),
        pd.read_parquet(folder / "drift.parquet"),
        float(about["target"]),
    )


def study(
    examples: Sequence[Example],
    params: StudentParams,
    moment: datetime,
    *,
    after: StudentModel | None = None,
    before: StudentModel | None = None,
    drift: DataFrame | None = None,
) -> Study:
    """Ask three students the frozen questions.

    Parameters
    ----------
    examples : sequence of Example
        A version of the datasets.
    params : StudentParams
    moment : datetime
        What became known from then on is later feedback.
    after, before : StudentModel, optional
        Fitted already on all examples, and on those from before the moment.
    drift : DataFrame, optional
        See `Study`.

    Raises
    ------
    TooLittleData
        There are too few examples to learn from, or no frozen question.
    """
    cases = [case for case in frozen_cases(examples) if case.question.task not in params.refused]
    learnable = [one for one in examples if one.part != "test"]
    early = [one for one in learnable if one.settled_at < moment]
    later = [one for one in learnable if one.settled_at >= moment]
    if not cases or not early or not later:
        raise TooLittleData(
            f"{len(early)} examples from before {moment:%Y-%m-%d}, {len(later)} later ones and {len(cases)} frozen questions",
            allowed="some of each",
        )
    students: dict[str, StudentModel] = {
        CHAMPION: before or EmbeddedStudent(params).fit(early),
        SHUFFLED: EmbeddedStudent(params).fit([*early, *shuffled(later, params.seed)]),
        CHALLENGER: after or EmbeddedStudent(params).fit(learnable),
    }
    learned = {CHAMPION: len(early), SHUFFLED: len(learnable), CHALLENGER: len(learnable)}
    table = before_after(
        students[CHAMPION], students[CHALLENGER], cases, accepted, target=params.accuracy_target
    )
    return Study(
        moment,
        {
            name: Learner(learned[name], one.thresholds["high"], one.thresholds["low"])
            for name, one in students.items()
        },
        {name: answered(one, cases, accepted) for name, one in students.items()},
        table,
        _refusals(students, cases),
        pd.DataFrame(columns=["stage", "confidence", "right"]) if drift is None else drift,
        params.accuracy_target,
    )


def half_way(examples: Sequence[Example], share: float = 0.5) -> datetime:
    """Return the moment before which a share of the examples to learn from was known.

    Raises
    ------
    TooLittleData
        There is none.
    """
    known = sorted(one.settled_at for one in examples if one.part != "test")
    if not known:
        raise TooLittleData("no example to learn from", allowed="some", next_command="mandi repro datasets")
    return known[int(share * (len(known) - 1))]


def _refusals(students: Mapping[str, StudentModel], cases: Sequence[Case]) -> DataFrame:
    asked, rows = forbidden(cases), []
    for name in (CHAMPION, CHALLENGER):
        student = students[name]
        said = student.answers([case.question for case in asked])
        sure = [one is not None and (one.confidence or 0.0) >= student.thresholds["high"] for one in said]
        for part in sorted({case.part for case in asked}):
            own = [number for number, case in enumerate(asked) if case.part == part]
            rows.append(
                {"student": name, "must not answer": part.replace("_", " "), "asked": len(own),
                 "answered": sum(said[number] is not None for number in own), "with confidence": sum(sure[number] for number in own)}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _tables(frames: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    tables = {}
    for name, frame in frames.items():
        sure, right = frame["confidence"].to_numpy(dtype=float), frame["right"].astype(bool)
        tables[f"{name} (error {calibration_error(sure, right):.3f})"] = reliability(sure, right)
    return tables
