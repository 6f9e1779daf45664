"""The whole service as one worker opens it, on SQLite, without champions: scripted providers, planted evidence, one key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mandi.llm.deal import Deal
from mandi.llm.evidence import Finding
from mandi.llm.provider import Provider
from mandi.serving.accounts import keys, organizations, people
from mandi.serving.house import ClosedGate, House
from mandi.serving.opening import Opened, furnish
from mandi.serving.operations import Role
from mandi.serving.routes import routes_app
from mandi.serving.service_operations import service_operations
from mandi.serving.settings import Settings
from mandi.store.database import Database

from .planted_words import PlantedWords

KEY = "mk_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
PRICE: dict[str, Any] = {
    "commodity_id": "cotton", "market": "Rajkot", "kind": "lot", "target_day": "2025-01-01", "predicted_price": 8500.0,
    "lower_bound_95": 8200.0, "upper_bound_95": 8800.0, "lower_bound_90": 8250.0, "upper_bound_90": 8750.0,
    "measured_coverage_95": 0.94, "measured_coverage_90": 0.89, "unit": "INR/quintal", "notes": [],
    "known_until": "2024-12-31T18:30:00Z", "asof": "2025-01-01T06:00:00Z", "model_version": "3",
}  # fmt: skip
DEAL = {
    "commodity": "cotton",
    "quantity": 120,
    "price": 8450,
    "market": "Rajkot",
    "asof": "2025-01-01T06:00:00Z",
}


class PlantedEvidence:
    """Says one price of everything."""

    async def about(self, deal: Deal, now: datetime) -> Mapping[str, Finding]:
        return {
            "price": Finding("price", "answered", PRICE, version="3"),
            "fraud": Finding("fraud", "not_served", {}, why="there is no fraud model here"),
        }

    async def about_text(self, text: str, now: datetime) -> Mapping[str, Finding]:
        return {}


@dataclass
class Shop:
    house: House
    opened: Opened
    client: TestClient

    @property
    def database(self) -> Database:
        found: Database = self.house.rooms["database"]
        return found

    def somebody(self, role: Role = "trader", organization: str = "another") -> dict[str, str]:
        """Return the headers of somebody new in an organisation of that name."""

        def made(session: Any) -> str:
            from mandi.store.records import Organization

            found = session.query(Organization).filter_by(name=organization).one_or_none()
            home = found or organizations.add(session, organization)
            count = session.query(people_records()).count()
            user = people.add(session, home.id, f"somebody-{count}", role=role)
            return keys.make(session, user, "test", self.house.now())[1]

        return {"authorization": f"Bearer {self.database.write(made)}"}

    def kept(self, table: Any, **which: Any) -> list[Any]:
        """Return rows of a table once everything that waits is written."""
        assert self.opened.spool is not None
        if self.opened.diary is not None:
            assert self.opened.diary.flush()
        assert self.opened.spool.flush()
        return self.database.read(lambda session: list(session.query(table).filter_by(**which)))

    def forget(self, *tables: Any) -> None:
        """Delete all rows of tables, those that wait included."""
        for table in tables:
            self.kept(table)
            self.database.write(lambda session, table=table: session.query(table).delete())

    def post(self, path: str, body: dict[str, Any], **more: Any) -> Any:
        return self.client.post(path, json=body, **more)


def people_records() -> Any:
    from mandi.store.records import User

    return User


@contextmanager
def whole_shop(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    providers: Sequence[Provider] = (),
    evidence: bool = True,
    service: Path | None = None,
    **settings: Any,
) -> Iterator[Shop]:
    monkeypatch.setattr("mandi.serving.opening.teachers", lambda found, given: list(providers))
    monkeypatch.setattr("mandi.serving.learning.diary.ScrubbedWords", PlantedWords)
    if evidence:
        monkeypatch.setattr("mandi.serving.opening.DeskEvidence", lambda desk, limiter: PlantedEvidence())
    given = Settings(data_folder=folder, bootstrap_key=KEY, enable_performance_monitoring=False, **settings)
    house = House(gate=ClosedGate())
    opened = furnish(house, given, service or folder / "no-champions")
    app = routes_app(house, service_operations())
    with TestClient(app, headers={"authorization": f"Bearer {KEY}"}, raise_server_exceptions=False) as client:
        assert client.portal is not None
        client.portal.call(_started, opened)
        try:
            yield Shop(house, opened, client)
        finally:
            client.portal.call(opened.close)


async def _started(opened: Opened) -> None:
    opened.start()
