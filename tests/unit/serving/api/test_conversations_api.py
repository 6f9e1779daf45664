from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mandi.llm.messages import Delta
from mandi.serving.api.conversations_api import conversation_operations
from mandi.serving.openapi import document
from mandi.store.records import Message

from ....scripted_gateway import ScriptedGateway, outcome
from .talking import ALL, Talking, talking


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talking]:
    with talking(tmp_path, ScriptedGateway(Delta("Hold."), outcome("Hold."))) as opened:
        yield opened


def test_a_conversation_is_begun_with_its_session_and_language(talk: Talking) -> None:
    answer = talk.client.post(ALL, json={"assistant_type": "trade", "language": "ta"})
    told = answer.json()
    assert answer.status_code == 201 and told["language"] == "ta" and told["title"] is None
    assert told["session_id"].startswith("sess_") and len(told["session_id"]) > 30
    named = talk.client.post(ALL, json={"title": "Cotton, Rajkot"}).json()
    talk.chat(named["conversation_id"], "something else")
    found = talk.client.get(f"{ALL}/{named['conversation_id']}").json()
    assert found["title"] == "Cotton, Rajkot" and found["total_messages"] == 2
    assert named["session_id"] != told["session_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"assistant_type": "wizard"}, "assistant_type"),
        ({"language": "xx"}, "language"),
        ({"title": "x" * 201}, "title"),
        ({"title": "nul \x00"}, "title"),
        ({"user_id": "somebody"}, "user_id"),
    ],
)
def test_what_is_no_conversation_is_refused_by_name(talk: Talking, body: dict[str, Any], field: str) -> None:
    answer = talk.client.post(ALL, json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "message"),
        ({"message": ""}, "message"),
        ({"message": " \n"}, "message"),
        ({"message": "x" * 16_001}, "message"),
        ({"message": "x", "request_id": "../etc"}, "request_id"),
        ({"message": "x", "language": "fr"}, "language"),
        ({"message": "x", "again": True}, "again"),
    ],
)
def test_what_is_no_message_is_refused_by_name(talk: Talking, body: dict[str, Any], field: str) -> None:
    conversation = talk.begun()
    for path in ("chat", "chat/stream"):
        answer = talk.client.post(f"{ALL}/{conversation}/{path}", json=body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert talk.history(conversation)["messages"] == []


def test_conversations_are_listed_page_by_page(talk: Talking) -> None:
    made = [talk.begun() for _ in range(5)]
    talk.begun("zoya")
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = talk.client.get(ALL, params=query).json()
        seen += [c["conversation_id"] for c in page["conversations"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert seen == made[::-1]
    assert talk.client.get(ALL, params={"before": "nothing"}).status_code == 404
    assert talk.client.get(ALL, params={"limit": 0}).status_code == 400


def test_a_conversation_is_renamed_closed_and_opened(talk: Talking) -> None:
    one = f"{ALL}/{talk.begun()}"
    closed = talk.client.patch(one, json={"title": "कपास", "is_active": False}).json()
    assert closed["title"] == "कपास" and not closed["is_active"] and closed["ended_at"]
    refused = talk.client.post(f"{one}/chat", json={"message": "hello"})
    assert refused.status_code == 409 and "is_active" in refused.json()["allowed"]
    assert "retry-after" not in refused.headers
    opened = talk.client.patch(one, json={"is_active": True}).json()
    assert opened["is_active"] and opened["ended_at"] is None and opened["title"] == "कपास"
    assert talk.client.patch(one, json={}).status_code == 400


def test_deleting_is_for_good(talk: Talking) -> None:
    conversation = talk.begun()
    talk.chat(conversation, "secret")
    one = f"{ALL}/{conversation}"
    assert talk.client.delete(one).status_code == 204
    assert talk.client.delete(one).status_code == 404 and talk.client.get(one).status_code == 404
    assert talk.database.read(lambda s: s.query(Message).count()) == 0


def test_history_has_its_fields_and_pages(talk: Talking) -> None:
    conversation = talk.begun(language="hi")
    for n in range(3):
        talk.chat(conversation, f"q{n}", language="en" if n == 2 else None)
    whole = talk.history(conversation)
    assert set(whole) == {"conversation_id", "messages", "total_messages", "total_cost_usd"}
    assert {"role", "content", "language", "timestamp"} <= set(whole["messages"][0])
    assert [m["language"] for m in whole["messages"]] == ["hi"] * 4 + ["en"] * 2
    assert [m["position"] for m in whole["messages"]] == list(range(1, 7))
    path = f"{ALL}/{conversation}/history"
    page = talk.client.get(path, params={"limit": 2, "before": 5}).json()["messages"]
    assert [m["content"] for m in page] == ["q1", "Hold."]
    assert talk.client.get(path, params={"limit": 201}).status_code == 400
    export = talk.client.get(f"{ALL}/{conversation}/export").json()
    assert export["messages"] == whole["messages"] and export["conversation"]["title"] == "q0"


def test_nobody_else_finds_it_whatever_their_role_or_organisation(talk: Talking) -> None:
    conversation = talk.begun()
    talk.chat(conversation, "is my price good?", request_id="q1")
    message = talk.history(conversation)["messages"][1]["message_id"]
    own = talk.begun("zoya")
    asked: list[tuple[str, str, Any]] = [
        ("GET", f"{conversation}", None),
        ("PATCH", f"{conversation}", {"title": "mine"}),
        ("DELETE", f"{conversation}", None),
        ("GET", f"{conversation}/history", None),
        ("GET", f"{conversation}/export", None),
        ("POST", f"{conversation}/chat", {"message": "tell me", "request_id": "q1"}),
        ("POST", f"{conversation}/chat/stream", {"message": "tell me"}),
        ("GET", f"{conversation}/messages/{message}/stream", None),
    ]
    before = talk.history(conversation)
    for name in ("zoya", "boss"):
        for method, path, body in asked:
            answer = talk.client.request(method, f"{ALL}/{path}", json=body, headers={"x-name": name})
            assert answer.status_code == 404 and "price" not in answer.text, (name, method, path)
        assert talk.client.get(ALL, headers={"x-name": "boss"}).json()["conversations"] == []
    through_own = f"{ALL}/{own}/messages/{message}/stream"
    assert talk.client.get(through_own, headers={"x-name": "zoya"}).status_code == 404
    assert talk.client.get(ALL, headers={"x-name": "nobody"}).status_code == 403
    assert talk.history(conversation) == before and len(talk.gateway.calls) == 1


def test_a_question_is_no_answer_to_hear_again(talk: Talking) -> None:
    conversation = talk.begun()
    talk.chat(conversation, "hello")
    question = talk.history(conversation)["messages"][0]["message_id"]
    assert talk.client.get(f"{ALL}/{conversation}/messages/{question}/stream").status_code == 404


def test_the_contract_page_describes_every_one_of_them() -> None:
    operations = conversation_operations()
    paths = document(operations)["paths"]
    for operation in operations:
        entry = paths[operation.path][operation.method.lower()]
        assert entry["summary"] and str(operation.status) in entry["responses"]
        assert ("conversation_id" in operation.owned) == ("{conversation_id}" in operation.path)
    stream = paths[f"{ALL}/{{conversation_id}}/chat/stream"]["post"]["responses"]
    assert "text/event-stream" in stream["200"]["content"] and {"404", "409", "429", "502", "504"} <= set(
        stream
    )
