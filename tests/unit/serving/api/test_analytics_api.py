"""Analytics over HTTP: of one's own organisation, and of others only for whoever operates the service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from mandi.serving.api.analytics_api import PERFORMANCE, USAGE, analytics_operations
from mandi.serving.house import House
from mandi.serving.operations import Principal
from mandi.serving.problems import Problem, Refused
from mandi.serving.routes import routes_app
from mandi.store.database import Database
from mandi.store.records import Organization

sys.path.insert(0, str(Path(__file__).parents[1] / "analytics"))
from call_logs import MINE, NOW, THEIRS, call, opened, put

SCOPES = {
    "trader": ("trader", MINE, {"usage"}), "operator": ("admin", MINE, {"usage", "operate"}),
    "other": ("trader", THEIRS, {"usage"}), "narrow": ("trader", MINE, {"predict"}),
}  # fmt: skip


@dataclass
class Names:
    """Lets in whoever says a name."""

    async def admit(self, connection: HTTPConnection) -> Principal:
        name = connection.headers.get("x-name", "")
        if name not in SCOPES:
            raise Refused(Problem(401, "who asks?"))
        role, organization, scopes = SCOPES[name]
        return Principal("u", organization, "p", role, frozenset(scopes))  # type: ignore[arg-type]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with opened("sqlite", tmp_path) as database:
        _settle(database)
        house = House(gate=Names(), now=lambda: NOW, rooms={"database": database})
        with TestClient(routes_app(house, analytics_operations())) as found:
            yield found


def _settle(database: Database) -> None:
    names = {MINE: "mine", THEIRS: "theirs"}
    database.write(lambda session: session.add_all(Organization(id=i, name=n) for i, n in names.items()))
    put(
        database,
        [
            call(cost_usd=Decimal("0.5"), language="en", assistant="trade"),
            call(created_at=NOW - timedelta(days=20)),
            call(organization_id=THEIRS, cost_usd=Decimal("2"), language="hi"),
        ],
    )


def ask(client: TestClient, path: str, name: str = "trader", **query: Any) -> tuple[int, Any]:
    answer = client.get(path, params=query, headers={"x-name": name})
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", [PERFORMANCE, USAGE])
def test_each_sees_its_own(client: TestClient, path: str) -> None:
    count = "total_requests" if path == PERFORMANCE else "total_calls"
    assert ask(client, path)[1][count] == 1
    assert ask(client, path, days=30)[1][count] == 2
    assert ask(client, path, "other")[1][count] == 1
    assert ask(client, path, organization=MINE)[1][count] == 1


@pytest.mark.parametrize("path", [PERFORMANCE, USAGE])
@pytest.mark.parametrize("named", [THEIRS, "all", "c" * 32])
def test_another_organisation_is_not_there(client: TestClient, path: str, named: str) -> None:
    status, told = ask(client, path, organization=named)
    assert (status, told.get("total_calls")) == (404, None)
    assert "hi" not in str(told.get("by_language"))


def test_the_operator_sees_all(client: TestClient) -> None:
    assert ask(client, USAGE, "operator")[1]["total_calls"] == 1
    assert ask(client, USAGE, "operator", organization=THEIRS)[1]["by_language"] == {"hi": 1.0}
    assert ask(client, USAGE, "operator", organization="all")[1]["total_cost_usd"] == 2.5
    assert ask(client, USAGE, "operator", organization="c" * 32)[0] == 404


@pytest.mark.parametrize("days", [0, 91, "x", "1.5"])
def test_days_are_bounded(client: TestClient, days: object) -> None:
    status, told = ask(client, PERFORMANCE, days=days)
    assert (status, told["field"]) == (400, "days")


def test_who_may_not(client: TestClient) -> None:
    assert ask(client, USAGE, "narrow")[0] == 403
    assert ask(client, USAGE, "nobody")[0] == 401


def test_the_promised_shapes(client: TestClient) -> None:
    performance = ask(client, PERFORMANCE)[1]
    assert set(performance) >= {
        "time_period", "total_requests", "success_rate", "avg_response_time", "mode_distribution", "cost_tracking",
        "error_analysis",
    }  # fmt: skip
    assert set(performance["mode_distribution"]) == {"real_ai", "mock_ai", "fallback"}
    assert set(performance["cost_tracking"]) >= {"openai_cost", "total_api_cost"}
    assert set(ask(client, USAGE)[1]) == {
        "total_calls", "total_cost_usd", "average_latency_ms", "error_rate", "by_assistant", "by_language",
    }  # fmt: skip
    assert ask(client, USAGE)[1]["by_assistant"] == {"trade": {"calls": 1, "cost": 0.5}}


def test_without_records_it_says_so() -> None:
    with TestClient(routes_app(House(gate=Names()), analytics_operations())) as client:
        assert ask(client, USAGE)[0] == 503
