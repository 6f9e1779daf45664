"""Registers the student, lets the gate judge it against the champion on the frozen set, and writes the receipt and its card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

import mandi.registry.promotion as promotion
from mandi.core.errors import GateFailed
from mandi.core.paths import Paths
from mandi.evaluation.card import card
from mandi.evaluation.gate import Verdict, judge, rule_for
from mandi.models.base import Field, Spec
from mandi.registry.lineage import collect
from mandi.registry.tracking import start_run
from mandi.student.embedded.student import EmbeddedStudent
from mandi.student.params import student_params
from pipelines import project, read_json, stage, write_json
from pipelines.student import NAME

STAGES = ("calls", "feedback", "datasets", NAME)
LOADER = "mandi.student.pyfunc"
ASKED = (
    Field("task", "text", "", "kind of work: chat, classification"),
    Field("messages", "text", "JSON", "what was said, ending with the user"),
    Field("facts", "text", "JSON", "what the models found; labels and text of a classification"),
)
SPEC = Spec(
    name=NAME, question="What should be answered, and how sure is that?", inputs=ASKED,
    outputs=(
        Field("answer", "text", "", "what is said; missing where it has no answer"),
        Field("confidence", "number", "share", "probability that it is right"),
    ),
    label="answer", unit="share", horizons=(), main_metric="frozen.accuracy", lower_is_better=False, request=ASKED, task="grading",
)  # fmt: skip
LIMITS = (
    "It answers nothing it did not learn, and it sees spelling, not meaning: what is worded in a new way is a teacher's until somebody has rated it.",
    "The frozen set holds what somebody vouched for. Questions nobody corrects or rates high are not in it.",
    "Confidence is calibrated for the questions of its time. Where people begin to write otherwise it has to be fitted to later ratings.",
)
SHOWN = ("student", "part", "rows", "accuracy", "low", "high", "ece", "confident", "confident_accuracy")
COMPARED = ("frozen.accuracy", "refusals.confident")


def main() -> None:
    """Write artifacts/receipts/student.json. Where the gate is not passed and there is no champion, no student is served."""
    paths, params = project()
    if (told := paths.student / "skipped.json").is_file():
        write_json(paths.receipt(NAME), read_json(told))
        print(read_json(told)["skipped"])
        return
    source = str(params["tables"]["source"])
    student = EmbeddedStudent.load(paths.student)
    metrics = {name: float(value) for name, value in read_json(paths.metrics(NAME)).items()}
    report = read_json(paths.evaluation(NAME) / "before_after.json")
    used = asdict(student_params(params))
    lineage = collect(paths.root, NAME, model_folder=paths.student, params=used, stages=STAGES)
    with start_run(NAME, "pipeline", used, root=paths.root) as run:
        run.log_metrics(metrics)
        receipt = promotion.register(
            NAME,
            paths.student,
            SPEC,
            metrics,
            lineage,
            source,
            run=run,
            note=f"student {student.version}",
            loader=LOADER,
        )
    champion = promotion.champion(NAME, root=paths.root)
    held, not_compared, apart = compared(metrics, report["champion"], champion, receipt.version, source)
    if held and champion is not None:
        promotion.remeasure(NAME, "champion", {**champion.metrics, **held}, root=paths.root)
    rule = rule_for(params["gates"][NAME], source, f"gates.{NAME}")
    verdict = judge(metrics, held or None, rule, not_compared, apart, task=NAME)
    against = champion.version if champion is not None else 0
    settled, text = _settled(receipt.version, verdict, against, paths)
    slices = pd.read_csv(paths.evaluation(NAME) / "slices.csv")
    text_of_card = card(
        SPEC, {"notes": notes(student, metrics, report), "tables": {"By slice": _rows(slices)}}, source=source, limits=LIMITS,
        verdict=verdict.as_dict(), controls=_controls(metrics), lineage=lineage.as_dict(),
    )  # fmt: skip
    paths.receipt(NAME).parent.mkdir(parents=True, exist_ok=True)
    (paths.receipt(NAME).parent / f"{NAME}_card.md").write_text(text_of_card, encoding="utf-8")
    write_json(
        paths.receipt(NAME),
        {
            **receipt.as_dict(),
            "student": student.version, "thresholds": student.thresholds, "champion_version": settled,
            "gate": f"{'passed' if verdict.passed else 'FAILED'} ({sum(r.passed for r in verdict.reasons)}/{len(verdict.reasons)})",
            "verdict": verdict.as_dict(), "against": report["plain"], "not_compared": not_compared or apart, "text": text,
        },
    )  # fmt: skip
    print(text)


def compared(
    metrics: Mapping[str, float], measured: Mapping[str, Any], champion: Any, version: int, source: str
) -> tuple[dict[str, float], str, str]:
    """Return the champion's figures on the candidate's frozen set; else why the comparison fails, or why none is needed.

    Parameters
    ----------
    metrics : mapping
        Of the candidate, with those of the champion it was examined beside.
    measured : mapping
        ``version`` of that champion, and ``not_compared``.
    champion : Version, optional
        Champion now.
    version : int
        Of the candidate.
    source : str
        ``tables.source``.
    """
    if champion is None:
        return {}, "", ""
    if champion.version == version:
        return {}, "", f"v{version} is the champion itself"
    if champion.source != source:
        return (
            {},
            "",
            f"the champion, v{champion.version}, learned beside tables from {champion.source}, these are from {source}",
        )
    if measured["version"] != champion.version:
        why = f"it was examined beside v{measured['version']}, and v{champion.version} is champion now: mandi repro student --force"
        return {}, why, ""
    if measured["not_compared"]:
        return {}, str(measured["not_compared"]), ""
    names = {"frozen.accuracy": "champion.accuracy", "refusals.confident": "champion.refusals.confident"}
    held = {name: metrics[names[name]] for name in COMPARED} | {
        "test.fingerprint": metrics["test.fingerprint"]
    }
    return {name: value for name, value in held.items() if math.isfinite(value)}, "", ""


def notes(student: EmbeddedStudent, metrics: Mapping[str, float], report: Mapping[str, Any]) -> list[str]:
    """Return what a card says of a student's figures, one sentence each."""
    bounds = student.thresholds
    found = [
        f"Version {student.version}, form {student.form}, of {metrics['examples.rows']:,.0f} examples, {metrics['examples.new']:,.0f} of them new.",
        f"{metrics['frozen.accuracy']:.1%} of {metrics['frozen.rows']:.0f} frozen questions are answered rightly.",
        f"It answers alone from confidence {bounds['high']:g}; below {bounds['low']:g} a person is asked.",
        f"Beside the champion: {report['plain']}.",
    ]
    if "recalibration.after.ece" in metrics:
        found.append(
            f"After a change of wording its calibration error was {metrics['recalibration.before.ece']:.3f}, and "
            f"{metrics['recalibration.after.ece']:.3f} once fitted to later ratings."
        )
    return found


def _rows(slices: pd.DataFrame) -> list[dict[str, Any]]:
    kept = slices[[name for name in SHOWN if name in slices]]
    rows: list[dict[Any, Any]] = kept.to_dict("records")
    return [{str(k): (None if v != v else v) for k, v in row.items()} for row in rows]


def _controls(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    text = f"a student of the same examples with their answers dealt out anew gains {100 * metrics['shuffled.gain']:.1f} points over the most frequent answer"
    return [
        {"name": "shuffled feedback", "passed": metrics["control.shuffled_feedback"] == 1.0, "text": text}
    ]


def _settled(version: int, verdict: Verdict, against: int, paths: Paths) -> tuple[int, str]:
    try:
        settled = promotion.settle(NAME, version, verdict, against=against, root=paths.root)
    except GateFailed as error:  # the loop goes on without a student: whoever asks is answered by a teacher
        return 0, f"no student is served: {error.message}"
    return settled.champion, settled.text


if __name__ == "__main__":
    stage(main)
