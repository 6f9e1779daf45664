"""Two workers and one budget, wherever it is kept: nothing is overspent, and a worker that is killed takes no room with it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from mandi.llm.calls import Caller
from mandi.llm.quota.ledger import Amounts, Book, Rules, reserve
from mandi.llm.quota.quota import Quota
from mandi.llm.quota.tiers import TIERS, Allowance
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.open import open_state
from mandi.store.records import AiMetric
from mandi.store.schema import FOLDER, check_schema, upgrade

from ..http_line import Line
from ..service_processes import MODEL, Processes, vendor
from ..unit.store.store_places import ALL, database_url, redis_place
from ..unit.store.test_schema import OLD_CALL

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.alone]
CALLS, ASKED, WORDS = 10, 50, 8
LEASE_S = 30.0 + 30.0  # a call's own time and half a minute
TIERS_HERE = {**TIERS, "free": Allowance(CALLS, 1_000_000, Decimal(1000))}
PRICE = {f"compatible/{MODEL}": {"input": 1000, "output": 2000}}  # dollars a million tokens
BUDGET = Decimal("0.5")
CHAT = {"model": "mandi-real", "max_tokens": 2 * WORDS}


@dataclass
class Place:
    """A service of two workers, and where it keeps its records and its shared state."""

    kind: str
    service: Processes
    database: Database
    redis: str | None
    began_with: str

    def state(self) -> AsyncState:
        return AsyncState(open_state(self.redis, self.database))

    async def standing(
        self, organization: str, tier: str, ahead_s: float = 0.0
    ) -> dict[str, tuple[int, ...]]:
        state = self.state()
        quota = Quota(state, TIERS_HERE, lease_s=LEASE_S, clock=lambda: time.time() + ahead_s)
        return {**await quota.standing(Caller(organization, "", tier, "Asia/Kolkata"))}

    def calls(self, organization: str, at_least: int = 0) -> list[AiMetric]:
        """The records of an organisation, once there are so many."""
        query = sa.select(AiMetric).where(AiMetric.organization_id == organization)
        until = time.monotonic() + 20
        while True:
            found = self.database.read(lambda session: list(session.scalars(query)))
            if len(found) >= at_least or time.monotonic() > until:
                return found
            time.sleep(0.05)


@contextmanager
def redis_alone() -> Iterator[str]:
    """A database of the Redis server that nobody uses: the service's own prefix is always the same."""
    import redis

    with redis_place() as (url, _):
        for number in range(1, 16):
            place = f"{url.rpartition('/')[0]}/{number}"
            client = redis.Redis.from_url(place)
            if client.dbsize() == 0 and client.set("mandi-test-claim", os.getpid(), nx=True):
                try:
                    yield place
                finally:
                    client.flushdb()
                    client.close()
                return
        raise RuntimeError("every database of this Redis server is in use")


@pytest.fixture(scope="module", params=ALL)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    pytest.importorskip("bentoml", reason="the serving extra is not installed")
    home = tmp_path_factory.mktemp(request.param)
    with ExitStack() as held:
        kind = "postgres" if request.param == "postgres" else "sqlite"
        url = held.enter_context(database_url(kind, home))
        redis = held.enter_context(redis_alone()) if request.param == "redis" else None
        database = Database.open(url)
        held.callback(database.close)
        previous = str(ScriptDirectory(str(FOLDER)).get_revision("head").down_revision)
        began_with = upgrade(database, previous)
        database.write(lambda session: session.execute(OLD_CALL))
        _, address = held.enter_context(vendor(home / "vendor", tokens=WORDS, token_ms=60, latency_ms=100))
        variables = {
            "AI_MODE": "real", "COMPATIBLE_BASE_URL": f"{address}/v1", "COMPATIBLE_MODEL": MODEL,
            "AI_TIERS": json.dumps({"free": {"calls_per_hour": CALLS, "tokens_per_day": 10**6, "usd_per_day": 1000}}),
            "AI_PRICES": json.dumps(PRICE), "DATABASE_URL": url, "AI_RETRY_ATTEMPTS": "1",
            **({"REDIS_URL": redis} if redis else {}),
        }  # fmt: skip
        service = Processes(home, **variables)
        held.callback(service.stop)
        service.start()
        yield Place(request.param, service, database, redis, began_with)


def test_an_older_database_is_brought_up_with_its_rows_when_the_service_starts(place: Place) -> None:
    assert place.began_with != ScriptDirectory(str(FOLDER)).get_current_head()
    check_schema(place.database)
    (old,) = place.calls("o")
    assert (old.generation_id, str(old.cost_usd), old.rating) == ("g", "0.000123", None)
    assert "Traceback" not in place.service.log.read_text()


def test_fifty_at_once_get_ten_answers(place: Place) -> None:
    async def go() -> None:
        organization, token = await place.service.organization("ten", tier="free")
        lines = await place.service.lines(ASKED, token)
        half = ASKED // 2
        whole = [line.chat("cotton?", **CHAT) for line in lines[:half]]
        streams = [line.streamed("cotton?", **CHAT) for line in lines[half:]]
        found = await asyncio.gather(*whole, *streams)
        refused = [getattr(a, "refusal", a) for a in found if a.status != 200]
        assert [a.status for a in found].count(200) == CALLS
        assert {a.status for a in refused} == {429} and len(refused) == ASKED - CALLS
        assert all(1 <= int(a.headers["retry-after"]) <= 3660 for a in refused)
        assert all(a.done and a.text for a in found[half:] if a.status == 200)
        assert {(await line.chat("one more?", **CHAT)).status for line in lines[:4]} == {429}
        assert (await place.standing(organization, "free"))["calls_per_hour"] == (CALLS, 0, CALLS)
        records = place.calls(organization, ASKED + 4)
        assert sorted(r.status for r in records) == ["refused"] * (ASKED + 4 - CALLS) + ["success"] * CALLS
        for line in lines:
            line.close()

    asyncio.run(go())


def test_fifty_at_once_spend_no_more_than_there_is(place: Place) -> None:
    async def go() -> None:
        organization, token = await place.service.organization(
            "dollars", tier="pro", daily_budget_usd=float(BUDGET)
        )
        lines = await place.service.lines(ASKED, token)
        found = await asyncio.gather(*[line.streamed("cotton?", **CHAT) for line in lines])
        answered = [a for a in found if a.status == 200]
        assert answered and all(a.done for a in answered)
        assert {a.status for a in found} == {200, 429}
        count = ASKED
        while (
            await lines[0].chat("cotton?", **CHAT)
        ).status == 200:  # what was reserved and not used is free again
            count += 1
            assert count < 2 * ASKED
        used, held, allowed = (await place.standing(organization, "pro"))["usd_per_day"]
        assert held == 0 and allowed >= used
        records = place.calls(organization, count + 1)
        spent = sum((r.cost_usd for r in records), Decimal(0))
        assert used == int(spent * 1_000_000)
        one = answered[0].mandi["cost_usd"]
        assert BUDGET - 4 * Decimal(str(one)) < spent <= BUDGET, (
            "what is there is spent, but for less than one call's room"
        )
        for line in lines:
            line.close()

    asyncio.run(go())


def test_a_worker_killed_in_the_middle_takes_no_room_with_it(place: Place) -> None:
    async def go() -> None:
        organization, token = await place.service.organization("killed", tier="free")
        lines = await place.service.lines(24, token)
        dying = lines[0].pid
        doomed = [line for line in lines if line.pid == dying][:CALLS]
        begun = [line.stream("cotton?", **CHAT) for line in doomed]
        first = await asyncio.gather(*[anext(stream) for stream in begun])
        assert {a.status for a in first} == {200}
        os.kill(dying, signal.SIGKILL)
        lost = [[a async for a in stream][-1] for stream in begun]
        assert all(a.broken and not a.done for a in lost), "nobody takes half an answer for a whole one"
        used, held, _ = (await place.standing(organization, "free"))["calls_per_hour"]
        assert (used, held) == (0, len(doomed))
        # while the lease runs the room counts as taken; when it is over all of it is free again
        assert (await place.standing(organization, "free", LEASE_S + 1))["calls_per_hour"] == (0, 0, CALLS)
        book = Book.read(await place.state().read(f"quota:{organization}"))
        left = CALLS - len(doomed)
        rules = Rules(TIERS_HERE["free"], timezone="Asia/Kolkata", lease_s=LEASE_S)
        assert reserve(book, "now", Amounts(left + 1), time.time(), rules) is not None
        assert reserve(book, "later", Amounts(CALLS), time.time() + LEASE_S + 1, rules) is None
        other = next(line for line in lines if line.pid != dying)
        answers = [(await other.chat("and now?", **CHAT)).status for _ in range(left + 1)]
        assert answers == [200] * left + [429]
        for line in lines:
            line.close()

    asyncio.run(go())


def test_the_whole_service_killed_after_an_answer_loses_no_record(place: Place) -> None:
    async def go() -> tuple[str, str]:
        organization, token = await place.service.organization("crash-of-all", tier="pro")
        line = await Line.open(place.service.port, token)
        with _nothing_is_recorded(place):
            answer = await line.streamed("cotton?", **CHAT)
            place.service.kill()
        assert answer.done
        line.close()
        return organization, answer.mandi["generation_id"]

    before = set(place.service.pids)
    organization, generation = asyncio.run(go())
    place.service.start()
    assert not before & set(place.service.pids)
    (record,) = place.calls(organization, 1)
    assert (record.generation_id, record.status) == (generation, "success")


@contextmanager
def _nothing_is_recorded(place: Place) -> Iterator[None]:
    """Keep records out of the database, where that keeps nothing else waiting; on SQLite alone the crash has to be quick."""
    if place.kind == "sqlite":
        yield
        return
    with place.database.engine.connect() as connection, connection.begin():
        if place.kind == "postgres":
            connection.execute(sa.text("LOCK TABLE ai_metrics IN SHARE MODE"))
        yield  # on SQLite the transaction has the file to itself, and the shared state is elsewhere
        assert (
            connection.execute(sa.text("SELECT count(*) FROM ai_metrics WHERE endpoint = 'none'")).scalar()
            == 0
        )
