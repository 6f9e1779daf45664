"""What the service keeps of its answers: scrubbed, with its rights and flags, only where that is allowed, never in the way."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mandi.llm.messages import Message, Prompt
from mandi.llm.path.record import Contents
from mandi.serving.learning.diary import LONGEST, Diary
from mandi.store.records import GenerationRecord, SystemConfig, TutorPair

from ...llm.scripted import Fails, Says, Scripted
from ..planted_words import SECRETS, PlantedWords
from ..test_call_records import RECORD
from ..whole_shop import Shop, whole_shop

ASKED = "Call asha@example.org or 9876543210: hold 120 quintals of cotton at 7100?"
CHAT = {"model": "mandi-hybrid", "messages": [{"role": "user", "content": ASKED}]}
TASK = {"task_type": "classification", "prompt": ASKED, "context": {"labels": ["price", "quality"]}}
LABEL = json.dumps({"label": "price"})


@pytest.fixture
def vendor() -> Scripted:
    return Scripted("openai", script=[Says("Hold, says asha@example.org.")])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Scripted) -> Iterator[Shop]:
    with whole_shop(tmp_path, monkeypatch, [vendor]) as opened:
        yield opened


def test_an_answer_is_kept_scrubbed_with_its_rights(shop: Shop, tmp_path: Path) -> None:
    told = shop.post("/v1/chat/completions", CHAT).json()
    (row,) = shop.kept(GenerationRecord)
    assert row.generation_id == told["mandi"]["generation_id"]
    assert row.question == "Call <mail> or <phone>: hold 120 quintals of cotton at 7100?"
    assert (row.answer, row.messages[-1]) == ("Hold, says <mail>.", {"role": "user", "content": row.question})
    assert (row.consent, row.licence, row.provenance) == ("granted", "vendor-terms", "service")
    assert (row.status, row.fallback, row.degraded, row.route, row.provider) == (
        "success",
        False,
        False,
        "teacher",
        "openai",
    )
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(secret.encode() in files for secret in SECRETS), "nothing unscrubbed was ever on the disk"


def test_a_label_is_kept_as_a_person_would_say_it(shop: Shop, vendor: Scripted) -> None:
    vendor.script[:] = [Says(LABEL)]
    assert shop.post("/api/v1/ai/execute", TASK).json()["result"] == "price"
    (row,) = shop.kept(GenerationRecord)
    assert (row.answer, row.facts["labels"]) == ("price", ["price", "quality"])
    assert "<phone>" in row.facts["text"]


def test_who_refuses_is_not_kept(shop: Shop) -> None:
    for header in ("no", "No", "false", "0"):
        shop.post("/v1/chat/completions", CHAT, headers={"x-mandi-learn": header})
    shop.post("/v1/embeddings", {"model": "mandi-encoder", "input": ASKED})
    assert shop.kept(GenerationRecord) == []
    shop.post("/v1/chat/completions", CHAT, headers={"x-mandi-learn": "yes"})
    assert len(shop.kept(GenerationRecord)) == 1


def test_an_organisation_refuses_and_what_was_kept_is_deleted(shop: Shop) -> None:
    shop.post("/v1/chat/completions", CHAT)
    assert len(shop.kept(GenerationRecord)) == 1
    own = "/api/v1/organization"
    told = shop.client.patch(own, json={"learning_consent": "refused"}).json()
    assert told["learning_consent"] == "refused" and shop.kept(GenerationRecord) == []
    shop.post("/v1/chat/completions", CHAT)
    assert shop.kept(GenerationRecord) == []
    trader = shop.somebody("trader", "local")
    assert shop.client.patch(own, json={"learning_consent": "granted"}, headers=trader).status_code == 403
    assert shop.client.patch(own, json={"learning_consent": "maybe"}).status_code == 400
    assert shop.client.patch(own, json={"learning_consent": None}).json()["learning_consent"] is None
    shop.post("/v1/chat/completions", CHAT)
    assert len(shop.kept(GenerationRecord)) == 1


def test_refused_is_the_default_where_it_is_set_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Scripted
) -> None:
    with whole_shop(tmp_path, monkeypatch, [vendor], learning_consent="refused") as shop:
        shop.post("/v1/chat/completions", CHAT)
        assert shop.kept(GenerationRecord) == []
        shop.client.patch("/api/v1/organization", json={"learning_consent": "granted"})
        shop.post("/v1/chat/completions", CHAT)
        assert len(shop.kept(GenerationRecord)) == 1


def test_switched_off_nobody_keeps_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Scripted
) -> None:
    with whole_shop(tmp_path, monkeypatch, [vendor], enable_generation_records=False) as shop:
        told = shop.post("/v1/chat/completions", CHAT).json()["mandi"]["generation_id"]
        path = f"/api/v1/ai/generations/{told}/feedback"
        assert shop.post(path, {"thumbs": "up"}).status_code == 200
        assert shop.post(path, {"comment": "good"}).status_code == 409
        assert shop.kept(GenerationRecord) == [] and shop.opened.diary is None


def test_what_was_not_asked_for_says_so(shop: Shop, vendor: Scripted) -> None:
    vendor.script[:] = [Fails()]
    shop.post("/v1/chat/completions", CHAT)  # the analyst stands in, without evidence
    vendor.script[:] = [Fails(after=1)]
    shop.post("/v1/chat/completions", CHAT | {"stream": True})
    rows = {row.status: row for row in shop.kept(GenerationRecord)}
    stood_in, broken = rows["success"], rows["partial"]
    assert (stood_in.fallback, stood_in.degraded, stood_in.licence, stood_in.effective_mode) == (
        True,
        True,
        "own",
        "mock",
    )
    assert broken.answer and (broken.provider, broken.licence) == ("openai", "vendor-terms")


def test_a_student_that_was_not_sure_stands_beside_its_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Scripted
) -> None:
    vendor.script[:] = [Says(json.dumps({"label": "quality"}))]
    student = Scripted("student", kind="student", script=[Says(LABEL, confidence=0.5)])
    with whole_shop(tmp_path, monkeypatch, [student, vendor], enable_tutor_logging=True) as shop:
        generation_id = shop.post("/api/v1/ai/execute", TASK).json()["metadata"]["generation_id"]
        (pair,) = shop.kept(TutorPair)
        assert (pair.student_output, pair.teacher_output, pair.confidence_score) == ("price", "quality", 0.5)
        assert (pair.licence, pair.human_verdict) == ("vendor-terms", None) and "<mail>" in pair.input_text
        shop.post(f"/api/v1/ai/generations/{generation_id}/feedback", {"correction": "price"})
        (pair,) = shop.kept(TutorPair)
        assert pair.human_verdict == "student"


def test_without_the_switch_there_are_no_tutor_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: Scripted
) -> None:
    vendor.script[:] = [Says(json.dumps({"label": "quality"}))]
    student = Scripted("student", kind="student", script=[Says(LABEL, confidence=0.5)])
    with whole_shop(tmp_path, monkeypatch, [student, vendor]) as shop:
        shop.post("/api/v1/ai/execute", TASK)
        (row,) = shop.kept(GenerationRecord)
        assert shop.kept(TutorPair) == []
    assert (row.answer, row.student_answer, row.student_confidence) == ("quality", "price", 0.5)


def test_a_deleted_conversation_takes_its_words_along(shop: Shop) -> None:
    made = shop.post("/api/v1/ai/conversations", {"assistant_type": "general"}).json()
    one = f"/api/v1/ai/conversations/{made['conversation_id']}"
    shop.post(f"{one}/chat", {"message": ASKED})
    (row,) = shop.kept(GenerationRecord)
    assert row.conversation_id == made["conversation_id"]
    assert shop.client.delete(one).status_code == 204
    assert shop.kept(GenerationRecord) == []


def test_somebody_who_is_erased_is_told_what_was_deleted(shop: Shop) -> None:
    trader = shop.somebody("trader", "local")
    shop.post("/v1/chat/completions", CHAT, headers=trader)
    who = shop.client.get("/api/v1/me", headers=trader).json()["user"]["user_id"]
    told = shop.client.delete(f"/api/v1/users/{who}")
    assert (told.status_code, told.json()["generations"], told.json()["dataset_versions"]) == (200, 1, [])
    assert shop.kept(GenerationRecord) == []


def test_the_salt_is_made_once_and_not_told(shop: Shop) -> None:
    shop.post("/v1/chat/completions", CHAT)
    shop.kept(GenerationRecord)
    (salt,) = shop.kept(SystemConfig, key="learning_salt")
    assert len(salt.value) == 32
    told = [shop.client.get(path).text for path in ("/admin/alerts", "/api/v1/organization", "/api/v1/audit")]
    assert not any(salt.value in text for text in told)


class Blocked:
    """A spool that takes nothing until it is let."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.open = False

    def put(self, row: Any) -> None:
        while not self.open:
            time.sleep(0.001)
        self.rows.append(row)


def contents(text: str = "What now?", **more: Any) -> Contents:
    return Contents(Prompt((Message("user", text),)), "Hold.", **more)


def test_words_are_dropped_and_counted_when_there_is_no_room(caplog: pytest.LogCaptureFixture) -> None:
    spool: Any = Blocked()
    diary = Diary(spool, PlantedWords, {"openai": "vendor"}, room=3)
    begun = time.perf_counter()
    for i in range(20):
        diary.keep(replace(RECORD, generation_id=f"g{i}"), contents())
    assert time.perf_counter() - begun < 0.5 and diary.lost >= 16
    spool.open = True
    diary.close()
    assert len(spool.rows) + diary.lost == 20 and "no room" in caplog.text


def test_words_that_cannot_be_scrubbed_are_not_written(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(PlantedWords):
        def text(self, text: str) -> str:
            if "secret" in text:
                raise ValueError(text)
            return text

    spool: Any = Blocked()
    spool.open = True
    diary = Diary(spool, Broken, {})
    diary.keep(RECORD, contents("a secret"))
    diary.keep(RECORD, contents("nothing"))
    diary.keep(RECORD, contents("x" * LONGEST))
    diary.close()
    assert [row.question for row in spool.rows] == ["nothing"] and diary.lost == 1
    assert spool.rows[0].licence == "vendor-terms", "of a provider nobody knows the strictest is assumed"
    assert "secret" not in caplog.text
