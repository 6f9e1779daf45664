from __future__ import annotations

import asyncio

import pytest

from mandi.llm.resilience.deadline import Deadline, Patience


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


def test_what_is_left_shrinks_to_nothing_and_not_below() -> None:
    clock = Clock()
    deadline = Deadline(5.0, clock)
    clock.now = 14.0
    assert (deadline.left_s, deadline.is_over) == (1.0, False)
    clock.now = 99.0
    assert (deadline.left_s, deadline.is_over) == (0.0, True)
    clock.now = 15.2
    assert deadline.left_with(0.25) == pytest.approx(0.05)
    clock.now = 15.3
    assert deadline.left_with(0.25) == 0.0


@pytest.mark.parametrize(
    ("left_s", "others_wait", "expected"),
    [
        (30.0, True, 20.0),
        (30.0, False, 20.0),
        (10.0, True, 8.0),
        (10.0, False, 10.0),
        (1.0, True, 0.5),
        (0.0, True, 0.0),
    ],
)
def test_a_try_leaves_time_for_those_who_wait(left_s: float, others_wait: bool, expected: float) -> None:
    deadline = Deadline(left_s, Clock())
    assert deadline.for_attempt(Patience(), others_wait=others_wait) == pytest.approx(expected)


def test_the_clock_is_the_loops_own() -> None:
    async def go() -> float:
        deadline = Deadline(1.0)
        await asyncio.sleep(0.01)
        return deadline.left_s

    assert 0.5 < asyncio.run(go()) < 1.0
