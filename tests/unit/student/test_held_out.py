"""What confidence is fitted on: questions held back with all that are worded alike, and later ones asked of what was known before."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from student_market import directions

from mandi.student.embedded.held_out import alike, dealt, later_blocks
from mandi.student.embedded.labels import LabelClassifier, Row
from mandi.student.embedded.lessons import lessons, rows_of
from mandi.student.params import StudentParams
from mandi.student.scaling import fit_scaling


def rows(shift: float = 0.0) -> list[Row]:
    """Return texts of three directions, a day apart; the latest are known ``shift`` seconds after the last was asked."""
    good, _ = rows_of(lessons(directions()))
    found = [replace(row, asked=86_400.0 * k, known=86_400.0 * k) for k, row in enumerate(good)]
    return [replace(row, known=row.known + shift) for row in found]


def test_near_duplicates_are_in_one_group_whatever_their_words() -> None:
    apart = np.eye(4)
    assert alike(apart, np.array([0, 1, 1, 2])).tolist() == [0, 1, 1, 2]


def test_wordings_alike_are_dealt_whole() -> None:
    near = np.eye(9)
    for start in (0, 3, 6):
        near[start : start + 3, start : start + 3] = 1.0
    fold = dealt(near, np.arange(9), np.arange(9), 3, 0)
    assert [len(set(fold[k : k + 3].tolist())) for k in (0, 3, 6)] == [1, 1, 1]


def test_too_few_groups_leave_the_near_duplicates() -> None:
    fold = dealt(np.ones((8, 8)), np.arange(8), np.arange(8), 4, 0)
    assert sorted(np.bincount(fold).tolist()) == [2, 2, 2, 2]


def test_blocks_follow_each_other_and_leave_the_first_questions_to_be_learned() -> None:
    blocks = later_blocks(np.arange(100.0))
    assert [end for _, end in blocks[:-1]] == [begin for begin, _ in blocks[1:]]
    assert blocks[0][0] > 30 and blocks[-1][1] > 99
    assert later_blocks(np.zeros(50)) == []


def test_confidence_is_fitted_on_later_texts_where_they_were_known_in_time() -> None:
    in_time = LabelClassifier(("down", "flat", "up"), StudentParams())
    in_time.fit(rows())
    too_late = LabelClassifier(("down", "flat", "up"), StudentParams())
    too_late.fit(rows(shift=1e9))
    assert in_time.report["later"] > 50
    assert too_late.report["later"] == 0


def test_labels_held_back_together_bend_no_answer() -> None:
    """A bias fitted on texts held back by wording would answer every text with the same label."""
    one = LabelClassifier(("down", "flat", "up"), StudentParams())
    one.fit(rows())
    assert one.calibrator is not None and set(one.calibrator.bias) == {0.0}
    said = one.answers([row.text for row in rows()])
    right = [label == row.label for (label, _), row in zip(said, rows(), strict=True)]
    assert np.mean(right) > 0.95


@pytest.mark.parametrize(("firm", "least"), [(4.0, 0.0), (0.1, 0.5)])
def test_a_loosely_held_kind_moves_further(firm: float, least: float) -> None:
    kinds, sure = ["chat"] * 20 + ["label"] * 20, np.full(40, 0.7)
    right = np.repeat([0.3, 0.9], 20)
    found = fit_scaling(kinds, sure, right, firm=firm)
    assert found.by_task["label"] - found.by_task["chat"] > least
