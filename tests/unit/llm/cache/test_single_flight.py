from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from mandi.core.errors import StoreUnavailable
from mandi.llm.cache.exact import Kept
from mandi.llm.cache.single_flight import Flight, FlightRules, SingleFlight
from mandi.llm.calls import Outcome
from mandi.llm.messages import Completion
from mandi.store.memory_state import Awaited, MemoryState

KEPT = Kept(
    Outcome(Completion("a", "p", "m"), "g", "real", "real", "teacher", "r", cost_usd=Decimal(1)), "org-1", 9e9
)
QUICK = FlightRules(wait_s=0.3, lease_s=5.0, look_s=0.01)


async def nothing() -> Kept | None:
    return None


def test_those_who_wait_get_what_the_leader_lands() -> None:
    async def go() -> None:
        flights = SingleFlight(Awaited(MemoryState()), QUICK)
        flight = await flights.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        waiting = [asyncio.create_task(flights.join("k", nothing, 9.0)) for _ in range(5)]
        await asyncio.sleep(0.01)
        await flight.land(KEPT)
        assert await asyncio.gather(*waiting) == [KEPT] * 5
        assert isinstance(await flights.join("k", nothing, 9.0), Flight)

    asyncio.run(go())


def test_a_leader_without_an_answer_lets_each_ask_for_itself() -> None:
    async def go() -> None:
        flights = SingleFlight(Awaited(MemoryState()), QUICK)
        flight = await flights.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        waiting = [asyncio.create_task(flights.join("k", nothing, 9.0)) for _ in range(3)]
        await asyncio.sleep(0.01)
        await flight.land(None)
        assert await asyncio.gather(*waiting) == [None] * 3

    asyncio.run(go())


def test_a_leader_that_is_cancelled_hands_over_to_exactly_one() -> None:
    async def go() -> None:
        flights = SingleFlight(Awaited(MemoryState()), QUICK)
        flight = await flights.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        waiting = [asyncio.create_task(flights.join("k", nothing, 9.0)) for _ in range(3)]
        await asyncio.sleep(0.01)
        await flight.land(None, cancelled=True)
        await asyncio.sleep(0.02)
        leaders = [t for t in waiting if t.done() and isinstance(t.result(), Flight)]
        assert len(leaders) == 1
        await leaders[0].result().land(KEPT)  # type: ignore[union-attr]
        found = await asyncio.gather(*waiting)
        assert found.count(KEPT) == 2

    asyncio.run(go())


@pytest.mark.parametrize("wait_s", [0.05, 9.0])
def test_a_wait_is_bounded_and_leaves_the_leader_alone(wait_s: float) -> None:
    async def go() -> None:
        flights = SingleFlight(Awaited(MemoryState()), QUICK)
        flight = await flights.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        began = asyncio.get_running_loop().time()
        assert await flights.join("k", nothing, wait_s) is None
        assert asyncio.get_running_loop().time() - began < 0.5
        follower = asyncio.create_task(flights.join("k", nothing, 9.0))
        await asyncio.sleep(0.01)
        follower.cancel()
        await asyncio.sleep(0)
        await flight.land(KEPT)

    asyncio.run(go())


def test_another_process_waits_for_the_lease_and_finds_the_answer() -> None:
    async def go() -> None:
        state = MemoryState()
        here, there = (SingleFlight(Awaited(state), QUICK) for _ in range(2))
        flight = await here.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        found: list[Kept] = []

        async def look() -> Kept | None:
            return found[0] if found else None

        waiting = asyncio.create_task(there.join("k", look, 9.0))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        found.append(KEPT)
        assert await waiting == KEPT

    asyncio.run(go())


def test_another_process_takes_over_when_the_lease_is_given_up_and_goes_on_when_it_is_not() -> None:
    async def go() -> None:
        state = MemoryState()
        here, there = (SingleFlight(Awaited(state), QUICK) for _ in range(2))
        flight = await here.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        waiting = asyncio.create_task(there.join("k", nothing, 9.0))
        await asyncio.sleep(0.03)
        await flight.land(None)
        assert isinstance(await waiting, Flight)
        await waiting.result().land(None)  # type: ignore[union-attr]
        state.write("flight:k", b"a worker that died", 60)
        assert isinstance(await here.join("k", nothing, 0.1), Flight), "the wait is bounded"
        assert state.read("flight:k") == b"a worker that died"

    asyncio.run(go())


def test_an_answer_that_landed_between_the_look_and_the_lead_is_found() -> None:
    async def go() -> None:
        async def look() -> Kept | None:
            return KEPT

        flights = SingleFlight(Awaited(MemoryState()), QUICK)
        assert await flights.join("k", look, 9.0) == KEPT
        assert isinstance(await flights.join("k", nothing, 9.0), Flight)

    asyncio.run(go())


def test_who_is_cancelled_while_it_takes_the_lead_leaves_no_lease_behind() -> None:
    async def go() -> None:
        state = MemoryState()
        flights = SingleFlight(Awaited(state), QUICK)

        async def slow() -> Kept | None:
            await asyncio.sleep(9)
            return None

        task = asyncio.create_task(flights.join("k", slow, 9.0))
        await asyncio.sleep(0.02)
        assert state.read("flight:k") is not None
        task.cancel()
        await asyncio.sleep(0.02)
        assert task.cancelled() and state.read("flight:k") is None

    asyncio.run(go())


def test_without_the_shared_state_this_process_still_asks_once() -> None:
    class Down(Awaited):
        async def read(self, key: str) -> bytes | None:
            raise StoreUnavailable("down")

        async def update(self, key, change, ttl_s=None):  # type: ignore[no-untyped-def]
            raise StoreUnavailable("down")

    async def go() -> None:
        flights = SingleFlight(Down(MemoryState()), QUICK)
        flight = await flights.join("k", nothing, 9.0)
        assert isinstance(flight, Flight)
        waiting = asyncio.create_task(flights.join("k", nothing, 9.0))
        await asyncio.sleep(0.01)
        await flight.land(KEPT)
        assert await waiting == KEPT

    asyncio.run(go())
