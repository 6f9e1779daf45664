"""What users of other gateways complain about, one complaint a test: over real HTTP, and with two workers on one database."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from mandi.llm.cache.semantic import Nearness, SemanticCache
from mandi.llm.calls import Caller, Interrupted, Outcome
from mandi.llm.mock.analyst import Analyst
from mandi.llm.modes import LiveMode, MemoryModes
from mandi.llm.provider import ProviderError
from mandi.llm.quota.quota import Quota
from mandi.llm.quota.tiers import Allowance
from mandi.llm.refusals import NobodyAnswered, QuotaExceeded
from mandi.llm.resilience.breaker import BreakerPolicy
from mandi.llm.resilience.breakers import Breakers
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.memory_state import Awaited, MemoryState
from mandi.store.schema import upgrade
from mandi.store.sql_state import SqlState

from ..fakes.behaviour import Behaviour
from ..fakes.vendor import FakeVendor
from ..unit.llm.scripted import CALLER, House, Says, Scripted, call, drained, house, nothing_left
from .failing_vendors import ASKED, SETTINGS, TEXT, TRIES, asked_for, idles, standing_house, wire


# a cache that keeps errors and gives them out as answers
@pytest.mark.parametrize("streamed", [False, True])
def test_errors_are_never_kept_and_the_next_answer_is(streamed: bool) -> None:
    async def go() -> None:
        async with standing_house(Behaviour(text=TEXT), mode="real") as (home, (vendor,)):
            vendor.script(*[Behaviour(status=500)] * TRIES)
            assert isinstance((await asked_for(home, streamed))[1], NobodyAnswered)
            assert (await asked_for(home, streamed))[1].cache == "miss"
            assert (await asked_for(home, streamed))[1].cache == "exact"
            assert vendor.count == TRIES + 1

    asyncio.run(go())


# an answer cut by its length, a fallback, an interrupted stream
@pytest.mark.parametrize("behaviour", [Behaviour(text=TEXT, finish_reason="length"), Behaviour(status=500)])
def test_what_is_not_whole_or_not_of_the_first_choice_is_never_kept(behaviour: Behaviour) -> None:
    async def go() -> None:
        async with standing_house(behaviour, Behaviour(text=TEXT)) as (home, _):
            for _ in range(2):
                assert (await asked_for(home, False))[1].cache == "miss"
            assert list(home.state.keys("answer:")) == []

    asyncio.run(go())


# a hit of the cache that breaks a stream, or a stream that misses the cache
@pytest.mark.parametrize("first_streamed", [False, True])
def test_streamed_or_not_the_text_is_the_same_and_asked_once(first_streamed: bool) -> None:
    async def go() -> None:
        async with standing_house(Behaviour(text=TEXT)) as (home, (vendor,)):
            one, _ = await asked_for(home, first_streamed)
            two, got = await asked_for(home, not first_streamed)
            three, again = await asked_for(home, first_streamed)
            assert one == two == three == TEXT
            assert (got.cache, again.cache, vendor.count) == ("exact", "exact", 1)

    asyncio.run(go())


# the same answer to different questions
def test_a_near_question_with_other_facts_is_asked_anew() -> None:
    import numpy as np

    async def go() -> None:
        state = MemoryState()
        everything_is_near = SemanticCache(
            Awaited(state), lambda texts: np.ones((len(texts), 4)), Nearness(0.99)
        )
        async with standing_house(Behaviour(text=TEXT), state=state, semantic=everything_is_near) as (
            home,
            (vendor,),
        ):
            asks = [
                ("Is ₹4600 fair for soybean?", "miss"), ("Is 4,600 rupees a reasonable price for soyabean?", "miss"),
                ("Is Rs 4600 fair for soya?", "semantic"), ("Is ₹4700 fair for soybean?", "miss"),
                ("Is ₹4600 fair for cotton?", "miss"), ("Is ₹4600 not fair for soybean?", "miss"),
                ("Is $4600 fair for soybean?", "miss"),
            ]  # fmt: skip
            for question, cache in asks:
                outcome = await home.gateway.complete(call(question, prompt={"temperature": 0.0}))
                assert outcome.cache == cache, question
            other = Caller("org-2", "user-1", "pro")
            outcome = await home.gateway.complete(call(asks[0][0], prompt={"temperature": 0.0}, caller=other))
            assert outcome.cache == "miss"

    asyncio.run(go())


# no way to remove a false positive
def test_a_bad_rating_takes_the_entry_out_for_everybody() -> None:
    async def go() -> None:
        async with standing_house(Behaviour(text=TEXT)) as (home, (vendor,)):
            await asked_for(home, False)
            _, hit = await asked_for(home, True)
            assert await home.gateway.answers.evict(hit.generation_id, CALLER.organization_id)
            assert (await asked_for(home, False))[1].cache == "miss"
            assert vendor.count == 2

    asyncio.run(go())


# a 429 in the middle of a stream and nobody else to ask: a loop at full load
def test_a_limit_hit_at_any_piece_ends_the_stream_once() -> None:
    async def go() -> None:
        for piece in range(1, 9):
            async with standing_house(Behaviour(text=TEXT, error_after=piece), mode="real") as (
                home,
                (vendor,),
            ):
                began, load = time.perf_counter(), time.process_time()
                said, got = await asked_for(home, True)
                took, load = time.perf_counter() - began, time.process_time() - load
                assert isinstance(got, NobodyAnswered if piece == 1 else Interrupted)
                assert vendor.count <= TRIES and took < 1.0 and load < 0.5
                assert await idles()

    asyncio.run(go())


# a fallback that is ignored on streams
@pytest.mark.parametrize("status", [429, 500, 401])
def test_a_stream_that_fails_before_its_first_piece_is_answered_by_the_next(status: int) -> None:
    async def go() -> None:
        async with standing_house(Behaviour(status=status), Behaviour(text=TEXT)) as (home, (_, other)):
            said, got = await asked_for(home, True)
            assert said == TEXT and got.completion.provider == "gemini"
            assert got.fallback and f"({status})" in got.fallback_reason
            assert (got.effective_mode, other.count) == ("real", 1)

    asyncio.run(go())


# a failed fallback that is not cooled down, because its failures are counted once
def test_each_try_at_each_vendor_is_counted_and_all_of_them_rest() -> None:
    async def go() -> None:
        policy = BreakerPolicy(threshold=4)
        state = MemoryState()
        breakers = Breakers(Awaited(state), policy, seen_s=0.0)
        async with standing_house(Behaviour(status=500), Behaviour(status=503), mode="real", breakers=breakers, state=state) as (home, vendors):  # fmt: skip
            await asked_for(home, False)
            assert [v.failures for v in await breakers.views(["openai", "gemini"])] == [2, 2]
            await asked_for(home, True)
            views = await breakers.views(["openai", "gemini"])
            assert [(v.failures, v.position) for v in views] == [(4, "open"), (4, "open")]
            _, got = await asked_for(home, False)
            assert isinstance(got, NobodyAnswered)
            assert {a.fault for a in got.attempts} == {"breaker_open"}
            assert got.retry_after is not None and 50 < got.retry_after <= 60
            assert [v.count for v in vendors] == [4, 4], "who rests is not asked"

    asyncio.run(go())


# a caller's own bad id, or its own tiny timeout, that cools a healthy vendor
def test_a_callers_own_fault_never_opens_a_breaker() -> None:
    async def go() -> None:
        async with standing_house(Behaviour(latency_s=0.15, text=TEXT), mode="real") as (home, (vendor,)):
            vendor.script(*[Behaviour(status=404)] * 10)
            for _ in range(10):
                assert isinstance((await asked_for(home, False))[1], NobodyAnswered)
            vendor.script(*[Behaviour(status=400)] * 10)
            for _ in range(10):
                assert isinstance((await asked_for(home, False))[1], ProviderError)
            for _ in range(10):
                with pytest.raises(NobodyAnswered):
                    await home.gateway.complete(call(), timeout_s=0.02)
            (view,) = await home.gateway.breakers.views(["openai"])
            assert (view.position, view.failures) == ("closed", 0)
            assert (await asked_for(home, False))[0] == TEXT

    asyncio.run(go())


# one setting of the rest for all
def test_each_vendor_rests_by_its_own_policy_and_comes_back_by_one_probe() -> None:
    async def go() -> None:
        now = [1000.0]
        state = MemoryState(lambda: now[0])
        policies = {"openai": BreakerPolicy(threshold=2, open_s=5.0)}
        breakers = Breakers(Awaited(state), BreakerPolicy(), policies, clock=lambda: now[0], seen_s=0.0)
        async with standing_house(Behaviour(text=TEXT), Behaviour(text=TEXT), breakers=breakers, state=state) as (home, (vendor, other)):  # fmt: skip
            vendor.script(*[Behaviour(status=500)] * 3)
            assert (await asked_for(home, False, call()))[1].completion.provider == "gemini"
            _, got = await asked_for(home, False, call())
            assert got.fallback and "breaker open" in got.fallback_reason and vendor.count == 2
            now[0] += 6
            found = await asyncio.gather(
                *[asked_for(home, False, call(mode="real", provider="openai")) for _ in range(8)]
            )
            assert vendor.count == 3, "one probe of eight"
            assert all(isinstance(got, NobodyAnswered) for _, got in found)
            now[0] += 6
            assert (await asked_for(home, False, call(provider="openai")))[0] == TEXT
            assert (await breakers.views(["openai"]))[0].position == "closed"

    asyncio.run(go())


# memory that grows for months
def test_thousands_of_streams_leave_no_memory_behind() -> None:
    async def go() -> float:
        home = house(Scripted("openai"), Analyst())
        home.records.record = _forget  # type: ignore[method-assign]
        caller = Caller("org-1", "u", "enterprise")

        async def some(n: int) -> None:
            for _ in range(n):
                home.providers["openai"].asked.clear()
                stream = home.gateway.stream(call(caller=caller))
                if n % 3:
                    await drained(stream)
                else:
                    await anext(stream)
                    await stream.aclose()

        await some(1000)
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(40):
            await some(50)
            await some(51)
        await home.gateway.close()
        await nothing_left()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    assert asyncio.run(go()) < 4.0, "megabytes after four thousand streams"


async def _forget(record: object) -> None:
    return None


# a latency that hides before the handler
def test_waiting_is_part_of_the_latency_and_calls_in_flight_are_told() -> None:
    async def go() -> None:
        home = house(Scripted("openai", script=[Says(after_s=0.1)]), settings=SETTINGS)
        tasks = [asyncio.create_task(home.gateway.complete(ASKED)) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert home.gateway.health()["in_flight"] == 3
        outcomes = await asyncio.gather(*tasks)
        assert [o.cache for o in outcomes] == ["miss", "exact", "exact"]
        assert all(o.latency_ms >= 95 for o in outcomes), "who waited for another's answer says so"
        assert home.gateway.health()["in_flight"] == 0

    asyncio.run(go())


@asynccontextmanager
async def two_workers(
    folder: Path, build: Callable[[AsyncState], Awaitable[House]]
) -> AsyncIterator[tuple[House, House]]:
    """Two gateways with connections of their own to one database."""
    url = f"sqlite:///{folder}/mandi.db"
    databases = [Database.open(url) for _ in range(2)]
    upgrade(databases[0])
    states = [AsyncState(SqlState(database)) for database in databases]
    yield await build(states[0]), await build(states[1])
    for state, database in zip(states, databases):
        await state.close()
        database.close()


# a budget that reads nothing after many requests and never blocks
def test_fifty_calls_at_once_over_two_workers_never_overspend(tmp_path: Path) -> None:
    async def go() -> None:
        async with FakeVendor(Behaviour(text=TEXT, latency_s=0.05)) as vendor:

            async def build(state: AsyncState) -> House:
                quota = Quota(state, {"free": Allowance(1000, 10**6, Decimal("0.005"))})
                return house(wire(vendor), quota=quota, asynchronous=lambda _: state, mode="real")

            async with two_workers(tmp_path, build) as homes:
                work = [homes[n % 2].gateway.complete(call()) for n in range(50)]
                found = await asyncio.gather(*work, return_exceptions=True)
                answered = [f for f in found if isinstance(f, Outcome)]
                assert all(isinstance(f, (Outcome, QuotaExceeded)) for f in found)
                assert len(answered) == vendor.count == 10, (
                    "0.0005 dollars are reserved for each, 0.005 are allowed"
                )
                used, held, allowed = (await homes[0].gateway.quota.standing(CALLER))["usd_per_day"]
                assert held == 0 and 0 < used <= allowed
                assert used == sum(int(o.cost_usd * 1_000_000) for o in answered)
                for home in homes:
                    await home.gateway.close()

    asyncio.run(go())


# state of one thread or one process
def test_what_one_worker_learns_the_other_knows(tmp_path: Path) -> None:
    async def go() -> None:
        async with FakeVendor(Behaviour(status=500)) as vendor:
            kept = MemoryModes("real")

            async def build(state: AsyncState) -> House:
                home = house(wire(vendor), Analyst(), asynchronous=lambda _: state, settings=SETTINGS)
                home.gateway.mode = LiveMode(kept)
                home.gateway.breakers._policy = BreakerPolicy(threshold=2)
                return home

            async with two_workers(tmp_path, build) as (one, two):
                assert isinstance((await asked_for(one, False))[1], NobodyAnswered)
                assert vendor.count == 2
                assert isinstance((await asked_for(two, True))[1], NobodyAnswered)
                assert vendor.count == 2, "the other worker did not have to learn it"
                await one.gateway.breakers.reset("openai")
                two.gateway.breakers._seen.clear()
                vendor.default = Behaviour(text=TEXT)
                assert (await asked_for(one, True))[1].cache == "miss"
                assert (await asked_for(two, False))[1].cache == "exact"
                await one.gateway.mode.switch("mock")
                await asyncio.sleep(0.6)
                assert (await asked_for(two, False))[1].effective_mode == "mock"
                for home in (one, two):
                    await home.gateway.close()

    asyncio.run(go())
