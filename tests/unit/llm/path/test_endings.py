"""Endings of calls whose client is gone: cancelled once, again and again, or while room is being taken."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from mandi.llm.calls import Interrupted
from mandi.llm.path.passage import status_of
from mandi.llm.provider import ProviderError
from mandi.llm.refusals import BudgetUnknown, EscalationRequired, NobodyAnswered
from mandi.store.memory_state import Awaited, MemoryState

from ..scripted import (
    CALLER,
    Breaks,
    Fails,
    Hangs,
    Says,
    Scripted,
    analyst,
    call,
    drained,
    house,
    nothing_left,
)


class Slow(Awaited):
    """A state that takes a moment, as one over a wire does."""

    async def update(self, key, change, ttl_s=None):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.02)
        return await super().update(key, change, ttl_s)


class Gated(Awaited):
    """A state that stops at one change until it is let on; a change is done though its caller is gone, as on a real one."""

    stops_at = 0
    changes = 0

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self.reached, self.gate = asyncio.Event(), asyncio.Event()

    async def update(self, key, change, ttl_s=None):  # type: ignore[no-untyped-def]
        self.changes += 1
        if self.changes != self.stops_at:
            return await super().update(key, change, ttl_s)
        self.reached.set()
        try:
            await self.gate.wait()
        finally:
            result = await super().update(key, change, ttl_s)
        return result


async def standing_of(home: Any) -> list[tuple[int, int]]:
    return [(used, held) for used, held, _ in (await home.gateway.quota.standing(CALLER)).values()]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_scope_that_cancels_at_every_wait_still_settles_and_records(streamed: bool) -> None:
    home = house(Scripted("openai", script=[Hangs(after=2)]), analyst(), asynchronous=Slow)

    async def go() -> None:
        async with anyio.create_task_group() as group:

            async def client() -> None:
                await (drained(home.gateway.stream(call())) if streamed else home.gateway.complete(call()))

            group.start_soon(client)
            while not home.providers["openai"].open:
                await asyncio.sleep(0.005)
            group.cancel_scope.cancel()
        await home.gateway.close()
        await nothing_left()
        assert await standing_of(home) == [
            (1, 0),
            (home.records.all[0].total_tokens, 0),
            (int(home.records.all[0].cost_usd * 10**6), 0),
        ]

    asyncio.run(go())
    assert [r.status for r in home.records.all] == ["cancelled"]
    assert home.records.all[0].total_tokens > 0


@pytest.mark.parametrize(("stops_at", "used"), [(1, 0), (2, 1)], ids=["reserving", "settling"])
def test_who_leaves_while_room_is_taken_or_settled_leaves_nothing_open(stops_at: int, used: int) -> None:
    async def go() -> Any:
        state = Gated(MemoryState())
        state.stops_at = stops_at
        home = house(Scripted("openai"), analyst(), asynchronous=lambda _: state)
        task = asyncio.create_task(home.gateway.complete(call()))
        await state.reached.wait()
        task.cancel()
        await asyncio.sleep(0)
        state.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await home.gateway.close()
        assert [held for _, held in await standing_of(home)] == [0, 0, 0]
        assert (await standing_of(home))[0][0] == used
        return home

    home = asyncio.run(go())
    assert len(home.providers["openai"].asked) == used
    assert [r.status for r in home.records.all] == (["success"] if used else ["cancelled"])


def test_a_probe_whose_client_left_can_be_lent_again() -> None:
    home = house(Scripted("openai", script=[Hangs()]), mode="real")

    async def go() -> None:
        breakers = home.gateway.breakers
        for _ in range(5):
            await breakers.failed(
                "openai", await breakers.admit("openai"), ProviderError("openai", "server_error", "m")
            )
        home.clock.now += 61
        task = asyncio.create_task(home.gateway.complete(call()))
        await asyncio.sleep(0.02)
        assert not (await breakers.admit("openai")).allowed
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await home.gateway.close()
        assert (await breakers.admit("openai")).probe

    asyncio.run(go())


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ([Says()], "success"),
        ([Fails()], "error"),
        ([Fails("refused_request", 400)], "error"),
        ([Hangs()], "timeout"),
        ([Breaks()], "error"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_each_call_is_recorded_once_however_it_ends(script: list[Any], status: str, streamed: bool) -> None:
    home = house(Scripted("openai", script=script), mode="real")

    async def go() -> None:
        work = drained(home.gateway.stream(call())) if streamed else home.gateway.complete(call())
        await asyncio.gather(work, return_exceptions=True)  # type: ignore[arg-type]
        assert {held for _, held in await standing_of(home)} == {0}
        await nothing_left()

    asyncio.run(go())
    assert [r.status for r in home.records.all] == [status]
    assert home.providers["openai"].open == 0


def test_a_bug_in_the_middle_of_a_stream_is_raised_and_not_told_as_an_interruption() -> None:
    home = house(Scripted("openai", script=[Breaks(after=2)]), analyst())

    async def go() -> None:
        with pytest.raises(ZeroDivisionError):
            async for piece in home.gateway.stream(call()):
                assert not isinstance(piece, Interrupted)

    asyncio.run(go())
    (record,) = home.records.all
    assert (record.status, record.error_message) == ("error", "ZeroDivisionError")


def test_statuses_of_errors() -> None:
    assert status_of(BudgetUnknown(), None)[0] == "refused"
    assert status_of(EscalationRequired("g", "q", "r", requested_mode="hybrid"), None) == ("success", None)
    assert status_of(NobodyAnswered(()), None) == ("error", "nobody answered: nobody could be asked")
    assert status_of(ProviderError("openai", "refused_request", "secret words"), None) == (
        "error",
        "openai: refused_request",
    )
