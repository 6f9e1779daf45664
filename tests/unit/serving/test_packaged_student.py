"""The student that passed its gate is packaged beside the models, served from there, and trusted as far as it has earned."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "student"))
from student_market import chat, directions, facts_of

from mandi.core.errors import ContractError, DataNotFound
from mandi.llm.messages import Message, Prompt
from mandi.serving.packaged_student import packaged_student, put_student
from mandi.serving.snapshot import MANIFEST
from mandi.serving.students import LearnedStudent, student_of
from mandi.student.embedded.student import EmbeddedStudent

from ..llm.scripted import Says, Scripted
from .whole_shop import whole_shop

LABELS = ["up", "down", "flat"]


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("student")
    EmbeddedStudent().fit([*chat(120), *directions()]).save(home)
    return home


@pytest.fixture
def served(tmp_path: Path, learned: Path) -> Path:
    """A service folder with a model's place in it and the student."""
    home = tmp_path / "service"
    (home / "price").mkdir(parents=True)
    (home / "price" / "model.json").write_text("{}")
    entry = {
        "version": "1",
        "snapshot_time": "2025-01-01T00:00:00Z",
        "folder": "price",
        "files": {"model.json": "x"},
    }
    manifest = {"created": "2025-01-01T00:00:00Z", "source": "generated", "models": {"price": entry}}
    (home / MANIFEST).write_text(json.dumps(manifest))
    put_student(home, learned, {"version": "4", "metrics": {"frozen.accuracy": 0.8}})
    return home


def test_a_student_is_put_beside_the_models_and_taken_out_again(served: Path) -> None:
    manifest = json.loads((served / MANIFEST).read_text())
    assert manifest["student"]["version"] == "4" and list(manifest["models"]) == ["price"]
    assert packaged_student(served) == served / "student"
    assert (served / "price" / "model.json").read_text() == "{}"
    put_student(served, None)
    assert packaged_student(served) is None and not (served / "student").exists()
    assert (served / "price").is_dir()
    put_student(served, None)


def test_a_file_that_is_not_the_packaged_one_is_refused(served: Path) -> None:
    file = next((served / "student").glob("*.npz"))
    file.write_bytes(file.read_bytes()[:-9] + b"something")
    with pytest.raises(ContractError):
        packaged_student(served)
    file.unlink()
    with pytest.raises(DataNotFound):
        packaged_student(served)


def test_no_student_without_a_service_folder(tmp_path: Path, learned: Path) -> None:
    with pytest.raises(DataNotFound):
        put_student(tmp_path / "service", learned)
    assert packaged_student(tmp_path / "service") is None


def test_the_adapter_says_what_the_student_says(learned: Path) -> None:
    student = student_of(learned)
    assert isinstance(student, LearnedStudent)
    assert student.knows("classification") and student.knows("chat") and not student.knows("deal_analysis")
    facts = facts_of("wheat", "Kota", 2481.4, 300.2)
    said = student.answer(
        Prompt((Message("user", "What is the price of wheat in Kota?"),), task="chat", facts=facts)
    )
    assert said is not None and "2,481" in said[0] and said[1] is not None and 0 <= said[1] <= 1
    assert (
        student.answer(Prompt((Message("user", "What is the price of wheat in Kota?"),), task="chat")) is None
    )


def test_one_answer_takes_milliseconds(learned: Path) -> None:
    student = student_of(learned)
    asked = Prompt(
        (Message("user", "x"),),
        task="classification",
        facts={"labels": LABELS, "text": "onion slips as arrivals swell"},
    )
    student.answer(asked)
    begun = time.process_time()
    for _ in range(20):
        student.answer(asked)
    assert (time.process_time() - begun) / 20 < 0.02


def test_the_service_answers_with_the_packaged_student_and_says_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Path
) -> None:
    teacher = Scripted("openai", script=[Says('{"label": "flat"}')])
    with whole_shop(tmp_path, monkeypatch, [teacher], service=served) as shop:
        told = _classified(shop, "onion slips as arrivals swell")
        health = shop.client.get("/api/v1/health").json()["dependencies"]["student"]
    version = student_of(served / "student").version
    assert told["result"] == "down" and told["metadata"]["route"] == "student"
    assert told["metadata"]["model"] == version
    assert health["facts"]["version"] == version and health["status"] == "ok" and teacher.asked == []


def test_a_student_that_reached_no_threshold_never_answers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, learned: Path
) -> None:
    home = tmp_path / "humble"
    shutil.copytree(learned, home)
    humble = EmbeddedStudent.load(learned)
    humble.scaled(humble.scaling, {"high": 1.0, "low": 0.0}).save(home)
    teacher = Scripted("openai", script=[Says('{"label": "flat"}')])
    with whole_shop(tmp_path, monkeypatch, [teacher], student_folder=home) as shop:
        told = _classified(shop, "onion slips as arrivals swell")
    assert told["metadata"]["route"] == "teacher" and told["result"] == "flat"


def test_the_operators_thresholds_win_over_the_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Path
) -> None:
    teacher = Scripted("openai", script=[Says('{"label": "flat"}')])
    with whole_shop(
        tmp_path, monkeypatch, [teacher], service=served, threshold_high=1.0, threshold_low=0.0
    ) as shop:
        told = _classified(shop, "onion slips as arrivals swell")
        facts = shop.client.get("/api/v1/health").json()["dependencies"]["student"]["facts"]
    assert told["metadata"]["route"] == "teacher" and (facts["high"], facts["low"]) == (1.0, 0.0)


def test_a_damaged_student_keeps_nobody_from_being_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Path
) -> None:
    (served / "student" / "student.json").write_text("{", encoding="utf-8")
    teacher = Scripted("openai", script=[Says('{"label": "flat"}')])
    with whole_shop(tmp_path, monkeypatch, [teacher], service=served) as shop:
        told = _classified(shop, "onion slips as arrivals swell")
        health = shop.client.get("/api/v1/health").json()["dependencies"]["student"]
    assert told["metadata"]["route"] == "teacher"
    assert health["status"] == "degraded" and "cannot be used" in health["detail"]


def _classified(shop: Any, text: str) -> Any:
    body = {"task_type": "classification", "prompt": text, "context": {"labels": LABELS}}
    return shop.post("/api/v1/ai/execute", body).json()
