"""A service with accounts and nothing behind them: two organisations, their people, a key for any of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from argon2 import PasswordHasher
from starlette.applications import Starlette

from mandi.serving.accounts import keys, organizations, people
from mandi.serving.accounts.bootstrap import bootstrap
from mandi.serving.accounts.office import Office
from mandi.serving.accounts.passwords import NOBODY, Passwords
from mandi.serving.accounts.principals import operator_of
from mandi.serving.house import ClosedGate, House
from mandi.serving.operations import Operation, Role, Scope
from mandi.serving.routes import routes_app
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.records import User
from mandi.store.schema import upgrade
from mandi.store.sql_state import SqlState

PASSWORD = "seven bags of cotton"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
START = 2_000_000_000.0


@dataclass
class Clock:
    """Seconds that pass when told to."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """The service, and calls that make records in it without asking it."""

    database: Database
    state: AsyncState
    office: Office
    house: House
    app: Starlette
    clock: Clock
    root_key: str
    made: int = field(default=0)

    def organization(self, name: str) -> str:
        return self.database.write(lambda session: organizations.add(session, name).id)

    def operator(self) -> str:
        return cast(str, self.database.read(operator_of))

    def user(
        self,
        organization_id: str,
        role: Role = "trader",
        name: str | None = None,
        password: str | None = None,
    ) -> User:
        self.made += 1
        hashed = NOBODY if password is None else CHEAP.hash(password)
        return self.database.write(
            lambda session: people.add(
                session, organization_id, name or f"user-{self.made}", role=role, hashed_password=hashed
            )
        )

    def key(self, user: User, scopes: Sequence[Scope] | None = None, **more: Any) -> str:
        return self.made_key(user, scopes, **more)[1]

    def made_key(self, user: User, scopes: Sequence[Scope] | None = None, **more: Any) -> tuple[str, str]:
        now = self.office.now()
        key, secret = self.database.write(
            lambda session: keys.make(session, user, "a key", now, scopes=scopes, **more)
        )
        return key.id, secret


@contextmanager
def opened(folder: Path, operations: Sequence[Operation], url: str | None = None) -> Iterator[Bench]:
    database = Database.open(url or f"sqlite:///{folder}/service.db")
    upgrade(database)
    first = bootstrap(database)
    assert first is not None
    clock = Clock()
    state = AsyncState(SqlState(database, clock=clock))
    office = Office.open(database, state, clock, Passwords(CHEAP))
    house = House(gate=ClosedGate())
    office.furnish(house)
    house.rooms |= {"database": database, "state": state}
    try:
        yield Bench(database, state, office, house, routes_app(house, operations), clock, first.secret)
    finally:
        state._closed = True
        state._queue.put(None)
        state._worker.join()
        database.close()


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}
