"""Who does the work of an answer: the loop where it is done sooner than a thread takes it up, else one thread after the other."""

from __future__ import annotations

import threading
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from mandi.serving.counters.price import PriceCounter
from mandi.serving.house import ClosedGate, House
from mandi.serving.rollouts.serving import answered


class ToldWhere:
    """A desk that answers with the thread it was asked in."""

    counters: dict[str, Any]

    def __init__(self) -> None:
        self.counters = {"price": PriceCounter, "demand": object()}

    def price(self, rows: list[int], now: datetime, explain: bool) -> list[int]:
        if rows == [0]:
            raise ValueError("a row that cannot be answered")
        return [threading.get_ident()] * len(rows)

    demand = price


@pytest.mark.parametrize(
    ("model", "rows", "explain", "here"),
    [
        ("price", 1, False, True),
        ("price", PriceCounter.quick_rows, False, True),
        ("price", PriceCounter.quick_rows + 1, False, False),
        ("price", 1, True, False),  # reasons take their time
        ("demand", 1, False, False),
    ],
)
def test_few_rows_of_a_quick_model_take_no_detour(model: str, rows: int, explain: bool, here: bool) -> None:
    async def ask() -> tuple[int, int]:
        return threading.get_ident(), (await _answers(model, [1] * rows, explain))[0]

    own, other = anyio.run(ask)
    assert (own == other) is here


def test_whoever_is_answered_by_a_thread_is_waited_for() -> None:
    async def ask() -> tuple[int, list[int]]:
        house = House(gate=ClosedGate())
        found: list[int] = []

        async def one() -> None:
            found.extend(await _answers("price", [1], False, house))

        await house.one_at_a_time.acquire()
        async with anyio.create_task_group() as group:
            group.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            assert not found
            house.one_at_a_time.release()
        return threading.get_ident(), found

    own, (other,) = anyio.run(ask)
    assert own != other


def test_a_row_that_cannot_be_answered_leaves_the_turn_to_the_next() -> None:
    async def ask() -> int:
        house = House(gate=ClosedGate())
        with pytest.raises(ValueError, match="cannot be answered"):
            await _answers("price", [0], False, house)
        return int(house.one_at_a_time.borrowed_tokens)

    assert anyio.run(ask) == 0


async def _answers(model: str, rows: list[int], explain: bool, house: House | None = None) -> list[int]:
    asked = SimpleNamespace(house=house or House(gate=ClosedGate()), request_id="r")
    question = SimpleNamespace(rows=rows, explain=explain, many=len(rows) > 1)
    answers, prediction_id = await answered(asked, ToldWhere(), model, question)  # type: ignore[arg-type]
    assert prediction_id is None
    return list(answers)
