"""The student answers what it learned and is sure of; what it is not sure of a teacher gets, and below that a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import DataNotFound
from mandi.llm.messages import Prompt
from mandi.serving.students import LabelStudent
from mandi.text.text_student import TextStudent, TextStudentParams

from ..llm.scripted import Says, Scripted
from .whole_shop import whole_shop

THINGS = [
    "gold",
    "silver",
    "copper",
    "cotton",
    "wheat",
    "maize",
    "jute",
    "rubber",
    "pepper",
    "turmeric",
    "sugar",
    "coffee",
    "tea",
    "castor",
    "guar",
]
SAID = {
    "up": (
        "{} rises on strong buying",
        "mills lift {} to a new high",
        "{} gains as stocks shrink",
        "rally in {} goes on",
    ),
    "down": (
        "{} falls on weak demand",
        "traders dump {} at a loss",
        "{} slips as arrivals swell",
        "slump of {} deepens",
    ),
}
TEXTS = [(words.format(thing), label) for thing in THINGS for label, said in SAID.items() for words in said]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("student")
    (home / "direction").mkdir()
    texts, labels = zip(*TEXTS, strict=True)
    by_thing = [THINGS.index(thing) for thing in THINGS for _ in range(8)]
    TextStudent(TextStudentParams(strengths=(5.0,))).fit(texts, labels, by_thing).save(home / "direction")
    return home


def asked(labels: list[str], text: str = "onion falls on weak demand") -> Prompt:
    return Prompt((), task="classification", facts={"labels": labels, "text": text})


def test_it_answers_for_its_own_labels_in_any_order_and_no_others(folder: Path) -> None:
    student = LabelStudent.load(folder)
    label, confidence = student.answer(asked(["up", "down"])) or ("", None)
    assert json.loads(label) == {"label": "down"} and confidence is not None and confidence > 0.8
    assert student.answer(asked(["down", "up"])) == (label, confidence)
    assert student.answer(asked(["up", "down", "none"])) is None
    assert student.answer(Prompt((), task="classification")) is None
    assert student.version == LabelStudent.load(folder).version
    assert not student.knows("chat")


def test_an_empty_folder_is_no_student(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound):
        LabelStudent.load(tmp_path / "nowhere")


def test_the_student_answers_when_sure_and_asks_a_teacher_when_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    teacher = Scripted("openai", script=[Says('{"label": "up"}')])

    def classify(shop: Any, text: str) -> Any:
        body = {"task_type": "classification", "prompt": text, "context": {"labels": ["up", "down"]}}
        return shop.post("/api/v1/ai/execute", body).json()

    with whole_shop(tmp_path, monkeypatch, [teacher], student_folder=folder) as shop:
        sure = classify(shop, "onion falls on weak demand")
        assert teacher.asked == []
        unsure = classify(shop, "banks closed tomorrow")
    assert (sure["result"], sure["metadata"]["route"]) == ("down", "student")
    assert sure["metadata"]["confidence"] > 0.75 and sure["metadata"]["cost_usd"] == 0
    assert (unsure["result"], unsure["metadata"]["route"]) == ("up", "teacher")
    assert len(teacher.asked) == 1
