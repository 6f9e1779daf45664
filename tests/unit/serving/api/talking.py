"""A house in which conversations can be held: a database, a scripted gateway, and people of two organisations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from mandi.llm.evidence import Finding
from mandi.serving.api.conversations_api import conversation_operations
from mandi.serving.api.openai_chat import openai_operations
from mandi.serving.house import House
from mandi.serving.operations import Principal
from mandi.serving.routes import routes_app
from mandi.store.database import Database
from mandi.store.schema import upgrade

from ....gates import SOMEBODY
from ....scripted_gateway import ScriptedGateway
from ...store.store_places import settle

ALL = "/api/v1/ai/conversations"
FINDINGS = {
    "price": Finding("price", "answered", {"predicted_price": 7150.0, "unit": "INR/quintal"}, version="7"),
    "demand": Finding("demand", "refused", {}, why="the history ends on 2024-12-31"),
}


class NameGate:
    """Takes the name in ``x-name`` for who asks."""

    def __init__(self, people: Mapping[str, Principal]) -> None:
        self.people = people

    async def admit(self, connection: HTTPConnection) -> Principal:
        return self.people[connection.headers.get("x-name", "asha")]


class Models:
    """Knows cotton."""

    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    async def about_text(self, text: str, now: datetime) -> Mapping[str, Finding]:
        self.asked.append(text)
        if "broken" in text:
            raise RuntimeError("a bug in a model")
        return FINDINGS if "cotton" in text else {}


@dataclass(frozen=True)
class Talking:
    """The house, its application and a client of it."""

    app: Starlette
    client: TestClient
    gateway: ScriptedGateway
    database: Database
    models: Models

    def begun(self, name: str = "asha", **asked: Any) -> str:
        answer = self.client.post(ALL, json=asked, headers={"x-name": name})
        assert answer.status_code == 201, answer.text
        conversation: str = answer.json()["conversation_id"]
        return conversation

    def chat(self, conversation: str, message: str, *, stream: bool = False, **more: Any) -> Any:
        headers = more.pop("headers", {})
        path = f"{ALL}/{conversation}/chat" + ("/stream" if stream else "")
        return self.client.post(path, json={"message": message, **more}, headers=headers)

    def history(self, conversation: str) -> Any:
        return self.client.get(f"{ALL}/{conversation}/history").json()


@contextmanager
def talking(folder: Path, gateway: ScriptedGateway) -> Iterator[Talking]:
    database = Database.open(f"sqlite:///{folder}/mandi.db")
    upgrade(database)
    one, two = settle(database, "one"), settle(database, "two")
    asha = replace(SOMEBODY, user_id=one.user, organization_id=one.organization, pseudonym=one.pseudonym)
    people = {
        "asha": asha,
        "boss": replace(asha, user_id="the-boss", role="admin"),
        "zoya": replace(SOMEBODY, user_id=two.user, organization_id=two.organization),
        "nobody": replace(asha, scopes=frozenset({"predict"})),
    }
    models = Models()
    house = House(gate=NameGate(people), rooms={"answers": gateway, "database": database, "evidence": models})
    app = routes_app(house, [*conversation_operations(), *openai_operations()])
    yield Talking(app, TestClient(app, raise_server_exceptions=False), gateway, database, models)
    database.close()


def events_of(text: str) -> list[tuple[int, dict[str, Any]]]:
    """The events of a stream: their ids and what they say."""
    found = []
    for block in text.split("\n\n"):
        if block and not block.startswith(":"):
            first, second = block.split("\n")
            found.append((int(first.removeprefix("id: ")), json.loads(second.removeprefix("data: "))))
    return found


def words(events: list[tuple[int, dict[str, Any]]]) -> str:
    return "".join(e["content"] for _, e in events if e["type"] == "token")
