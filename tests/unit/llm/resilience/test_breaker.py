from __future__ import annotations

import asyncio
import logging

import pytest

from mandi.core.errors import StoreUnavailable
from mandi.llm.provider import Fault, ProviderError
from mandi.llm.resilience.breaker import (
    Admission,
    BreakerPolicy,
    BreakerState,
    admit,
    failed,
    gave_up,
    succeeded,
)
from mandi.llm.resilience.breakers import Breakers
from mandi.store.memory_state import Awaited, MemoryState

from ..scripted import Ticking

POLICY = BreakerPolicy()
YES = Admission(True)


def error(fault: Fault = "server_error", retry_after: float | None = None) -> ProviderError:
    return ProviderError("openai", fault, "m", retry_after=retry_after)


class Watched(Awaited):
    """Counts writes, and can be down."""

    writes = 0
    reads = 0
    down = False

    async def update(self, key, change, ttl_s=None):  # type: ignore[no-untyped-def]
        if self.down:
            raise StoreUnavailable("down")
        self.writes += 1
        return await super().update(key, change, ttl_s)

    async def read(self, key: str) -> bytes | None:
        if self.down:
            raise StoreUnavailable("down")
        self.reads += 1
        return await super().read(key)


def test_five_failures_in_a_row_open_it_for_a_minute() -> None:
    state = BreakerState()
    for n in range(5):
        assert state.position(0.0) == "closed", n
        state = failed(state, 100.0, POLICY, error(), probe=False)
    assert [state.position(t) for t in (100.0, 159.9, 160.0)] == ["open", "open", "half_open"]


def test_an_answer_in_between_starts_anew() -> None:
    state = BreakerState()
    for _ in range(20):
        for _ in range(4):
            state = failed(state, 0.0, POLICY, error(), probe=False)
        state = succeeded(state, probe=False)
    assert state == BreakerState()


def test_one_probe_is_lent_and_its_answer_closes_or_opens() -> None:
    rested = BreakerState(failures=5, open_until=60.0)
    lent, admission = admit(rested, 60.0, POLICY)
    assert admission == Admission(True, probe=True)
    refused = admit(lent, 61.0, POLICY)[1]
    assert (refused.allowed, refused.retry_after) == (False, 59.0)
    assert succeeded(lent, probe=True) == BreakerState()
    assert failed(lent, 70.0, POLICY, error(), probe=True).open_until == 130.0
    assert admit(gave_up(lent, probe=True), 61.0, POLICY)[1].probe
    assert admit(lent, 60.0 + POLICY.probe_s, POLICY)[1].probe, "a probe that never came back is lent again"


def test_late_news_of_calls_that_began_before_neither_close_nor_prolong() -> None:
    opened = BreakerState(failures=5, open_until=60.0)
    assert succeeded(opened, probe=False) == opened
    late = failed(opened, 50.0, POLICY, error(), probe=False)
    assert (late.open_until, late.failures) == (60.0, 6)


@pytest.mark.parametrize(
    ("fault", "asked", "until"),
    [
        ("rate_limited", 30.0, 130.0),
        ("rate_limited", 5.0, None),
        ("rate_limited", 9999.0, 700.0),
        ("server_error", 30.0, None),
    ],
)
def test_a_long_retry_after_opens_at_once_for_that_long(
    fault: Fault, asked: float, until: float | None
) -> None:
    assert failed(BreakerState(), 100.0, POLICY, error(fault, asked), probe=False).open_until == until


def test_a_document_says_all_and_none_is_healthy() -> None:
    state = BreakerState(3, 60.0, 61.0, "timeout")
    assert BreakerState.read(state.document()) == state
    assert BreakerState.read(None) == BreakerState()
    assert BreakerState().document() is None


def test_a_healthy_provider_costs_no_write_and_few_reads() -> None:
    clock, state = Ticking(), Watched(MemoryState())
    breakers = Breakers(state, clock=clock)

    async def go() -> None:
        for _ in range(100):
            admission = await breakers.admit("openai")
            await breakers.succeeded("openai", admission)
            clock.now += 0.01

    asyncio.run(go())
    assert state.writes == 0
    assert state.reads <= 5


def test_workers_share_what_they_learn_and_one_of_them_probes() -> None:
    clock, state = Ticking(), Watched(MemoryState())
    one, two = (Breakers(state, clock=clock) for _ in range(2))

    async def go() -> None:
        await two.admit("openai")
        for _ in range(5):
            await one.failed("openai", YES, error())
        clock.now += 0.3
        assert not (await two.admit("openai")).allowed
        assert (await two.views(["openai"]))[0].position == "open"
        assert (await two.admit("gemini")).allowed
        clock.now += 61
        probes = [await b.admit("openai") for b in (one, two) for _ in range(10)]
        assert [p.allowed for p in probes].count(True) == 1
        (view,) = await two.views(["openai"])
        assert (view.position, view.failures, view.last_fault) == ("half_open", 5, "server_error")
        await one.succeeded("openai", next(p for p in probes if p.allowed))
        clock.now += 0.3
        assert (await two.views(["openai"]))[0].position == "closed"
        writes = state.writes
        await two.succeeded("openai", await two.admit("openai"))
        assert state.writes == writes

    asyncio.run(go())


@pytest.mark.parametrize("fault", ["refused_request", "not_able"])
def test_what_the_caller_did_never_counts(fault: Fault) -> None:
    state = Watched(MemoryState())
    breakers = Breakers(state)

    async def go() -> None:
        for _ in range(50):
            await breakers.failed("openai", YES, error(fault))
        assert (await breakers.admit("openai")).allowed

    asyncio.run(go())
    assert state.writes == 0


def test_each_provider_has_its_own_policy() -> None:
    breakers = Breakers(Awaited(MemoryState()), policies={"ollama": BreakerPolicy(threshold=1, open_s=5.0)})

    async def go() -> list[bool]:
        await breakers.failed("ollama", YES, error())
        await breakers.failed("openai", YES, error())
        return [(await breakers.admit(name)).allowed for name in ("ollama", "openai")]

    assert asyncio.run(go()) == [False, True]


def test_without_the_shared_state_a_worker_goes_on_alone(caplog: pytest.LogCaptureFixture) -> None:
    clock, state = Ticking(), Watched(MemoryState())
    breakers = Breakers(state, clock=clock)
    state.down = True

    async def go() -> list[bool]:
        before = (await breakers.admit("openai")).allowed
        for _ in range(5):
            await breakers.failed("openai", YES, error())
        return [before, (await breakers.admit("openai")).allowed]

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(go()) == [True, False]
    assert "goes on alone" in caplog.text


def test_a_breaker_is_closed_by_hand() -> None:
    breakers = Breakers(Awaited(MemoryState()))

    async def go() -> bool:
        for _ in range(5):
            await breakers.failed("openai", YES, error())
        await breakers.reset("openai")
        return (await breakers.admit("openai")).allowed

    assert asyncio.run(go())
