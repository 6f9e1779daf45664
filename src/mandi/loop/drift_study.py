"""Confidence after people began to write otherwise, on a generated log: before and after later ratings moved it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from mandi.core.paths import Paths
from mandi.feedback.generated.reply.judge import is_right
from mandi.student.examination.drift import before
from mandi.student.params import StudentParams
from mandi.student.recalibration import Scalable, question_of, rated_of, recalibrate

if TYPE_CHECKING:
    from pandas import DataFrame

    from mandi.datasets.rows import Example

COLUMNS = ("stage", "confidence", "right")


def change_of_wording(paths: Paths) -> datetime | None:
    """Return when people of the generated log began to write otherwise; None where there is no such log or change.

    Parameters
    ----------
    paths : Paths
        Labelled answers and the truth are read.
    """
    later = _later(paths)
    moment: datetime | None = (
        None if later is None or not len(later) else later["asked_at"].min().to_pydatetime()
    )
    return moment


def known_before(examples: Sequence[Example], moment: datetime) -> list[Example]:
    """Return the examples to learn from of which everything was known before a moment."""
    return [one for one in before(examples, moment) if one.part != "test"]


def after_change(paths: Paths, student: Scalable, params: StudentParams) -> DataFrame:
    """Return a student's answers to later questions nobody judged yet, with its confidence before and after recalibration.

    Parameters
    ----------
    paths : Paths
    student : Scalable
        Learned nothing later than the change.
    params : StudentParams
        Tells how many later ratings are used.

    Returns
    -------
    DataFrame
        ``stage``, ``confidence``, ``right`` by the truth; no rows without a generated log.

    Raises
    ------
    TooLittleData
        The student answers too few of the rated questions.
    """
    later = _later(paths)
    if later is None:
        return pd.DataFrame(columns=list(COLUMNS))
    later = later[~later["task_type"].isin(params.refused)]
    judged = later[(later["rating"].notna() | later["correction"].notna()) & (later["consent"] == "granted")]
    used = judged.head(params.later_ratings)
    rest = later[~later["generation_id"].isin(used["generation_id"])]
    questions, truths = [question_of(row) for row in rest.to_dict("records")], rest["_truth"].tolist()
    moved = recalibrate(student, rated_of(used.drop(columns="_truth")), params)
    rows = []
    for stage, one in (("as learned", student), (f"after {len(used)} later ratings", moved)):
        for answer, truth in zip(one.answers(questions), truths, strict=True):
            if answer is not None:
                rows.append((stage, answer.confidence or 0.0, is_right(answer.text, truth)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _later(paths: Paths) -> DataFrame | None:
    file = paths.calls / "truth" / "truth.parquet"
    if not file.is_file():
        return None
    truth = pd.read_parquet(file)
    truth = truth[truth["period"] == "later"]
    if not len(truth):
        return None
    labelled = pd.read_parquet(paths.feedback / "labelled.parquet")
    by_id: dict[str, Any] = {row["generation_id"]: row for row in truth.to_dict("records")}
    later = labelled[labelled["generation_id"].isin(by_id)].copy()
    later["_truth"] = [by_id[one] for one in later["generation_id"]]
    return later.sort_values(["asked_at", "generation_id"], ignore_index=True)
