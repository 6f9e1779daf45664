from __future__ import annotations

import asyncio
from typing import Any

from mandi.serving.accounts.login_limits import FORGOTTEN_S, LONGEST_WAIT_S, LoginLimits, Patience

from .office_bench import Bench


def limits(bench: Bench, **patience: int) -> LoginLimits:
    return LoginLimits(bench.state, bench.clock, Patience(**patience))


async def fail(
    limiter: LoginLimits, times: int, name: str = "priya", address: str = "10.0.0.1"
) -> list[float]:
    return [await limiter.begin(name, address) for _ in range(times)]


def test_five_failures_are_free_and_then_each_waits_longer(bench: Bench) -> None:
    async def run() -> list[float]:
        limiter, waits = limits(bench), []
        assert await fail(limiter, 5) == [0.0] * 5
        for _ in range(12):
            wait = await limiter.begin("priya", "10.0.0.1")
            waits.append(wait)
            bench.clock.now += wait
            assert await limiter.begin("priya", "10.0.0.1") == 0.0, "after the wait a try may be made"
        return waits

    waits = asyncio.run(run())
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0] and waits == sorted(waits) and waits[-1] == LONGEST_WAIT_S


def test_trying_while_waiting_makes_it_no_longer(bench: Bench) -> None:
    async def run() -> None:
        limiter = limits(bench)
        await fail(limiter, 5)
        assert await fail(limiter, 100) == [1.0] * 100
        bench.clock.now += 1.0
        assert await limiter.begin("priya", "10.0.0.1") == 0.0

    asyncio.run(run())


def test_many_at_once_are_not_more_than_many_in_turn(bench: Bench) -> None:
    async def run() -> Any:
        limiter = limits(bench)
        return await asyncio.gather(*[limiter.begin("priya", "10.0.0.1") for _ in range(40)])

    assert asyncio.run(run()).count(0.0) == 5


def test_a_stranger_who_keeps_failing_does_not_shut_the_owner_out(bench: Bench) -> None:
    async def run() -> None:
        limiter = limits(bench)
        await fail(limiter, 6, address="203.0.113.9")
        assert await limiter.begin("priya", "203.0.113.9") > 0
        assert await limiter.begin("priya", "10.0.0.1") == 0.0

    asyncio.run(run())


def test_many_addresses_for_one_name_and_many_names_from_one_address(bench: Bench) -> None:
    async def run() -> None:
        limiter = limits(bench, name=8, address=6)
        for i in range(8):
            assert await limiter.begin("priya", f"10.0.{i}.1") == 0.0
        assert await limiter.begin("priya", "10.0.99.1") > 0
        for i in range(6):
            assert await limiter.begin(f"user{i}", "198.51.100.7") == 0.0
        assert await limiter.begin("another", "198.51.100.7") > 0

    asyncio.run(run())


def test_a_household_with_a_whole_network_is_one_address(bench: Bench) -> None:
    async def run() -> None:
        limiter = limits(bench, address=6)
        for i in range(6):
            await limiter.begin(f"user{i}", f"2001:db8::{i}")
        assert await limiter.begin("another", "2001:db8::ffff") > 0
        assert await limiter.begin("another", "2001:db8:0:1::1") == 0.0

    asyncio.run(run())


def test_a_right_password_is_forgiven_and_time_forgets(bench: Bench) -> None:
    async def run() -> None:
        limiter = limits(bench)
        await fail(limiter, 5)
        await limiter.forgive("priya", "10.0.0.1")
        assert await fail(limiter, 5) == [0.0] * 5
        assert await limiter.begin("priya", "10.0.0.1") > 0
        bench.clock.now += FORGOTTEN_S + 1
        assert await fail(limiter, 5) == [0.0] * 5

    asyncio.run(run())


def test_neither_name_nor_address_is_kept(bench: Bench) -> None:
    async def run() -> list[str]:
        await limits(bench).begin("priya", "10.0.0.1")
        return await bench.state.keys("login:")

    kept = asyncio.run(run())
    assert len(kept) == 3 and not any("priya" in key or "10.0" in key for key in kept)


def test_names_that_are_tried_while_an_address_waits_are_not_written_down(bench: Bench) -> None:
    async def run() -> list[str]:
        limiter = limits(bench, address=6)
        for i in range(60):
            await limiter.begin(f"user{i}", "198.51.100.7")
        return await bench.state.keys("login:")

    assert len(asyncio.run(run())) == 1 + 2 * 6
