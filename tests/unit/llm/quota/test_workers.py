"""Two workers, fifty calls at once, a budget of ten: on every place where shared state may live."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from mandi.llm.calls import Caller
from mandi.llm.quota.quota import Quota
from mandi.llm.quota.tiers import Allowance
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.redis_state import RedisState
from mandi.store.schema import upgrade
from mandi.store.shared_state import SharedState
from mandi.store.sql_state import SqlState

from ...store.store_places import ALL, database_url, processes, redis_place

WORKER = """
import asyncio, sys
from decimal import Decimal
from mandi.llm.calls import Caller
from mandi.llm.quota.ledger import Amounts
from mandi.llm.quota.quota import Quota
from mandi.llm.quota.tiers import Allowance
from mandi.llm.refusals import QuotaExceeded
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.redis_state import RedisState
from mandi.store.sql_state import SqlState

kind, url, prefix, limit, ends = sys.argv[1:]
limits = {"calls": Allowance(10, 10**6, Decimal(1)), "dollars": Allowance(10**6, 10**6, Decimal("0.01"))}[limit]
wanted = Amounts(1, 10, 1000)

async def one(quota):
    try:
        held = await quota.reserve(Caller("org-1", "user"), wanted)
    except QuotaExceeded:
        return 0
    await asyncio.sleep(0.05)
    if ends == "settles":
        await quota.settle(held, wanted)
    return 1

async def main():
    state = AsyncState(RedisState.open(url, prefix) if kind == "redis" else SqlState(Database.open(url)))
    quota = Quota(state, {"free": limits}, lease_s=3600)
    print(sum(await asyncio.gather(*[one(quota) for _ in range(25)])))
    await state.close()

asyncio.run(main())
"""


@pytest.fixture(params=ALL)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    if request.param == "redis":
        with redis_place() as (url, prefix):
            yield "redis", url, prefix
        return
    with database_url(request.param, tmp_path) as url:
        database = Database.open(url)
        upgrade(database)
        database.close()
        yield request.param, url, ""


def opened(kind: str, url: str, prefix: str) -> SharedState:
    return RedisState.open(url, prefix) if kind == "redis" else SqlState(Database.open(url))


@pytest.mark.parametrize(
    ("limit", "ends"), [("calls", "settles"), ("dollars", "settles"), ("dollars", "dies")]
)
def test_fifty_at_once_in_two_processes_never_take_more_than_ten(
    place: tuple[str, str, str], limit: str, ends: str
) -> None:
    arguments = [*place, limit, ends]
    ended = processes(WORKER, arguments, arguments)
    assert [done.returncode for done in ended] == [0, 0], [done.stderr for done in ended]
    assert sum(int(done.stdout) for done in ended) == 10

    async def standing() -> tuple[int, int]:
        state = AsyncState(opened(*place))
        free = {"free": Allowance(10, 10**6, Decimal("0.01"))}
        found = await Quota(state, free).standing(Caller("org-1", "user"))
        await state.close()
        return found["usd_per_day"][:2]

    assert asyncio.run(standing()) == ((10_000, 0) if ends == "settles" else (0, 10_000))
