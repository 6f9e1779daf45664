"""The embedded student keeps its contract: same bytes, one answer never depends on another, nothing it did not learn."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from student_market import chat, directions

from mandi.core.errors import ContractError, DataNotFound, NotFitted, TooLittleData
from mandi.student.agreement import agrees
from mandi.student.base import Question
from mandi.student.embedded.student import EmbeddedStudent
from mandi.student.examination.baselines import MostFrequent
from mandi.student.examination.cases import case_of, forbidden
from mandi.student.examination.exam import examine, slices_worse
from mandi.student.examination.gain import before_after, plain_gain, shuffled
from mandi.student.examination.measures import answered
from mandi.student.params import StudentParams, student_params
from mandi.student.recalibration import Rated, recalibrate

LEARNED = [*chat(120), *directions()]
LATER = chat(30, seed=9, first=5000, part="test")
ASKED = [
    Question(e.task, e.messages, e.facts)
    for e in [*LATER, *directions(part="test", first=8000, things=("zinc", "lead"))]
]


@pytest.fixture(scope="module")
def student() -> EmbeddedStudent:
    return EmbeddedStudent().fit(LEARNED)


def test_a_saved_student_answers_the_same(student: EmbeddedStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    again = EmbeddedStudent.load(tmp_path)
    assert again.answers(ASKED) == student.answers(ASKED)
    assert (again.version, again.thresholds) == (student.version, student.thresholds)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz"}


def test_the_order_of_examples_does_not_matter(student: EmbeddedStudent) -> None:
    assert EmbeddedStudent().fit(LEARNED[::-1]).version == student.version


def test_an_answer_never_depends_on_another_question(student: EmbeddedStudent) -> None:
    alone = [student.answers([question])[0] for question in ASKED[::7]]
    assert alone == student.answers(ASKED)[::7]


def test_it_tells_the_figures_of_the_question_and_is_mostly_right(student: EmbeddedStudent) -> None:
    said = student.answers([Question(e.task, e.messages, e.facts) for e in LATER])
    right = [one is not None and agrees(one.text, e.chosen) for one, e in zip(said, LATER, strict=True)]
    assert sum(right) / len(right) > 0.8


def test_it_answers_nothing_it_did_not_learn(student: EmbeddedStudent) -> None:
    user = ({"role": "user", "content": "Is this deal fair?"},)
    labels = Question("classification", user, {"labels": ["animal", "mineral"], "text": "gold rises"})
    assert student.answers([Question("deal_analysis", user), Question("scoring", user), labels]) == [None] * 3
    assert student.answers(
        [Question("chat", ({"role": "user", "content": "Price of wheat in Kota?"},), {})]
    ) == [None]


def test_a_changed_file_is_refused(student: EmbeddedStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    file = next(tmp_path.glob("labels*.json"))
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(ContractError):
        EmbeddedStudent.load(tmp_path)
    file.unlink()
    with pytest.raises(DataNotFound):
        EmbeddedStudent.load(tmp_path)


def test_a_part_may_not_lead_out_of_the_folder(student: EmbeddedStudent, tmp_path: Path) -> None:
    student.save(tmp_path)
    about = json.loads((tmp_path / "student.json").read_text(encoding="utf-8"))
    (tmp_path / "student.json").write_text(json.dumps(about | {"parts": ["../labels0"]}), encoding="utf-8")
    with pytest.raises(ContractError):
        EmbeddedStudent.load(tmp_path)


def test_too_little_is_no_student() -> None:
    with pytest.raises(TooLittleData):
        EmbeddedStudent().fit(chat(10))
    with pytest.raises(NotFitted):
        _ = EmbeddedStudent().thresholds


def test_neither_the_frozen_part_nor_the_words_of_who_did_not_agree_are_learned(
    student: EmbeddedStudent,
) -> None:
    frozen = [replace(e, part="test") for e in chat(40, seed=3, first=20_000)]
    refused = [replace(e, consent="refused") for e in chat(40, seed=4, first=30_000)]
    assert EmbeddedStudent().fit([*LEARNED, *frozen, *refused]).version == student.version


def test_recalibration_moves_confidence_and_no_answer(student: EmbeddedStudent) -> None:
    questions = [
        Question(e.task, e.messages, e.facts)
        for e in [*chat(80, seed=5, first=40_000), *directions(first=50_000)]
    ]
    before = student.answers(questions)
    said = [(q, one.text) for q, one in zip(questions, before, strict=True) if one is not None]
    coin = np.random.default_rng(2).random(len(said)) < 0.5
    rated = [Rated(q, text, 0.98 if heads else 0.02) for (q, text), heads in zip(said, coin, strict=True)]
    moved = recalibrate(student, rated)
    after = moved.answers(questions)
    assert [a and a.text for a in after] == [a and a.text for a in before]
    sure = [one.confidence for one in after if one is not None and one.confidence is not None]
    assert abs(sum(sure) / len(sure) - 0.5) < 0.06
    assert moved.thresholds["high"] == 1.0 and moved.version != student.version
    with pytest.raises(TooLittleData):
        recalibrate(student, rated[:10])


def test_ratings_that_say_nothing_move_nothing(student: EmbeddedStudent) -> None:
    questions = [Question(e.task, e.messages, e.facts) for e in chat(80, seed=5, first=40_000)]
    before = student.answers(questions)
    rated = [Rated(q, one.text, 0.8) for q, one in zip(questions, before, strict=True) if one is not None]
    after = recalibrate(student, rated).answers(questions)
    gaps = [
        abs((a.confidence or 0) - (b.confidence or 0)) for a, b in zip(after, before, strict=True) if a and b
    ]
    assert np.mean(gaps) < 0.02
    assert max(gaps) < 0.1


def test_the_examination_sees_a_gain_and_shuffled_feedback_none(student: EmbeddedStudent) -> None:
    cases = [
        replace(case_of(e), cluster=e.cluster)
        for e in directions(part="test", first=8000, things=("zinc", "lead", "tin", "steel"))
    ]
    nothing = EmbeddedStudent().fit(shuffled(directions(), 3))
    plain = MostFrequent().fit(LEARNED)
    found = examine(
        student, cases, {"most_frequent": plain, "champion": nothing}, target=0.93, tolerance=0.02
    )
    assert found.metrics["most_frequent.gain_low"] > 0.2 and found.metrics["champion.gain_low"] > 0.1
    assert found.metrics["champion.slices_worse"] == 0
    assert found.metrics["refusals.confident"] == 0
    assert set(found.answers["student"]) == {"challenger", "champion", "most_frequent"}
    own, other = (
        answered(one, cases, lambda case, text: text == case.accepted) for one in (student, nothing)
    )
    assert slices_worse(other, own, 0.02) == [cases[0].part]
    rows = before_after(nothing, student, cases)
    assert plain_gain(rows.iloc[0]).startswith("accuracy rose")
    assert {case.part for case in forbidden(cases)} == {"labels_nobody_learned"}


def test_parameters_come_from_their_section() -> None:
    assert student_params({"seed": 3, "student": {"folds": 5, "local": {"anything": 1}}}) == StudentParams(
        folds=5, seed=3
    )
