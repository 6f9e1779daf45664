"""The evidence for and against each answer as numbers in [0, 1]; what nobody said and nothing shows is NaN."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.feedback.agreement import agreement
from mandi.feedback.reward.checks import badly_long, facts_of, grounded, refuses

if TYPE_CHECKING:
    from pandas import DataFrame

SIGNALS = (
    "rating", "others", "human", "correction", "human_correction", "verdict", "student", "preferred", "outcome", "grounded",
    "refused", "length",
)  # fmt: skip
SPOKEN = ("rating", "others", "human", "correction", "human_correction", "verdict", "preferred")
"""Signals that somebody said; the others are seen without anybody."""
SHORTEST, LONGEST = 3, 200
NAN = float("nan")


def signals(generations: DataFrame, said: DataFrame, tutor_pairs: DataFrame) -> DataFrame:
    """Return the signals of each answer, in the order of ``generations``; its index is the generation id.

    Parameters
    ----------
    generations : DataFrame
        As ``given`` returns it: the words of a person where the question went to one.
    said : DataFrame
        What ``opinions`` returned for it.
    tutor_pairs : DataFrame
        As ``TUTOR_PAIRS``.

    Returns
    -------
    DataFrame
        ``SIGNALS``, float64. ``rating``, ``others``, ``human``: stars as (stars - 1) / 4. ``correction``, ``human_correction``: how far the
        answer agrees with what it should have been. ``verdict``: what a person said of the pair of student and teacher; 1 for a person's own answer. ``student``:
        agreement of the student's answer with another's. ``preferred``: share of choices it won. ``outcome``: whether what it said
        held. ``grounded``: share of its figures that are in the facts or in the question. ``refused``, ``length``: 0 where an answer is none, or too short or
        long; NaN otherwise, since an answer that is no refusal is not therefore right.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
    >>> from mandi.feedback.reward.opinions import opinions
    >>> nobody = GENERATIONS.empty()
    >>> signals(nobody, opinions(nobody, FEEDBACK.empty()), TUTOR_PAIRS.empty()).shape
    (0, 12)
    """
    import pandas as pd

    verdicts = _verdicts(tutor_pairs)
    judged = said.to_dict("records")
    rows = [
        _row(row, held, verdicts.get(row["generation_id"], {}))
        for row, held in zip(generations.to_dict("records"), judged, strict=True)
    ]
    index = pd.Index(generations["generation_id"], name="generation_id")
    return pd.DataFrame(rows, columns=list(SIGNALS), index=index, dtype=np.float64)


def _row(row: dict[Any, Any], said: dict[Any, Any], verdict: dict[str, str]) -> dict[str, float]:
    answer, task = str(row["answer"]), str(row["task_type"])
    share = (
        grounded(answer, {"facts": facts_of(row["facts"]), "question": row["question"]})
        if task != "classification"
        else None
    )
    persons = row["route"] == "human" and isinstance(said["human_correction"], str)
    choices = said["wins"] + said["losses"]
    return {
        "rating": _stars(said["rating"]), "others": _stars(said["others"]), "human": _stars(said["human"]),
        "correction": _agrees(answer, said["user_correction"], task),
        "human_correction": NAN if persons else _agrees(answer, said["human_correction"], task),
        "verdict": 1.0 if persons else _verdict(answer, verdict),
        "student": NAN if row["route"] == "student" else _agrees(answer, row["student_answer"], task),
        "preferred": said["wins"] / choices if choices else NAN,
        "outcome": _outcome(row["outcome"]),
        "grounded": NAN if share is None else share,
        "refused": 0.0 if task != "classification" and refuses(answer) else NAN,
        "length": 0.0 if badly_long(answer, task, SHORTEST, LONGEST) else NAN,
    }  # fmt: skip


def _stars(rating: float) -> float:
    return (float(rating) - 1.0) / 4.0


def _agrees(answer: str, other: str | None, task: str) -> float:
    return agreement(answer, other, task) if isinstance(other, str) and other.strip() else NAN


def _outcome(text: str | None) -> float:
    held = json.loads(text).get("held") if text else None
    return NAN if held is None else float(bool(held))


def _verdicts(tutor_pairs: DataFrame) -> dict[str, dict[str, str]]:
    known = tutor_pairs.dropna(subset=["human_verdict"]).sort_values("pair_id", kind="stable")
    return {row["generation_id"]: row for row in known.to_dict("records")}  # type: ignore[misc]


def _verdict(answer: str, pair: dict[str, str]) -> float:
    if not pair:
        return NAN
    right = pair["human_verdict"]
    for side, said in (("teacher", pair["teacher_output"]), ("student", pair["student_output"])):
        if answer.strip() == said.strip():
            return float(right in (side, "both"))
    return NAN
