from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from mandi.core.errors import StoreUnavailable
from mandi.llm.calls import Caller
from mandi.llm.quota.ledger import Alert, Amounts
from mandi.llm.quota.quota import Quota, Reservation
from mandi.llm.quota.tiers import TIERS, Allowance
from mandi.llm.refusals import BudgetUnknown, QuotaExceeded
from mandi.store.memory_state import Awaited, MemoryState

from ..scripted import Ticking

TEN = {"free": Allowance(10, 100_000, Decimal(1))}
ASKS = Caller("org-1", "user-1")
PAID = Amounts(tokens=100, micros=1000)


class Falling(Awaited):
    down = False

    async def update(self, key, change, ttl_s=None):  # type: ignore[no-untyped-def]
        if self.down:
            raise StoreUnavailable("down")
        await asyncio.sleep(0)
        return await super().update(key, change, ttl_s)


def test_fifty_at_once_never_take_more_than_ten() -> None:
    quota = Quota(Awaited(MemoryState()), TEN)

    async def go() -> list[object]:
        return await asyncio.gather(*[quota.reserve(ASKS, PAID) for _ in range(50)], return_exceptions=True)

    found = asyncio.run(go())
    assert sum(isinstance(f, Reservation) for f in found) == 10
    assert sum(isinstance(f, QuotaExceeded) for f in found) == 40


def test_a_refusal_names_the_limit_in_its_unit() -> None:
    quota = Quota(Awaited(MemoryState()), {"free": Allowance(10, 10, Decimal("0.5"))})
    with pytest.raises(QuotaExceeded) as refused:
        asyncio.run(quota.reserve(ASKS, Amounts(micros=700_000)))
    error = refused.value
    assert (error.limit, error.wanted, error.allowed_amount, error.retry_after) == (
        "usd_per_day",
        0.7,
        0.5,
        None,
    )


def test_organisations_have_books_of_their_own() -> None:
    quota = Quota(Awaited(MemoryState()), {"free": Allowance(1, 10**6, Decimal(1))})

    async def go() -> None:
        await quota.reserve(ASKS, PAID)
        await quota.reserve(Caller("org-2", "user-1"), PAID)
        with pytest.raises(QuotaExceeded):
            await quota.reserve(Caller("org-1", "user-2"), PAID)

    asyncio.run(go())


def test_an_own_budget_comes_before_the_tiers() -> None:
    quota = Quota(Awaited(MemoryState()), TIERS, budget_of=lambda c: Decimal("0.001"))
    assert asyncio.run(quota.standing(ASKS))["usd_per_day"] == (0, 0, 1000)
    with pytest.raises(QuotaExceeded, match="usd_per_day"):
        asyncio.run(quota.reserve(ASKS, Amounts(micros=1001)))
    brings = replace(ASKS, daily_budget_usd=Decimal("0.002"))
    assert asyncio.run(Quota(Awaited(MemoryState())).standing(brings))["usd_per_day"][2] == 2000


@pytest.mark.parametrize(
    ("when_down", "paid", "free"),
    [("cost_closed", False, True), ("open", True, True), ("closed", False, False)],
)
def test_without_the_shared_state_cost_is_closed_and_rate_is_open(when_down, paid: bool, free: bool) -> None:  # type: ignore[no-untyped-def]
    state = Falling(MemoryState())
    state.down = True
    quota = Quota(state, TEN, when_down=when_down)
    for wanted, passes in ((PAID, paid), (Amounts(), free)):
        if passes:
            assert not asyncio.run(quota.reserve(ASKS, wanted)).counted
        else:
            with pytest.raises(BudgetUnknown):
                asyncio.run(quota.reserve(ASKS, wanted))
    assert quota.unchecked == paid + free


def test_what_could_not_be_counted_is_owed_and_counted_with_the_next_call() -> None:
    state = Falling(MemoryState())
    quota = Quota(state, TEN)

    async def go() -> None:
        one = await quota.reserve(ASKS, PAID)
        state.down = True
        await quota.settle(one, PAID)
        state.down = False
        two = await quota.reserve(ASKS, PAID)
        await quota.settle(two, PAID)
        assert (await quota.standing(ASKS))["tokens_per_day"] == (200, 0, 100_000)

    asyncio.run(go())


def test_release_gives_back_and_is_harmless_when_the_state_is_down(caplog: pytest.LogCaptureFixture) -> None:
    clock, state = Ticking(), Falling(MemoryState())
    quota = Quota(state, TEN, clock=clock)

    async def go() -> None:
        await quota.release(await quota.reserve(ASKS, PAID))
        assert (await quota.standing(ASKS))["calls_per_hour"] == (0, 0, 10)
        held = await quota.reserve(ASKS, PAID)
        state.down = True
        await quota.release(held)
        state.down = False
        assert (await quota.standing(ASKS))["calls_per_hour"] == (0, 1, 10)
        clock.now += 120
        assert (await quota.standing(ASKS))["calls_per_hour"] == (0, 0, 10)

    with caplog.at_level(logging.WARNING):
        asyncio.run(go())
    assert "could not be released" in caplog.text


def test_alerts_reach_whoever_listens() -> None:
    heard: list[tuple[str, Alert]] = []
    quota = Quota(Awaited(MemoryState()), TEN, on_alert=lambda org, alert: heard.append((org, alert)))

    async def go() -> None:
        for _ in range(10):
            await quota.settle(await quota.reserve(ASKS, PAID), PAID)

    asyncio.run(go())
    assert [(org, a.limit, a.used, a.shut) for org, a in heard] == [
        ("org-1", "calls_per_hour", 8, False), ("org-1", "calls_per_hour", 10, True)
    ]  # fmt: skip
