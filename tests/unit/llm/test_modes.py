from __future__ import annotations

import asyncio

import pytest

from mandi.core.errors import StoreUnavailable, UnknownValue
from mandi.llm.calls import Mode
from mandi.llm.modes import EFFECTIVE, STRATEGIES, LiveMode, MemoryModes, admitted, as_mode
from mandi.llm.refusals import NoProvider

from .scripted import Scripted, Ticking, analyst

EVERYBODY = (
    analyst(),
    Scripted("openai"),
    Scripted("gemini"),
    Scripted("ollama", "local"),
    Scripted("own", "student"),
)


class Counted(MemoryModes):
    reads = 0
    down = False

    async def get(self) -> Mode | None:
        self.reads += 1
        await asyncio.sleep(0)
        if self.down:
            raise StoreUnavailable("down")
        return await super().get()


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("mock", ["mock"]),
        ("real", ["openai", "gemini", "ollama"]),
        ("hybrid", ["own", "openai", "gemini", "ollama", "mock"]),
    ],
)
def test_who_may_answer_in_a_mode(mode: Mode, names: list[str]) -> None:
    assert [p.name for p in admitted(mode, EVERYBODY)] == names


def test_no_mock_and_no_student_stands_in_for_a_vendor() -> None:
    with pytest.raises(NoProvider, match="mode real has nobody to ask") as refused:
        admitted("real", [analyst(), Scripted("own", "student")])
    assert refused.value.next_command is not None and "OPENAI_API_KEY" in refused.value.next_command


def test_every_kind_has_a_mode_and_only_hybrid_asks_humans() -> None:
    assert {EFFECTIVE[kind] for kind in STRATEGIES["real"].answers} == {"real"}
    assert EFFECTIVE["mock"] == "mock"
    assert [mode for mode, strategy in STRATEGIES.items() if strategy.human] == ["hybrid"]


def test_a_misspelled_mode_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownValue, match='did you mean "hybrid"'):
        as_mode("hybird")


def test_the_mode_is_read_once_in_half_a_second_and_a_switch_is_seen_by_other_workers() -> None:
    clock, store = Ticking(), Counted("mock")
    one, two = (LiveMode(store, clock=clock) for _ in range(2))

    async def go() -> None:
        assert await asyncio.gather(*[one.current() for _ in range(20)]) == ["mock"] * 20
        assert store.reads == 1
        assert await two.current() == "mock"
        await two.switch("real")
        assert await two.current() == "real"
        assert await one.current() == "mock"
        clock.now += 0.51
        assert await one.current() == "real"
        assert store.reads == 3

    asyncio.run(go())


def test_the_last_known_mode_stays_while_the_store_is_down() -> None:
    clock, store = Ticking(), Counted("mock")
    live = LiveMode(store, default="hybrid", clock=clock)

    async def go() -> None:
        assert await live.current() == "mock"
        store.down = True
        clock.now += 1
        assert await live.current() == "mock"
        store.down = False
        clock.now += 1
        await store.set("real")
        assert await live.current() == "real"

    asyncio.run(go())


def test_the_age_is_never_above_half_a_second() -> None:
    clock, store = Ticking(), Counted("mock")
    live = LiveMode(store, age_s=60, clock=clock)

    async def go() -> None:
        await live.current()
        clock.now += 0.6
        await live.current()
        assert store.reads == 2

    asyncio.run(go())
