"""What later ratings do for confidence after people began to write otherwise: measured before and after, by the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from mandi.datasets.rows import Example
from mandi.student.base import Question
from mandi.student.params import StudentParams
from mandi.student.recalibration import Rated, S, recalibrate
from mandi.text.calibration import calibration_error

if TYPE_CHECKING:
    from pandas import DataFrame

Right = Callable[[int, str], bool]
"""Says whether a text is right as the answer to the question of that number."""


def before(examples: Iterable[Example], moment: datetime) -> list[Example]:
    """Return the examples of which everything was known before a moment."""
    return [one for one in examples if one.settled_at < moment]


def after_drift(
    student: S, rated: Sequence[Rated], asked: Sequence[Question], right: Right, params: StudentParams
) -> tuple[S, DataFrame]:
    """Measure confidence before and after it is fitted to later ratings.

    Parameters
    ----------
    student : Scalable
        Learned nothing later than the drift.
    rated : sequence of Rated
        Of after the drift.
    asked : sequence of Question
        Of after the drift; none of them rated.
    right : callable
        The truth.
    params : StudentParams

    Returns
    -------
    student
        Recalibrated.
    DataFrame
        A row for ``before`` and ``after``: stage, ratings, rows (answers given), accuracy, confidence (mean), ece, high, low (thresholds), confident (share of
        those answers from ``high`` on), confident_accuracy.

    Raises
    ------
    TooLittleData
        The student answers too few of the rated questions.
    """
    import pandas as pd

    moved = recalibrate(student, rated, params)
    rows = []
    for stage, one in (("before", student), ("after", moved)):
        said = [(k, answer) for k, answer in enumerate(one.answers(asked)) if answer is not None]
        sure = np.array([answer.confidence or 0.0 for _, answer in said], dtype=np.float64)
        truth = np.array([right(k, answer.text) for k, answer in said], dtype=np.float64)
        high = one.thresholds["high"]
        confident = sure >= high
        rows.append(
            {
                "stage": stage, "ratings": len(rated), "rows": len(said), "accuracy": float(truth.mean()),
                "confidence": float(sure.mean()), "ece": calibration_error(sure, truth), "high": high, "low": one.thresholds["low"],
                "confident": float(confident.mean()),
                "confident_accuracy": float(truth[confident].mean()) if confident.any() else np.nan,
            }
        )  # fmt: skip
    return moved, pd.DataFrame(rows)
