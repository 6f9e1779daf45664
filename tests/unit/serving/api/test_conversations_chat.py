from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from mandi.core.errors import StoreUnavailable
from mandi.llm.calls import Attempt, Interrupted
from mandi.llm.messages import Delta
from mandi.llm.refusals import EscalationRequired, NobodyAnswered, QuotaExceeded
from mandi.serving.api import conversations_talk
from mandi.store.records import Escalation

from ....listening import listening
from ....scripted_gateway import ScriptedGateway, outcome
from .talking import ALL, Talking, events_of, talking, words

PIECES = ("रुई ", "का भाव ", "₹7,150 ", "है।")
TEXT = "".join(PIECES)
ASKED = "Is 7,200 a fair price for cotton?"
CUT = Interrupted("g9", TEXT, "the connection was lost", "cut", "fake")


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway(*map(Delta, PIECES), outcome(TEXT))


@pytest.fixture
def talk(tmp_path: Path, gateway: ScriptedGateway) -> Iterator[Talking]:
    with talking(tmp_path, gateway) as opened:
        yield opened


def test_a_stream_gives_tokens_then_done_with_all_that_may_be_asked(talk: Talking) -> None:
    conversation = talk.begun(assistant_type="trade", language="hi")
    answer = talk.chat(conversation, ASKED, stream=True, request_id="q1")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [e["type"] for _, e in events] == ["token"] * 4 + ["done"]
    assert words(events) == TEXT and events[-1][0] == len(TEXT)
    told = events[-1][1]["metadata"]
    assert told["tokens"] == 17 and told["cost_usd"] == 0.000123 and told["latency_ms"] == 12.0
    assert told["provider"] == "fake" and told["route"] == "teacher" and told["confidence"] is None
    assert told["message_id"] == answer.headers["x-mandi-message"] and told["request_id"] == "q1"
    assert [s["model"] for s in told["sources"]] == ["price"]
    history = talk.history(conversation)
    assert [(m["role"], m["content"], m["status"]) for m in history["messages"]] == [
        ("user", ASKED, "complete"), ("assistant", TEXT, "complete"),
    ]  # fmt: skip
    assert history["messages"][1]["message_id"] == told["message_id"]
    assert history["total_messages"] == 2 and history["total_cost_usd"] == 0.000123


def test_one_body_says_what_the_stream_says(talk: Talking) -> None:
    conversation = talk.begun()
    whole = talk.chat(conversation, ASKED).json()
    told = events_of(talk.chat(talk.begun(), ASKED, stream=True).text)[-1][1]["metadata"]
    assert whole["content"] == TEXT and whole["metadata"].keys() == told.keys()
    same = ("tokens", "cost_usd", "provider", "route", "confidence", "sources", "status", "replayed")
    assert {k: whole["metadata"][k] for k in same} == {k: told[k] for k in same}


def test_the_prompt_has_its_assistant_its_history_and_what_the_models_say(
    talk: Talking, gateway: ScriptedGateway
) -> None:
    conversation = talk.begun(assistant_type="trade", language="hi")
    talk.chat(conversation, "hello")
    talk.chat(conversation, ASKED, language="en")
    first, second = gateway.calls
    system = first.prompt.messages[0]
    assert system.role == "system" and "कमोडिटी" in (system.content or "")
    assert [m.role for m in first.prompt.messages] == ["system", "user"]
    assert "commodity trading" in (second.prompt.messages[0].content or "")
    assert [m.content for m in second.prompt.messages[1:3]] == ["hello", TEXT]
    assert second.prompt.question == ASKED and second.prompt.temperature == 0.7
    assert second.prompt.facts["findings"]["price"]["answer"]["predicted_price"] == 7150.0
    assert second.conversation_id == conversation and second.endpoint.endswith("/{conversation_id}/chat")


def test_a_contract_is_no_question_for_the_models_and_a_broken_model_loses_none(talk: Talking) -> None:
    talk.chat(talk.begun(assistant_type="contract"), ASKED)
    assert talk.models.asked == []
    assert talk.chat(talk.begun(), "a broken one").json()["content"] == TEXT


def test_the_same_request_again_is_told_again_and_nobody_is_asked(
    talk: Talking, gateway: ScriptedGateway
) -> None:
    conversation = talk.begun()
    first = talk.chat(conversation, ASKED, stream=True, request_id="q1")
    message = first.headers["x-mandi-message"]
    again = events_of(talk.chat(conversation, ASKED, stream=True, request_id="q1").text)
    assert words(again) == TEXT and again[-1][1]["metadata"]["replayed"] is True
    late = talk.chat(conversation, ASKED, stream=True, request_id="q1", headers={"last-event-id": "12"})
    assert words(events_of(late.text)) == TEXT[12:]
    resumed = talk.client.get(f"{ALL}/{conversation}/messages/{message}/stream", params={"after": 4})
    assert words(events_of(resumed.text)) == TEXT[4:]
    whole = talk.chat(conversation, ASKED, request_id="q1").json()
    assert whole["content"] == TEXT and whole["metadata"]["replayed"] is True
    assert len(gateway.calls) == 1 and talk.history(conversation)["total_messages"] == 2
    assert talk.chat(conversation, "another one", request_id="q1").status_code == 409


def test_the_id_of_a_trace_is_no_id_of_a_message(talk: Talking) -> None:
    conversation = talk.begun()
    for message in ("one", "two", "two"):
        assert talk.chat(conversation, message, headers={"x-request-id": "trace-1"}).status_code == 200
    assert talk.history(conversation)["total_messages"] == 6


@pytest.mark.parametrize("after", ["-1", "x", "9" * 30])
def test_a_place_that_is_none_is_no_error_in_a_header_and_one_in_a_query(talk: Talking, after: str) -> None:
    conversation = talk.begun()
    talk.chat(conversation, ASKED, request_id="q1")
    again = talk.chat(conversation, ASKED, stream=True, request_id="q1", headers={"last-event-id": after})
    assert words(events_of(again.text)) == TEXT
    message = talk.history(conversation)["messages"][1]["message_id"]
    told = talk.client.get(f"{ALL}/{conversation}/messages/{message}/stream", params={"after": after})
    assert told.status_code == 400 and told.json()["field"] == "after"


def test_an_interrupted_answer_is_kept_and_asked_anew_only_when_told_to(tmp_path: Path) -> None:
    scripts = [[Delta("Ho"), CUT], [Delta("Sell."), outcome("Sell.")]]
    with talking(tmp_path, ScriptedGateway(scripts=scripts)) as talk:
        conversation = talk.begun()
        first = events_of(talk.chat(conversation, ASKED, stream=True, request_id="q1").text)
        assert [e["type"] for _, e in first] == ["token", "error"]
        assert first[-1][1]["code"] == "stream_interrupted" and "connection was lost" in first[-1][1]["error"]
        assert first[-1][1]["metadata"]["status"] == "partial"
        again = events_of(talk.chat(conversation, ASKED, stream=True, request_id="q1").text)
        assert words(again) == "Ho" and again[-1][1]["type"] == "error"
        assert len(talk.gateway.calls) == 1
        assert talk.history(conversation)["messages"][1]["status"] == "partial"
        anew = events_of(
            talk.chat(conversation, ASKED, stream=True, request_id="q1", **{"continue": True}).text
        )
        assert words(anew) == "Sell." and anew[-1][1]["type"] == "done"
        history = talk.history(conversation)
        assert [m["content"] for m in history["messages"]] == [ASKED, "Sell."] and history[
            "total_messages"
        ] == 2


FAILED = Attempt("fake", "fake-1", 5.0, fault="server_error", status=500)
BEFORE = [
    (QuotaExceeded("calls_per_hour", 100, 1, 100, 30.0), 429, "30"),
    (NobodyAnswered((FAILED,)), 502, None),
    (NobodyAnswered((), retry_after=5.0), 503, "5"),
    (RuntimeError("a bug with a sk-secret"), 500, None),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("error", "status", "waits"), BEFORE)
def test_nobody_answering_has_its_status_and_the_question_stays(
    tmp_path: Path, error: Exception, status: int, waits: str | None, stream: bool
) -> None:
    gateway = ScriptedGateway(scripts=[[error], [Delta(TEXT), outcome(TEXT)]])
    with talking(tmp_path, gateway) as talk:
        conversation = talk.begun()
        told = talk.chat(conversation, ASKED, stream=stream, request_id="q1")
        assert (told.status_code, told.headers.get("retry-after")) == (status, waits)
        assert "sk-secret" not in told.text
        assert [m["content"] for m in talk.history(conversation)["messages"]] == [ASKED]
        again = talk.chat(conversation, ASKED, request_id="q1")
        assert again.json()["content"] == TEXT and talk.history(conversation)["total_messages"] == 2


def test_a_bug_in_the_middle_keeps_what_was_said(tmp_path: Path) -> None:
    with talking(tmp_path, ScriptedGateway(Delta("Ho"), 0.02, RuntimeError("sk-secret"))) as talk:
        conversation = talk.begun()
        events = events_of(talk.chat(conversation, ASKED, stream=True).text)
        assert [e["type"] for _, e in events] == ["token", "error"] and events[-1][1][
            "code"
        ] == "internal_error"
        assert "sk-secret" not in str(events)
        assert talk.history(conversation)["messages"][1]["content"] == "Ho"


def test_a_person_is_asked_where_nobody_is_sure(tmp_path: Path) -> None:
    unsure = EscalationRequired(
        "g5", ASKED, "confidence 0.31 is below 0.40", requested_mode="hybrid", student_answer="Sell.", student_confidence=0.31
    )  # fmt: skip
    other = EscalationRequired("g6", ASKED, "unsure", requested_mode="hybrid")
    with talking(tmp_path, ScriptedGateway(scripts=[[unsure], [other]])) as talk:
        conversation = talk.begun()
        whole = talk.chat(conversation, ASKED).json()
        assert whole["metadata"]["route"] == "human" and whole["metadata"]["ticket_id"] in whole["content"]
        assert whole["metadata"]["degraded"] and whole["metadata"]["confidence"] is None
        events = events_of(talk.chat(conversation, ASKED, stream=True).text)
        assert [e["type"] for _, e in events] == ["token", "done"]
        tickets = talk.database.read(lambda s: {t.generation_id: t for t in s.query(Escalation)})
        assert tickets["g6"].id == events[-1][1]["metadata"]["ticket_id"]
        assert tickets["g5"].student_answer == "Sell." and tickets["g5"].question == ASKED
        assert tickets["g5"].context["findings"][0]["model"] == "price"
        kept = talk.history(conversation)["messages"][1]
        assert kept["route"] == "human" and kept["confidence"] is None


def test_a_silence_before_the_first_word_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations_talk, "PATIENCE_S", 0.03)
    with talking(tmp_path, ScriptedGateway(0.15, Delta("Hold."), outcome("Hold."))) as talk:
        answer = talk.chat(talk.begun(), ASKED, stream=True)
    assert answer.text.startswith(": ping\n\n: ping\n\n") and words(events_of(answer.text)) == "Hold."


def test_a_client_that_goes_away_leaves_what_was_said_and_stops_whoever_speaks(tmp_path: Path) -> None:
    steps = [step for n in range(3000) for step in (Delta(f"{n} "), 0.005)]
    with talking(tmp_path, ScriptedGateway(*steps, outcome())) as talk, listening(talk.app) as url:
        conversation = talk.begun()
        body = {"message": ASKED, "request_id": "q1"}
        seen = ""
        with httpx.stream("POST", f"{url}{ALL}/{conversation}/chat/stream", json=body) as answer:
            for text in answer.iter_text():
                seen += text
                if words(events_of(seen.rpartition("\n\n")[0])).endswith("7 "):
                    break
        wait_until(lambda: talk.gateway.closed == 1)
        wait_until(lambda: len(talk.history(conversation)["messages"]) == 2)
        kept = talk.history(conversation)["messages"][1]
        heard = words(events_of(seen.rpartition("\n\n")[0]))
        assert kept["status"] == "partial" and kept["content"].startswith(heard)
        rest = talk.client.get(
            f"{ALL}/{conversation}/messages/{kept['message_id']}/stream", params={"after": len(heard)}
        )
        assert heard + words(events_of(rest.text)) == kept["content"]
        assert talk.gateway.given < 3000


def test_a_second_message_meanwhile_is_told_to_wait(tmp_path: Path) -> None:
    with (
        talking(tmp_path, ScriptedGateway(0.5, Delta("Hold."), outcome("Hold."))) as talk,
        listening(talk.app) as url,
    ):
        conversation = talk.begun()
        path = f"{url}{ALL}/{conversation}/chat"
        first: list[Any] = []
        speaking = threading.Thread(target=lambda: first.append(httpx.post(path, json={"message": "one"})))
        speaking.start()
        wait_until(lambda: bool(talk.gateway.calls))
        second = httpx.post(path, json={"message": "two"})
        speaking.join()
        assert second.status_code == 409 and int(second.headers["retry-after"]) > 0
        assert first[0].json()["content"] == "Hold."
        assert [m["content"] for m in talk.history(conversation)["messages"]] == ["one", "Hold."]


def test_an_answer_that_cannot_be_kept_is_not_called_done(
    talk: Talking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = talk.begun()

    def full(*_: object) -> bool:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(conversations_talk.turns, "end", full)
    with caplog.at_level(logging.ERROR):
        events = events_of(talk.chat(conversation, ASKED, stream=True).text)
    assert events[-1][1]["type"] == "error" and "disk is full" in events[-1][1]["error"]
    assert "could not be kept" in caplog.text
    assert talk.chat(conversation, "two").status_code == 409  # the first is still open for the database


def test_what_no_database_keeps_is_mended(tmp_path: Path) -> None:
    with talking(
        tmp_path, ScriptedGateway(Delta("a\x00"), Delta("\ud83c"), Delta("\udf3e"), outcome())
    ) as talk:
        conversation = talk.begun()
        talk.chat(conversation, ASKED, stream=True)
        assert talk.history(conversation)["messages"][1]["content"] == "a\ufffd🌾"
        assert talk.chat(conversation, "nul \x00").status_code == 400


def test_the_money_adds_up_over_many_answers(talk: Talking, gateway: ScriptedGateway) -> None:
    gateway.scripts = [[outcome("x", cost_usd=Decimal("0.000001"))]]
    conversation = talk.begun()
    for n in range(7):
        talk.chat(conversation, f"message {n}")
    assert talk.history(conversation)["total_cost_usd"] == 0.000007


def wait_until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
