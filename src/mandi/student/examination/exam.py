"""Examines a student on the frozen set: beside simple rivals and the champion, by slice, and on what it must not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mandi.student.base import StudentModel
from mandi.student.examination.cases import Case, Judge, accepted, fingerprint, forbidden
from mandi.student.examination.gain import ALL
from mandi.student.examination.measures import answered, interval, paired_gain, summary

if TYPE_CHECKING:
    from pandas import DataFrame

OWN, CHAMPION = "challenger", "champion"
FINGERPRINT = "test.fingerprint"


@dataclass(frozen=True)
class Exam:
    """What an examination found.

    Attributes
    ----------
    answers : DataFrame
        Of ``answered``, with who answered in ``student``.
    slices : DataFrame
        A row per student and slice: student, part, rows, accuracy, low, high and what else ``summary`` returns.
    metrics : mapping of str to float
        Flat and finite. ``frozen.*`` of the student, ``<name>.*`` of each rival: rows, accuracy, gain (of the student over it),
        gain_low, gain_high; ``refusals.*``.
    """

    answers: DataFrame
    slices: DataFrame
    metrics: Mapping[str, float] = field(default_factory=dict)


def examine(
    student: StudentModel,
    cases: Sequence[Case],
    rivals: Mapping[str, StudentModel],
    judge: Judge = accepted,
    *,
    target: float,
    tolerance: float = 0.0,
) -> Exam:
    """Ask a student and its rivals every case.

    Parameters
    ----------
    student : StudentModel
    cases : sequence of Case
    rivals : mapping of str to StudentModel
        By name; ``champion`` is also compared slice by slice and on what must not be answered.
    judge : callable
        Agreement with the accepted answer if not given.
    target : float
        Accuracy at which it is measured how much may be answered alone.
    tolerance : float
        Accuracy a slice may lose to the champion.
    """
    import pandas as pd

    asked = {OWN: student, **rivals}
    frames = {name: answered(one, cases, judge) for name, one in asked.items()}
    own = frames[OWN]
    slices = pd.DataFrame(
        [
            row
            for name, frame in frames.items()
            for row in _slices(name, frame, asked[name].thresholds["high"], target)
        ]
    )
    metrics = {FINGERPRINT: fingerprint(cases), **_refusals("refusals", student, cases)}
    metrics |= {f"frozen.{k}": v for k, v in _first(slices, OWN).items()}
    for row in slices[(slices["student"] == OWN) & (slices["part"] != ALL)].to_dict("records"):
        metrics[f"slice.{row['part']}.rows"], metrics[f"slice.{row['part']}.accuracy"] = (
            row["rows"],
            row["accuracy"],
        )
    for name in rivals:
        rival = frames[name]
        gain, low, high = paired_gain(own["right"], rival["right"], own["cluster"])
        metrics |= {f"{name}.{k}": v for k, v in _first(slices, name).items()}
        metrics |= {f"{name}.gain": gain, f"{name}.gain_low": low, f"{name}.gain_high": high}
    if CHAMPION in rivals:
        metrics["champion.slices_worse"] = float(len(slices_worse(own, frames[CHAMPION], tolerance)))
        metrics |= _refusals("champion.refusals", rivals[CHAMPION], cases)
    answers = pd.concat([frame.assign(student=name) for name, frame in frames.items()], ignore_index=True)
    return Exam(answers, slices, {k: float(v) for k, v in sorted(metrics.items()) if v == v})


def slices_worse(own: DataFrame, rival: DataFrame, tolerance: float) -> list[str]:
    """Return the slices that lost more than a tolerance, and whose interval lies below zero.

    Parameters
    ----------
    own, rival : DataFrame
        Of ``answered``, on the same cases.
    tolerance : float
    """
    worse = []
    for part in sorted(own["part"].unique()):
        rows = own["part"] == part
        gain, _, high = paired_gain(own["right"][rows], rival["right"][rows], own["cluster"][rows])
        if gain < -tolerance and high < 0:
            worse.append(str(part))
    return worse


def _slices(name: str, frame: DataFrame, high: float, target: float) -> list[dict[str, float | str]]:
    found: list[dict[str, float | str]] = []
    for part in [ALL, *sorted(frame["part"].unique())]:
        rows = frame[(frame["part"] == part) | (part == ALL)]
        low, above = interval(rows["right"], rows["cluster"])
        own = summary(rows, high, target)
        found.append(
            {
                "student": name,
                "part": part,
                "rows": own["rows"],
                "accuracy": own["accuracy"],
                "low": low,
                "high": above,
                **own,
            }
        )
    return found


def _first(slices: DataFrame, name: str) -> dict[str, float]:
    row = slices[(slices["student"] == name) & (slices["part"] == ALL)].iloc[0]
    return {str(k): float(v) for k, v in row.items() if k not in ("student", "part")}


def _refusals(prefix: str, student: StudentModel, cases: Sequence[Case]) -> dict[str, float]:
    high, asked = student.thresholds["high"], forbidden(cases)
    said = student.answers([case.question for case in asked])
    sure = sum(one is not None and (one.confidence or 0.0) >= high for one in said)
    return {
        f"{prefix}.rows": float(len(asked)),
        f"{prefix}.answered": sum(one is not None for one in said) / max(len(asked), 1),
        f"{prefix}.confident": sure / max(len(asked), 1),
    }
