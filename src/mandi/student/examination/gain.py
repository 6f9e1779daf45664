"""A champion beside a challenger on the same questions, and what remains of the gain when the feedback is shuffled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.datasets.rows import Example
from mandi.student.base import Question, StudentModel
from mandi.student.embedded.lessons import CLASSIFICATION
from mandi.student.examination.cases import Case, Judge, accepted, part_of
from mandi.student.examination.measures import answered, coverage_gain, interval, paired_gain, summary

if TYPE_CHECKING:
    from pandas import DataFrame

ALL = "all"


def before_after(
    champion: StudentModel,
    challenger: StudentModel,
    cases: Sequence[Case],
    judge: Judge = accepted,
    *,
    target: float = 0.93,
) -> DataFrame:
    """Measure two students on the same cases.

    Parameters
    ----------
    champion, challenger : StudentModel
    cases : sequence of Case
        None of them learned by either.
    judge : callable
        Agreement with the accepted answer if not given.
    target : float
        Accuracy at which the share that may be answered alone is measured.

    Returns
    -------
    DataFrame
        A row for ``all`` and one per slice: part, rows; before, after, gain, gain_low, gain_high (accuracy; no answer is not right);
        share_before, share_after (from each version's own high threshold), confident_accuracy_before and _after;
        coverage_before, coverage_after, coverage_gain, coverage_gain_low, coverage_gain_high (largest share at accuracy ``target``).
        Intervals are of 95 %, near-duplicates drawn whole.
    """
    import pandas as pd

    one, two = answered(champion, cases, judge), answered(challenger, cases, judge)
    rows = []
    for part in [ALL, *sorted(one["part"].unique())]:
        picked = (one["part"] == part) | (part == ALL)
        mine, theirs = one[picked], two[picked]
        gain, low, high = paired_gain(theirs["right"], mine["right"], mine["cluster"])
        wider, wider_low, wider_high = coverage_gain(theirs, mine, target, draws=300)
        before, after = (
            summary(frame, student.thresholds["high"], target)
            for frame, student in ((mine, champion), (theirs, challenger))
        )
        rows.append(
            {
                "part": part, "rows": len(mine), "before": before["accuracy"], "after": after["accuracy"],
                "gain": gain, "gain_low": low, "gain_high": high,
                "share_before": before["confident"], "share_after": after["confident"],
                "confident_accuracy_before": before.get("confident_accuracy", np.nan),
                "confident_accuracy_after": after.get("confident_accuracy", np.nan),
                "coverage_before": before["coverage_at_target"], "coverage_after": after["coverage_at_target"],
                "coverage_gain": wider, "coverage_gain_low": wider_low, "coverage_gain_high": wider_high,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def shuffled(examples: Sequence[Example], seed: int = 0) -> list[Example]:
    """Return the examples with their answers dealt out anew among the questions of a slice: feedback that says nothing.

    Verdicts on unpaired answers are dealt out too; whatever else an example holds stays with its question.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        groups[example.purpose, part_of(Question(example.task, example.messages, example.facts))].append(
            number
        )
    draw = np.random.default_rng(seed)
    found = list(examples)
    for key in sorted(groups):
        numbers = groups[key]
        dealt = draw.permutation(len(numbers))
        for number, other in zip(numbers, dealt, strict=True):
            source = examples[numbers[int(other)]]
            found[number] = replace(
                examples[number], chosen=source.chosen, rejected=source.rejected, label=source.label
            )
            if (
                examples[number].task != CLASSIFICATION
            ):  # the figures of the dealt answer belong to its own facts
                found[number] = replace(found[number], facts=source.facts)
    return found


def plain_gain(row: Any, name: str = "gain") -> str:
    """Return one sentence about a gain, which says so where there is none.

    Examples
    --------
    >>> plain_gain({"gain": 0.031, "gain_low": 0.011, "gain_high": 0.052})
    'accuracy rose by 3.1 points (95 % interval 1.1 to 5.2)'
    >>> plain_gain({"gain": 0.004, "gain_low": -0.011, "gain_high": 0.02})
    'feedback did not help: accuracy changed by 0.4 points, and the 95 % interval (-1.1 to 2.0) includes none'
    """
    gain, low, high = (100 * float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    if low > 0:
        return f"accuracy rose by {gain:.1f} points (95 % interval {low:.1f} to {high:.1f})"
    if high < 0:
        return (
            f"feedback did harm: accuracy fell by {-gain:.1f} points (95 % interval {low:.1f} to {high:.1f})"
        )
    return f"feedback did not help: accuracy changed by {gain:.1f} points, and the 95 % interval ({low:.1f} to {high:.1f}) includes none"


def bounds_of(frame: DataFrame) -> tuple[float, float]:
    """Return the 95 % interval of the accuracy of ``answered``."""
    return interval(frame["right"], frame["cluster"])
