"""Makes the student of the examples, and examines it on the frozen set beside the champion, simple rivals and shuffled feedback."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

import mandi.registry.promotion as promotion
from mandi.core.errors import DataNotFound, TooLittleData
from mandi.core.paths import Paths
from mandi.datasets.files import read_rows
from mandi.datasets.rows import Example
from mandi.feedback.generated.reply.judge import is_right
from mandi.registry.lineage import folder_hash
from mandi.report.learning_curve import answered_curve
from mandi.student.base import StudentModel
from mandi.student.embedded.lessons import CLASSIFICATION
from mandi.student.embedded.student import EmbeddedStudent
from mandi.student.examination.baselines import MostFrequent, NearestQuestion
from mandi.student.examination.cases import Case, accepted, frozen_cases
from mandi.student.examination.drift import after_drift, before
from mandi.student.examination.exam import CHAMPION, OWN, Exam, examine
from mandi.student.examination.gain import before_after, plain_gain, shuffled
from mandi.student.examination.measures import answered, paired_gain
from mandi.student.params import StudentParams, student_params
from mandi.student.recalibration import question_of, rated_of
from mandi.text.reliability import reliability
from pipelines import project, stage, write_json

NAME = "student"
SHUFFLED = "shuffled"
LEARNED = "examples.json"
"""Ids of the examples a version learned from, beside its files."""


@dataclass(frozen=True)
class Champion:
    """The student that is served now, or why there is none to compare with."""

    model: StudentModel | None = None
    version: int = 0
    why: str = ""
    learned: frozenset[str] = frozenset()


def main() -> None:
    """Write artifacts/student, reports/evaluation/student and reports/metrics/student.json; or say why nothing was learned."""
    paths, params = project()
    settings = student_params(params)
    shutil.rmtree(paths.student, ignore_errors=True)
    shutil.rmtree(paths.evaluation(NAME), ignore_errors=True)
    for folder in (paths.student, paths.evaluation(NAME)):
        folder.mkdir(parents=True)
    try:
        examples = _examples(paths)
        cases = [case for case in frozen_cases(examples) if case.question.task not in settings.refused]
        if not cases:
            raise TooLittleData(
                "the frozen set holds nothing a student may answer", allowed="at least one gold example"
            )
        _say(f"{len(examples):,} examples; the student learns")
        student = EmbeddedStudent(settings).fit(examples)
    except TooLittleData as error:
        for where in (paths.student, paths.evaluation(NAME)):
            write_json(where / "skipped.json", {"skipped": str(error.message)})
        write_json(paths.metrics(NAME), {})
        print(f"no student: {error.message}")
        return
    student.save(paths.student)
    (paths.student / LEARNED).write_text(json.dumps(_learned(examples)), encoding="utf-8")
    champion = champion_of(paths)
    _say(
        f"examined on {len(cases)} frozen questions"
        + (f" beside the champion, v{champion.version}" if champion.model else "")
    )
    exam, nothing = _examined(student, champion, examples, cases, settings)
    metrics = {**exam.metrics, **nothing, **_amounts(examples, champion)}
    told: dict[str, Any] = {"champion": {"version": champion.version, "not_compared": champion.why}}
    told |= _told(student, champion, cases, exam, metrics, settings)
    metrics |= by_truth(paths, student, champion, cases, told)
    _say("confidence after the change of wording")
    table = recalibrated(paths, examples, settings)
    metrics |= {
        f"recalibration.{row['stage']}.{k}": row[k]
        for row in table.to_dict("records")
        for k in ("ece", "rows", "accuracy")
    }
    _write(paths, exam, table, told)
    write_json(
        paths.metrics(NAME),
        {k: round(float(v), 9) for k, v in sorted(metrics.items()) if math.isfinite(float(v))},
    )
    print(
        f"student {student.version}: {metrics['frozen.accuracy']:.1%} of {len(cases)} frozen questions right, calibration error "
        f"{metrics.get('frozen.ece', math.nan):.3f}, {metrics['frozen.confident']:.0%} answered alone; {told['plain']}"
    )


def champion_of(paths: Paths) -> Champion:
    """Return the champion of the registry; without a model where there is none, it is this very student, or it cannot be loaded."""
    found = promotion.champion(NAME, root=paths.root)
    if found is None:
        return Champion(why="there is no champion yet")
    if found.content_hash == folder_hash(paths.student):
        return Champion(version=found.version, why=f"this is the champion itself, v{found.version}")
    try:
        folder = promotion.folder(NAME, "champion", root=paths.root)
        model = EmbeddedStudent.load(folder)
        learned = frozenset(json.loads((folder / LEARNED).read_text(encoding="utf-8")))
    except Exception as error:
        # a student of older code may fail in any way; the receipt says so, and the gate does not pass
        return Champion(
            version=found.version,
            why=f"the champion v{found.version} could not be asked: {type(error).__name__}: {error}",
        )
    return Champion(model, found.version, learned=learned)


def by_truth(
    paths: Paths, student: StudentModel, champion: Champion, cases: Sequence[Case], told: dict[str, Any]
) -> dict[str, float]:
    """Return accuracy by what only the generated log knows; nothing where no case is of it."""
    truth = truth_of(paths)
    known = [case for case in cases if case.generation_ids and case.generation_ids[0] in truth]
    if not known:
        return {}

    def judge(case: Case, answer: str) -> bool:
        return is_right(answer, truth[case.generation_ids[0]])

    own = answered(student, known, judge)
    found = {"truth.rows": float(len(known)), "truth.accuracy": float(own["right"].mean())}
    found["truth.accepted_right"] = sum(judge(case, case.accepted) for case in known) / len(known)
    if champion.model is not None:
        rows = before_after(champion.model, student, known, judge, target=student_target(student))
        told["by_truth"] = _records(rows)
        found |= {f"truth.{name}": float(rows.iloc[0][name]) for name in ("gain", "gain_low", "gain_high")}
    return found


def student_target(student: StudentModel) -> float:
    """Return the accuracy from the high threshold on that a student was made for."""
    return float(
        getattr(getattr(student, "params", None), "accuracy_target", StudentParams().accuracy_target)
    )


def truth_of(paths: Paths) -> dict[str, dict[str, Any]]:
    """Return the truth of the generated log by generation; nothing where there is no such log."""
    file = paths.calls / "truth" / "truth.parquet"
    if not file.is_file():
        return {}
    frame = pd.read_parquet(file)
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    return {str(row["generation_id"]): row for row in rows}


def recalibrated(paths: Paths, examples: Sequence[Example], settings: StudentParams) -> pd.DataFrame:
    """Return how confidence fares after the generated log's change of wording, before and after later ratings; empty without such a log."""
    columns = [
        "stage",
        "ratings",
        "rows",
        "accuracy",
        "confidence",
        "ece",
        "high",
        "low",
        "confident",
        "confident_accuracy",
    ]
    truth, nothing = truth_of(paths), pd.DataFrame(columns=columns)
    if not truth:
        return nothing
    labelled = pd.read_parquet(paths.feedback / "labelled.parquet")
    labelled = labelled[labelled["generation_id"].isin(truth)].sort_values(
        ["asked_at", "generation_id"], ignore_index=True
    )
    later = labelled[[truth[one]["period"] == "later" for one in labelled["generation_id"]]]
    later = later[~later["task_type"].isin(settings.refused)]
    if later.empty:
        return nothing
    opinions = later[
        (later["rating"].notna() | later["correction"].notna()) & (later["consent"] == "granted")
    ]
    used = opinions.head(settings.later_ratings)
    rest = later[~later["generation_id"].isin(used["generation_id"])]
    early = [
        replace(one, part="train") if one.part == "test" else one
        for one in before(examples, later["asked_at"].min().to_pydatetime())
    ]
    ids, rows = rest["generation_id"].tolist(), rest.to_dict("records")
    try:
        student = EmbeddedStudent(settings).fit(early)
        return after_drift(
            student,
            rated_of(used),
            [question_of(row) for row in rows],
            lambda k, text: is_right(text, truth[ids[k]]),
            settings,
        )[1]
    except TooLittleData as error:
        _say(f"not measured: {error.message}")
        return nothing


def _examples(paths: Paths) -> list[Example]:
    try:
        return read_rows(paths.datasets)
    except DataNotFound as error:
        raise TooLittleData(
            "there are no datasets to learn from", next_command="mandi repro datasets"
        ) from error


def _examined(
    student: StudentModel,
    champion: Champion,
    examples: Sequence[Example],
    cases: Sequence[Case],
    settings: StudentParams,
) -> tuple[Exam, dict[str, float]]:
    rivals: dict[str, StudentModel] = {
        "most_frequent": MostFrequent().fit(examples), "nearest_question": NearestQuestion().fit(examples)
    }  # fmt: skip
    if champion.model is not None:
        rivals[CHAMPION] = champion.model
    exam = examine(
        student, cases, rivals, accepted, target=settings.accuracy_target, tolerance=settings.slice_tolerance
    )
    _say("a student of shuffled feedback")
    return exam, control(exam, examples, cases, settings)


def control(
    exam: Exam, examples: Sequence[Example], cases: Sequence[Case], settings: StudentParams
) -> dict[str, float]:
    """Return what a student is worth that learned the same examples with their answers dealt out anew.

    Of classifications, where a dealt answer is still one of the labels; of all tasks where none is learned. The control is passed (1)
    when such a student gains nothing over the most frequent answer.
    """
    labels = [case for case in cases if case.question.task == CLASSIFICATION]
    asked, own = (labels, replace(settings, retrieved=())) if labels else (list(cases), settings)
    own = replace(own, folds=2, strengths=own.strengths[:1])  # its answers are looked at, not its confidence
    plain = (
        exam.answers[exam.answers["student"] == "most_frequent"]
        .set_index("case_id")
        .loc[[case.case_id for case in asked]]
    )
    try:
        right = answered(EmbeddedStudent(own).fit(shuffled(examples, own.seed)), asked, accepted)[
            "right"
        ].to_numpy()
    except TooLittleData:
        right = plain["right"].to_numpy() * False
    gain, low, high = paired_gain(right, plain["right"], plain["cluster"])
    return {
        "control.shuffled_feedback": float(low <= 0), f"{SHUFFLED}.rows": float(len(asked)), f"{SHUFFLED}.accuracy": float(right.mean()),
        f"{SHUFFLED}.gain": gain, f"{SHUFFLED}.gain_low": low, f"{SHUFFLED}.gain_high": high,
    }  # fmt: skip


def _amounts(examples: Sequence[Example], champion: Champion) -> dict[str, float]:
    learned = set(_learned(examples))
    return {"examples.rows": float(len(learned)), "examples.new": float(len(learned - champion.learned))}


def _learned(examples: Sequence[Example]) -> list[str]:
    return sorted({one.example_id for one in examples if one.part != "test"})


def _told(
    student: StudentModel,
    champion: Champion,
    cases: Sequence[Case],
    exam: Exam,
    metrics: Mapping[str, float],
    settings: StudentParams,
) -> dict[str, Any]:
    if champion.model is None:
        return {"rows": [], "plain": champion.why}
    rows = before_after(champion.model, student, cases, accepted, target=settings.accuracy_target)
    return {"rows": _records(rows), "plain": plain_gain(rows.iloc[0])}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in row.items()}
        for row in json.loads(frame.round(6).to_json(orient="records"))
    ]


def _write(paths: Paths, exam: Exam, table: pd.DataFrame, told: Mapping[str, Any]) -> None:
    folder = paths.evaluation(NAME)
    exam.answers.to_parquet(folder / "frozen.parquet", index=False)
    exam.slices.to_csv(folder / "slices.csv", index=False, float_format="%.6f")
    own = exam.answers[(exam.answers["student"] == OWN) & exam.answers["answer"].notna()]
    if len(own):
        reliability(own["confidence"].to_numpy(), own["right"]).to_csv(
            folder / "reliability.csv", index=False, float_format="%.6f"
        )
    curves = [
        answered_curve(exam.answers[exam.answers["student"] == name]).assign(student=name)
        for name in (CHAMPION, OWN)
        if (exam.answers["student"] == name).any()
    ]
    pd.concat(curves, ignore_index=True).to_csv(folder / "curve.csv", index=False, float_format="%.6f")
    table.to_csv(folder / "recalibration.csv", index=False, float_format="%.6f")
    write_json(folder / "before_after.json", told)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    stage(main)
