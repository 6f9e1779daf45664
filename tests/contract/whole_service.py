"""The whole service as it is deployed, on the small market and a database of its own: every model, the gateway, the wall."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from pydantic import SecretStr

from mandi.features.base import known_until, served_state
from mandi.models import MODELS
from mandi.serving.accounts import keys, people
from mandi.serving.accounts.office import office_of
from mandi.serving.accounts.passwords import NOBODY, Passwords
from mandi.serving.accounts.principals import operator_of
from mandi.serving.accounts.wall import Wall
from mandi.serving.api.rooms import database_of
from mandi.serving.house import ClosedGate, House
from mandi.serving.opening import furnish
from mandi.serving.operations import Role
from mandi.serving.package import write_service_folder
from mandi.serving.routes import all_operations, routes_app
from mandi.serving.service_operations import service_operations
from mandi.serving.settings import Settings

from ..listening import listening

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "store"))
from store_places import database_url

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
FIRST_KEY = "mk_" + "Zq7Vx2Lk9Wd4" * 3 + "Rt5Yb1N"
PLENTY = {"calls_per_hour": 10**7, "tokens_per_day": 10**9, "usd_per_day": 10**6}


@dataclass
class WholeService:
    """Where it listens, and its house."""

    url: str
    house: House

    def somebody(self, role: Role, name: str) -> tuple[str, list[str]]:
        """Add somebody to the organisation that runs the service: their key, and the ids that are theirs."""

        def add(session: Any) -> tuple[str, list[str]]:
            user = people.add(session, operator_of(session), name, role=role, hashed_password=NOBODY)
            key, secret = keys.make(session, user, name, office_of(self.house).now())
            return secret, [user.id, key.id]

        return database_of(self.house).write(add)


@contextmanager
def whole_service(folder: Path, now: datetime, home: Path) -> Iterator[WholeService]:
    """Open the service on the champions of a folder; its models live at ``now``."""
    with database_url("postgres", home) as url:
        tiers = dict.fromkeys(("free", "pro", "enterprise"), PLENTY)
        settings = Settings(
            ai_mode="mock", database_url=SecretStr(url), data_folder=home, batch_folder=home / "batches", bootstrap_key=SecretStr(FIRST_KEY),
            tiers=tiers, alert_on_ai_failures=False,
        )  # fmt: skip
        operations = service_operations()
        house = House(gate=ClosedGate(), now=lambda: now)
        opened = furnish(house, settings, folder)
        replace(office_of(house), passwords=Passwords(CHEAP)).furnish(house)
        app = Wall(routes_app(house, operations), house, all_operations(operations))
        try:
            with listening(app) as address:
                yield WholeService(address, house)
        finally:
            asyncio.run(opened.close())


def champions(workshop: Callable[[str], Any], home: Path) -> tuple[Path, datetime]:
    """Package every model of the small market; return the folder and a moment all of them can be asked about."""
    ends = []
    for name in sorted(MODELS):
        built, model = workshop(name), home / f"{name}-model"
        model.mkdir()
        built.model.save(model)
        until = known_until(built.features, built.history)
        entry = {
            "version": "1", "run_id": "r", "content_hash": "h", "snapshot_time": until.isoformat(),
            "metrics": {"lot.coverage95": 0.95, "lot.coverage90": 0.9},
        }  # fmt: skip
        state = served_state(built.features, built.history, built.model)
        write_service_folder(home / "service", name, model, state, entry, params=built.params)
        ends.append(until)
    return home / "service", max(ends).to_pydatetime() + timedelta(hours=1)
