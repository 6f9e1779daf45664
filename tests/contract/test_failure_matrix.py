"""What users of gateways complain about, as tests: every failure of a vendor, whole and streamed, in every mode, over real HTTP."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mandi.llm.cache.classes import CacheRules
from mandi.llm.cache.semantic import Nearness, SemanticCache
from mandi.llm.calls import Caller, Interrupted, Mode, Outcome
from mandi.llm.mock.analyst import Analyst
from mandi.llm.modes import LiveMode, MemoryModes
from mandi.llm.provider import ProviderError
from mandi.llm.providers.openai_wire import OpenAIWire
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
from ..unit.llm.scripted import CALLER, QUICK, House, Says, Scripted, call, drained, house, nothing_left

SETTINGS = replace(QUICK, cache=CacheRules(free_at_zero=True))
ASKED = call("Is 4600 a fair price for soybean?", prompt={"temperature": 0.0})
TRIES = SETTINGS.retries.attempts
TEXT = "Hold the lot : arrivals fall next week ."


@dataclass(frozen=True)
class Case:
    """One failure: what the vendor does, how it is named, and whether a stream had begun by then."""

    name: str
    behaviour: Behaviour
    fault: str
    tries: int = TRIES
    counted: bool = True
    mid_stream: bool = False
    whole: bool = True
    """Whether it can happen to an answer in one piece."""


CASES = [
    Case("429", Behaviour(status=429), "rate_limited"),
    Case("429, come back soon", Behaviour(status=429, retry_after="0"), "rate_limited"),
    Case("429, come back in a while", Behaviour(status=429, retry_after="8"), "rate_limited", tries=1),
    Case("500", Behaviour(status=500), "server_error"),
    Case("503", Behaviour(status=503), "server_error"),
    Case("529 overloaded", Behaviour(status=529), "server_error"),
    Case("never answers", Behaviour(hang="head"), "timeout"),
    Case("stops after its head", Behaviour(hang="body"), "timeout"),
    Case("slow first token", Behaviour(first_token_s=5.0), "timeout"),
    Case("cut at once", Behaviour(cut_head=0), "cut"),
    Case("cut in its head", Behaviour(cut_head=20), "cut"),
    Case("cut in its body", Behaviour(cut_after=30), "cut"),
    Case("malformed JSON", Behaviour(body=b'{"choices": [{'), "malformed"),
    Case("a page of HTML", Behaviour(body=b"<html>hi</html>", content_type="text/html"), "malformed"),
    Case("no choices", Behaviour(empty=True), "malformed"),
    Case("expired key", Behaviour(status=401), "refused_key", tries=1),
    Case("forbidden", Behaviour(status=403), "refused_key", tries=1),
    Case("429 in the middle", Behaviour(text=TEXT, error_after=4), "rate_limited", mid_stream=True, whole=False),
    Case("500 in the middle", Behaviour(text=TEXT, error_after=4, error_status=500), "server_error", mid_stream=True, whole=False),
    Case("silent after its first event", Behaviour(text=TEXT, hang="middle"), "timeout", whole=False),
    Case("no end mark", Behaviour(text=TEXT, done=False, finish=False, usage=False), "cut", mid_stream=True, whole=False),
    Case("no such model", Behaviour(status=404), "not_able", tries=1, counted=False),
    Case("bad request", Behaviour(status=400), "refused_request", tries=1, counted=False),
    Case("too long a prompt", Behaviour(status=413), "refused_request", tries=1, counted=False),
]  # fmt: skip


def wire(vendor: FakeVendor, name: str = "openai") -> OpenAIWire:
    return OpenAIWire(name, vendor.url + "/v1", ["fake-small"])


@asynccontextmanager
async def standing_house(
    *behaviours: Behaviour, **more: Any
) -> AsyncIterator[tuple[House, list[FakeVendor]]]:
    """A gateway before fake vendors (openai, gemini, ...) and the analyst; nothing may be left when it closes."""
    vendors = [FakeVendor(b) for b in behaviours]
    for vendor in vendors:
        await vendor.__aenter__()
    names = ("openai", "gemini", "third")
    home = house(*[wire(v, n) for v, n in zip(vendors, names)], Analyst(), **{"settings": SETTINGS, **more})
    try:
        yield home, vendors
        await home.gateway.close()
        for _ in range(100):
            if not any(v.open_connections for v in vendors):
                break
            await asyncio.sleep(0.01)
        assert [v.open_connections for v in vendors] == [0] * len(vendors)
    finally:
        for vendor in vendors:
            await vendor.__aexit__()
    await nothing_left()


async def asked_for(home: House, streamed: bool, asked: Any = ASKED) -> tuple[str, Any]:
    """What a caller gets: the words, and an outcome, where it was interrupted, or the error."""
    try:
        if streamed:
            return await drained(home.gateway.stream(asked))
        outcome = await home.gateway.complete(asked)
        return outcome.completion.text, outcome
    except (NobodyAnswered, ProviderError) as error:
        return "", error


async def idles() -> bool:
    """Whether this process is idle once a call has failed."""
    gc.collect()
    begun = time.process_time()
    await asyncio.sleep(0.1)
    return time.process_time() - begun < 0.05


@pytest.mark.parametrize("mode", ["mock", "real", "hybrid"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_failure(case: Case, streamed: bool, mode: Mode) -> None:
    if not streamed and not case.whole:
        case = Case(case.name, Behaviour(text=TEXT, cut_after=80), "cut")

    async def go() -> None:
        async with standing_house(case.behaviour, mode=mode) as (home, (vendor,)):
            began = time.perf_counter()
            said, got = await asked_for(home, streamed)
            assert time.perf_counter() - began < SETTINGS.patience.total_s + 1.0
            (record,) = home.records.all
            (view,) = await home.gateway.breakers.views(["openai"])
            if mode == "mock":
                assert vendor.count == 0
                assert got.effective_mode == "mock" and not got.fallback
                return
            assert await idles()
            tries = 1 if case.mid_stream and streamed else case.tries
            assert vendor.count == tries, "tries are bounded, and nobody else retries below"
            assert view.failures == (tries if case.counted else 0), (
                "each try counts, and never the caller's own fault"
            )
            _what_the_caller_sees(case, streamed, mode, said, got)
            _what_is_recorded(case, streamed, mode, tries, record)
            assert list(home.state.keys("answer:")) == list(home.state.keys("answered-from:")) == []
            assert list(home.state.keys("flight:")) == []
            standing = await home.gateway.quota.standing(CALLER)
            assert {held for _, held, _ in standing.values()} == {0}, "no reservation is left open"
            assert home.gateway.health()["in_flight"] == 0

    asyncio.run(go())


def _what_the_caller_sees(case: Case, streamed: bool, mode: Mode, said: str, got: Any) -> None:
    if case.fault == "refused_request":
        assert isinstance(got, ProviderError) and got.fault == case.fault, (
            "nobody else is asked what nobody can answer"
        )
    elif case.mid_stream and streamed:
        assert isinstance(got, Interrupted)
        assert got.said == said and TEXT.startswith(said) and said, (
            "what was said is kept, and nothing is spliced"
        )
        assert (got.fault, got.provider) == (case.fault, "openai")
    elif mode == "real":
        assert isinstance(got, NobodyAnswered), "a mock never answers in mode real"
        assert {a.fault for a in got.attempts} == {case.fault}
    else:
        assert isinstance(got, Outcome)
        assert (got.effective_mode, got.requested_mode, got.fallback) == ("mock", "hybrid", True)
        assert got.fallback_reason is not None and case.fault in got.fallback_reason
        assert (got.confidence, got.cost_usd >= 0, got.completion.text) == (None, True, said)


def _what_is_recorded(case: Case, streamed: bool, mode: Mode, tries: int, record: Any) -> None:
    faults = [a.fault for a in record.attempts if a.fault]
    assert faults == [case.fault] * tries
    if case.mid_stream and streamed:
        assert (record.status, record.provider) == ("partial", "openai")
        assert record.cost_usd > 0, "what was said is paid for"
    elif mode == "hybrid" and case.fault != "refused_request":
        assert (record.status, record.provider, record.effective_mode) == ("success", "mock", "mock")
    else:
        assert record.status == ("timeout" if case.fault == "timeout" else "error")
        assert record.error_message and "private" not in record.error_message


def test_a_stream_cut_at_any_byte_is_answered_by_another_or_ends_with_what_was_said() -> None:
    async def go() -> None:
        seen = set()
        for cut in range(0, 2200, 60):
            behaviour = Behaviour(text=TEXT, cut_after=cut)
            async with standing_house(behaviour, Behaviour(text=TEXT)) as (home, (vendor, other)):
                said, got = await asked_for(home, True)
                seen.add(
                    type(got).__name__ + got.provider
                    if isinstance(got, Interrupted)
                    else got.completion.provider
                )
                if isinstance(got, Interrupted):
                    assert got.said == said and said and TEXT.startswith(said)
                    assert (vendor.count, other.count) == (1, 0)
                else:
                    assert said == got.completion.text == TEXT
                    assert vendor.count <= TRIES and got.fallback == (other.count == 1)
        assert seen == {"openai", "gemini", "Interruptedopenai"}

    asyncio.run(go())


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


# a vendor that failed a few times and is never asked again
@pytest.mark.parametrize("streamed", [False, True])
def test_in_hybrid_a_vendor_that_is_well_again_is_asked_again(streamed: bool) -> None:
    async def go() -> None:
        async with standing_house(Behaviour(status=500)) as (home, (vendor,)):
            while (await home.gateway.breakers.views(["openai"]))[0].position == "closed":
                assert (await asked_for(home, streamed))[1].effective_mode == "mock"
            count = vendor.count
            assert (await asked_for(home, streamed))[1].fallback_reason == "openai: breaker open"
            assert vendor.count == count
            vendor.default = Behaviour(text=TEXT)
            home.clock.now += 61
            said, got = await asked_for(home, streamed)
            assert (said, got.effective_mode, got.fallback) == (TEXT, "real", False)
            assert (await home.gateway.breakers.views(["openai"]))[0].position == "closed"

    asyncio.run(go())
