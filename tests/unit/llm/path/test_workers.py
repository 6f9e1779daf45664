"""Two workers and one question: asked once between them, on a database both of them open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mandi.llm.cache.single_flight import FlightRules
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.schema import upgrade
from mandi.store.sql_state import SqlState

from ..scripted import QUICK, Fails, Hangs, House, Says, Scripted, call, house, replace


@asynccontextmanager
async def workers(folder: Path, *providers: Scripted) -> AsyncIterator[list[House]]:
    url = f"sqlite:///{folder}/mandi.db"
    databases = [Database.open(url) for _ in providers]
    upgrade(databases[0])
    states = [AsyncState(SqlState(d)) for d in databases]
    settings = replace(QUICK, flights=FlightRules(wait_s=5.0, lease_s=5.0, look_s=0.02))
    yield [
        house(p, mode="real", settings=settings, asynchronous=lambda _, s=state: s)
        for p, state in zip(providers, states)
    ]
    for state, database in zip(states, databases):
        await state.close()
        database.close()


def test_two_workers_ask_once(tmp_path: Path) -> None:
    providers = [Scripted("openai", script=[Says(after_s=0.2)]) for _ in range(2)]

    async def go() -> None:
        async with workers(tmp_path, *providers) as homes:
            asked = call(task="scoring")
            work = [homes[n % 2].gateway.complete(asked) for n in range(10)]
            found = await asyncio.gather(*work)
            assert sum(len(p.asked) for p in providers) == 1
            assert sorted(o.cache for o in found) == ["exact"] * 9 + ["miss"]
            assert len({o.completion.text for o in found}) == 1

    asyncio.run(go())


def test_a_worker_that_fails_does_not_fail_the_other(tmp_path: Path) -> None:
    providers = [Scripted("openai", script=[Fails()]), Scripted("openai")]

    async def go() -> None:
        async with workers(tmp_path, *providers) as (one, two):
            asked = call(task="scoring")
            found = await asyncio.gather(
                one.gateway.complete(asked), two.gateway.complete(asked), return_exceptions=True
            )
            assert isinstance(found[0], Exception) or found[0].cache == "exact"
            assert not isinstance(found[1], BaseException)

    asyncio.run(go())


def test_a_worker_whose_client_left_hands_over(tmp_path: Path) -> None:
    providers = [Scripted("openai", script=[Hangs()]), Scripted("openai")]

    async def go() -> None:
        async with workers(tmp_path, *providers) as (one, two):
            asked = call(task="scoring")
            leader = asyncio.create_task(one.gateway.complete(asked))
            await asyncio.sleep(0.15)
            waiting = asyncio.create_task(two.gateway.complete(asked))
            await asyncio.sleep(0.05)
            leader.cancel()
            assert (await asyncio.wait_for(waiting, 2.0)).cache == "miss"
            await one.gateway.close()

    asyncio.run(go())
