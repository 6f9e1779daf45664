"""Gathers what the report is made of: the frames the pipelines wrote or those of the service, and the student's examination."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths
from mandi.feedback.report.improvement import THRESHOLDS
from mandi.feedback.report.loops import Comparison
from mandi.feedback.report.shares import Figure

if TYPE_CHECKING:
    from pandas import DataFrame

STUDENT, LOOP = "student", "loop"
SHOWN = (
    "frozen.rows", "frozen.accuracy", "frozen.answered", "frozen.confident", "frozen.confident_accuracy", "frozen.ece",
    "nearest_question.accuracy", "nearest_question.gain_low", "champion.accuracy", "champion.gain", "champion.gain_low",
    "champion.slices_worse", "shuffled.gain", "control.shuffled_feedback", "refusals.confident", "recalibration.before.ece",
    "recalibration.after.ece",
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What is known of a project.

    Attributes
    ----------
    labelled, feedback, tutor_pairs : DataFrame
        See `mandi.feedback.frames`.
    source : str
        Where they are from, in words.
    student : Comparison, optional
    why_no_student : str
        Why there is nothing to compare; empty where there is.
    thresholds : mapping
        ``high`` and ``low`` of the student that is served, or the router's own.
    """

    labelled: DataFrame
    feedback: DataFrame
    tutor_pairs: DataFrame
    source: str
    student: Comparison | None = None
    why_no_student: str = ""
    thresholds: Mapping[str, float] = field(default_factory=lambda: dict(THRESHOLDS))


def evidence(root: Path, *, from_service: bool = False, env_file: Path | None = None) -> Evidence:
    """Return what a project knows: the pipelines' frames, or the service's records where there are none.

    Parameters
    ----------
    root : Path
        The project.
    from_service : bool
        The service's records even where the pipelines have run.
    env_file : Path, optional
        Says where the service's database is.

    Raises
    ------
    DataNotFound
        Neither pipelines nor service have anything.
    StoreUnavailable
        The database that is named does not answer.
    """
    paths = Paths(root)
    labelled, feedback, pairs, source = (
        _of_the_service(root, env_file)
        if from_service or not _made(paths)
        else (*_of_the_pipelines(paths), "the pipelines")
    )
    student, why = comparison(paths)
    return Evidence(labelled, feedback, pairs, source, student, why, thresholds(paths))


def comparison(paths: Paths) -> tuple[Comparison | None, str]:
    """Return how the last student did on the frozen set, or why nothing can be said.

    Parameters
    ----------
    paths : Paths
        reports/metrics/student.json compares it with the champion. Where there is none, or the student is the champion itself,
        reports/metrics/loop.json compares it with a student of the earlier feedback.
    """
    found = _figures(paths.metrics(STUDENT))
    if "frozen.accuracy" not in found:
        skipped = _json(paths.evaluation(STUDENT) / "skipped.json").get("skipped")
        return None, str(skipped or "no student has been examined")
    if "champion.gain" in found:
        return _comparison(found, _passed(paths), "the champion"), ""
    looped, study = _figures(paths.metrics(LOOP)), _json(paths.evaluation(LOOP) / "study.json")
    if "champion.gain" in looped:
        over = f"a student of the feedback before {str(study.get('moment', ''))[:10]}"
        return _comparison(looped, _passed(paths), over), ""
    told = _json(paths.evaluation(STUDENT) / "before_after.json")
    return None, str(told.get("champion", {}).get("not_compared") or "there is no champion to compare with")


def thresholds(paths: Paths) -> Mapping[str, float]:
    """Return the thresholds of the student that is served, or the router's own where none is."""
    told = _json(paths.champions / STUDENT / "student.json").get("bounds", {})
    if isinstance(told, Mapping) and {"high", "low"} <= set(told):
        return {name: float(told[name]) for name in ("high", "low")}
    return THRESHOLDS


def examined(metrics: Mapping[str, Any], receipt: Mapping[str, Any]) -> DataFrame:
    """Return the figures of the last examination of the student, and what the gate said of them.

    Parameters
    ----------
    metrics : mapping
        Of reports/metrics/student.json.
    receipt : mapping
        Of artifacts/receipts/student.json; may be empty.
    """
    import pandas as pd

    checks = {str(check.get("metric")): check for check in (receipt.get("verdict") or {}).get("checks", [])}
    names = [name for name in SHOWN if name in metrics] + [
        n for n in checks if n in metrics and n not in SHOWN
    ]
    gate = {name: "passed" if check.get("passed") else "FAILED" for name, check in checks.items()}
    rows = [{"figure": name, "value": metrics[name], "gate": gate.get(name, "-")} for name in names]
    return pd.DataFrame(rows, columns=["figure", "value", "gate"])


def told(paths: Paths) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the metrics of the student's last examination and its receipt; empty where there are none."""
    return _json(paths.metrics(STUDENT)), _json(paths.receipt(STUDENT))


def _made(paths: Paths) -> bool:
    return (paths.feedback / "labelled.parquet").is_file()


def _of_the_pipelines(paths: Paths) -> tuple[DataFrame, DataFrame, DataFrame]:
    import pandas as pd

    files = (
        paths.feedback / "labelled.parquet", paths.calls / "feedback.parquet", paths.calls / "tutor_pairs.parquet",
    )  # fmt: skip
    for file in files:
        if not file.is_file():
            raise DataNotFound(f"{file} is not there", next_command="mandi repro feedback")
    one, two, three = (pd.read_parquet(file) for file in files)
    return one, two, three


def _of_the_service(root: Path, env_file: Path | None) -> tuple[DataFrame, DataFrame, DataFrame, str]:
    from mandi.feedback.export import exported
    from mandi.feedback.report.fresh import not_yet_labelled
    from mandi.serving.learning.source import records_of

    with records_of(root, env_file) as records:
        if records.database is None:
            raise DataNotFound(
                f"there is no feedback to report on: the pipelines have labelled none, and {records.why}",
                next_command="mandi repro feedback   (a generated log), or mandi serve   (your own)",
            )
        found = exported(
            records.database, salt=records.salt, default_consent=records.settings.learning_consent
        )
        if not len(found.generations):
            raise DataNotFound(
                "the service has recorded no answer that may be learned from",
                allowed="answers of organisations that consent",
                next_command="mandi settings",
            )
    labelled = not_yet_labelled(found.generations, found.feedback, found.tutor_pairs)
    return labelled, found.feedback, found.tutor_pairs, "the service's records, not labelled yet"


def _passed(paths: Paths) -> bool | None:
    verdict = _json(paths.receipt(STUDENT)).get("verdict")
    passed = verdict.get("passed") if isinstance(verdict, Mapping) else None
    return passed if isinstance(passed, bool) else None


def _comparison(found: Mapping[str, float], passed: bool | None, over: str) -> Comparison:
    rows = int(found["frozen.rows"])
    return Comparison(
        examples=rows,
        before=_figure(found, "champion.accuracy", "champion.low", "champion.high", rows),
        after=_figure(found, "frozen.accuracy", "frozen.low", "frozen.high", rows),
        gain=_figure(found, "champion.gain", "champion.gain_low", "champion.gain_high", rows),
        confident_before=_share(found, "champion.coverage_at_target", rows),
        confident_after=_share(found, "frozen.coverage_at_target", rows),
        shuffled=_figure(found, "shuffled.gain", "shuffled.gain_low", "shuffled.gain_high", rows)
        if "shuffled.gain" in found
        else None,
        ece_before=found.get("champion.ece"),
        ece_after=found.get("frozen.ece"),
        passed=passed,
        over=over,
    )


def _figures(path: Path) -> dict[str, float]:
    return {name: float(value) for name, value in _json(path).items() if isinstance(value, (int, float))}


def _figure(found: Mapping[str, float], value: str, low: str, high: str, n: int) -> Figure:
    return Figure(found.get(value), found.get(low), found.get(high), n)


def _share(found: Mapping[str, float], name: str, n: int) -> Figure | None:
    from mandi.feedback.report.shares import share

    return share(round(found[name] * n), n) if name in found else None


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return told if isinstance(told, dict) else {}
