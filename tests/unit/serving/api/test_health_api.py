"""Health over HTTP: ready, degraded and down, and nothing in it that is a secret."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from mandi.core.errors import StoreUnavailable
from mandi.serving.api.health_api import HEALTH, HealthAnswer, health_operations
from mandi.serving.house import House
from mandi.serving.operations import Principal
from mandi.serving.routes import routes_app
from mandi.store.database import Database
from mandi.store.records.calls import AiMetric
from mandi.store.schema import upgrade


class Anybody:
    async def admit(self, connection: HTTPConnection) -> Principal:
        return Principal("u", "o", "p", "trader", frozenset({"usage"}))


class Breakers:
    def __init__(self, position: str) -> None:
        self.position = position

    async def views(self, providers: Any) -> list[Any]:
        return [
            SimpleNamespace(
                provider=n, position=self.position, failures=5, retry_after=30.0, last_fault="timeout"
            )
            for n in providers
        ]


class Broken:
    def check(self) -> None:
        raise StoreUnavailable("the shared state does not answer")


@pytest.fixture
def house(tmp_path: Path) -> House:
    database = Database.open(f"sqlite:///{tmp_path}/h.db")
    upgrade(database)
    desk = SimpleNamespace(champions={"price": object()}, refused={}, models=list, limits=None)
    return House(
        gate=Anybody(), desk=desk,  # type: ignore[arg-type]
        rooms={"database": database, "providers": ["openai"], "breakers": Breakers("closed")},
    )  # fmt: skip


def ask(house: House) -> tuple[int, dict[str, Any]]:
    with TestClient(routes_app(house, health_operations())) as client:
        answer = client.get(HEALTH)
    return answer.status_code, answer.json()


def test_all_is_well(house: House) -> None:
    metric = AiMetric(
        request_id="r", generation_id="g", organization_id="o", user_pseudonym="p", endpoint="/x", task_type="chat",
        requested_mode="real", effective_mode="real", provider="openai", model="m", route="teacher", status="success",
    )  # fmt: skip
    house.rooms["database"].write(lambda session: session.add(metric))
    status, told = ask(house)
    assert (status, told["status"]) == (200, "ok")
    HealthAnswer.model_validate(told)
    provider = told["dependencies"]["providers"]["facts"]["openai"]
    assert provider["breaker"] == "closed"
    assert provider["last_success"].startswith(metric.created_at.isoformat()[:19])
    assert told["dependencies"]["desk"]["facts"]["served"] == ["price"]
    assert told["worker"]["resident_mib"] >= told["worker"]["proportional_mib"] > 1


def test_an_open_breaker_or_no_champion_degrades(house: House) -> None:
    house.rooms["breakers"] = Breakers("open")
    status, told = ask(house)
    assert (status, told["status"]) == (200, "degraded")
    assert "openai" in told["dependencies"]["providers"]["detail"]
    house.desk = None
    assert ask(house)[1]["dependencies"]["desk"]["status"] == "down"


def test_a_full_spool_degrades(house: House) -> None:
    house.rooms["spool"] = SimpleNamespace(waiting=5000)
    assert ask(house)[1]["dependencies"]["spool"]["detail"] == "5000 records wait for the database"


def test_without_shared_state_it_is_down(house: House) -> None:
    house.rooms["state"] = Broken()
    status, told = ask(house)
    assert (status, told["status"]) == (503, "down")
    assert told["dependencies"]["state"]["detail"] == "the shared state does not answer"
    assert told["dependencies"]["database"]["status"] == "ok"
