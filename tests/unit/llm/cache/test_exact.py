from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from random import Random

import pytest

from mandi.core.errors import StoreUnavailable
from mandi.llm.cache.classes import TTL_S, CacheRules
from mandi.llm.cache.exact import AnswerCache, given_again, may_be_kept
from mandi.llm.cache.key import Asked, exact_key, setting_key
from mandi.llm.calls import Outcome
from mandi.llm.messages import Completion, Message, Prompt, Tool, ToolCall, Usage
from mandi.store.memory_state import Awaited, MemoryState

from ..scripted import Ticking

PROMPT = Prompt((Message("system", "Be short."), Message("user", "Is 4600 fair?")), task="scoring")
ASKED = Asked("org-1", "openai/m", {"price": "3"})
OUTCOME = Outcome(
    Completion("It is fair. उचित है।", "openai", "m", usage=Usage(10, 5), confidence=0.5, cost_usd=Decimal("0.01")),
    "g-1", "hybrid", "real", "teacher", "always the teacher", cost_usd=Decimal("0.01"), latency_ms=9.0,
    student_answer="Yes.", student_confidence=0.6,
)  # fmt: skip

OTHER_PROMPTS = {
    "messages": (Message("user", "Is 4601 fair?"),),
    "task": "classification",
    "temperature": 0.1,
    "top_p": 0.5,
    "max_tokens": 5,
    "stop": ("x",),
    "seed": 1,
    "tools": (Tool("t", "d", {}),),
    "tool_choice": "auto",
    "parallel_tools": False,
    "answer_schema": {"type": "object"},
    "facts": {"price": {"fair": 1.0, "day": date(2026, 3, 5), "inr": Decimal("1.5")}},
    "version": "2",
}


def test_every_field_of_a_prompt_is_part_of_its_key() -> None:
    assert set(OTHER_PROMPTS) == {f.name for f in fields(Prompt)}, "a new field needs a line here"
    keys = {exact_key(replace(PROMPT, **{name: value}), ASKED) for name, value in OTHER_PROMPTS.items()}  # type: ignore[arg-type]
    assert len(keys | {exact_key(PROMPT, ASKED)}) == len(OTHER_PROMPTS) + 1


@pytest.mark.parametrize(
    "other", [Asked("org-2", "openai/m", {"price": "3"}), Asked("org-1", "gemini/m", {"price": "3"}), Asked("org-1", "openai/m", {"price": "4"})]
)  # fmt: skip
def test_tenant_provider_and_model_versions_are_part_of_it(other: Asked) -> None:
    assert exact_key(PROMPT, other) != exact_key(PROMPT, ASKED)
    assert setting_key(PROMPT, other) != setting_key(PROMPT, ASKED)


def test_the_order_of_facts_is_not_and_what_is_no_data_is_refused() -> None:
    one, two = ({"a": 1, "b": [2.0, "x"]}, {"b": [2.0, "x"], "a": 1})
    assert exact_key(replace(PROMPT, facts=one), ASKED) == exact_key(replace(PROMPT, facts=two), ASKED)
    with pytest.raises(TypeError, match="object"):
        exact_key(replace(PROMPT, facts={"a": object()}), ASKED)


def test_the_setting_is_everything_but_the_last_question() -> None:
    asks_else = replace(PROMPT, messages=(PROMPT.messages[0], Message("user", "Is 9 fair?")))
    said_else = replace(PROMPT, messages=(Message("system", "Be long."), PROMPT.messages[1]))
    assert setting_key(asks_else, ASKED) == setting_key(PROMPT, ASKED)
    assert setting_key(said_else, ASKED) != setting_key(PROMPT, ASKED)


def test_times_to_live_are_those_of_the_kinds_of_work_and_jittered_down() -> None:
    assert dict(TTL_S) == {
        "deal_analysis": 300, "classification": 3600, "scoring": 3600, "summarization": 3600, "embedding": 86400,
    }  # fmt: skip
    rules, rng = CacheRules(), Random(1)
    drawn = [rules.jittered(300.0, rng) for _ in range(500)]
    assert 270 <= min(drawn) < 275 and 295 < max(drawn) <= 300
    assert CacheRules(enabled=False).ttl_of(PROMPT) is None


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"fallback": True}, False),
        ({"degraded": True}, False),
        ({"effective_mode": "mock"}, False),
        ({"completion": replace(OUTCOME.completion, finish="length")}, False),
        ({"completion": replace(OUTCOME.completion, finish="content_filter")}, False),
        ({"completion": replace(OUTCOME.completion, tool_calls=(ToolCall("1", "f", "{}"),))}, False),
    ],
)
def test_only_whole_answers_of_the_first_choice_are_kept(changed: dict[str, object], kept: bool) -> None:
    outcome, cache = replace(OUTCOME, **changed), AnswerCache(Awaited(MemoryState()))  # type: ignore[arg-type]
    assert may_be_kept(outcome) is kept
    assert (asyncio.run(cache.keep("scoring", "k", outcome, "org-1", 60)) is not None) is kept
    assert (asyncio.run(cache.find("scoring", "k")) is not None) is kept


def test_an_answer_comes_back_as_it_was_with_an_id_of_its_own_and_at_no_cost() -> None:
    cache = AnswerCache(Awaited(MemoryState()))

    async def go() -> Outcome:
        await cache.keep("scoring", "k", OUTCOME, "org-1", 60)
        kept = await cache.find("scoring", "k")
        assert kept is not None
        return given_again(kept, "g-2", "exact", "hybrid", 1.5)

    again = asyncio.run(go())
    assert again.completion == replace(OUTCOME.completion, cost_usd=Decimal(0))
    assert (again.generation_id, again.cache, again.cost_usd, again.latency_ms) == ("g-2", "exact", 0, 1.5)
    assert (again.confidence, again.student_answer, again.route_reason) == (
        None,
        "Yes.",
        "always the teacher",
    )


def test_an_entry_is_over_evicted_or_made_unfindable() -> None:
    clock = Ticking()
    cache = AnswerCache(Awaited(MemoryState(clock)), clock)

    async def go() -> None:
        for key in "abc":
            await cache.keep("scoring", key, replace(OUTCOME, generation_id=f"g-{key}"), "org-1", 60)
        assert await cache.evict("g-a", "org-1")
        assert not await cache.evict("g-b", "another")
        assert not await cache.evict("g-x", "org-1")
        assert [await cache.find("scoring", k) is not None for k in "abc"] == [False, True, True]
        await cache.invalidate("classification")
        assert await cache.find("scoring", "b") is not None
        await cache.invalidate("scoring")
        assert await cache.find("scoring", "b") is None
        await cache.keep("scoring", "b", OUTCOME, "org-1", 60)
        await cache.invalidate()
        assert await cache.find("scoring", "b") is None
        await cache.keep("scoring", "b", OUTCOME, "org-1", 60)
        clock.now += 60
        assert await cache.find("scoring", "b") is None

    asyncio.run(go())
    stats = cache.stats()["scoring"]
    assert (stats["hit"], stats["stored"], stats["evicted"]) == (3, 5, 1)
    assert stats["hit_rate"] == pytest.approx(3 / 7)


def test_another_worker_follows_a_new_version_within_a_quarter_of_a_second() -> None:
    clock, state = Ticking(), MemoryState()
    one, two = (AnswerCache(Awaited(state), clock) for _ in range(2))

    async def go() -> None:
        await one.keep("scoring", "k", OUTCOME, "org-1", 60)
        assert await two.find("scoring", "k") is not None
        await one.invalidate("scoring")
        clock.now += 0.25
        assert await two.find("scoring", "k") is None

    asyncio.run(go())


def test_a_state_that_does_not_answer_is_a_miss() -> None:
    class Down(Awaited):
        async def read(self, key: str) -> bytes | None:
            raise StoreUnavailable("down")

        async def write(self, key: str, document: bytes, ttl_s: float | None = None) -> None:
            raise StoreUnavailable("down")

    cache = AnswerCache(Down(MemoryState()))
    assert asyncio.run(cache.find("scoring", "k")) is None
    assert asyncio.run(cache.keep("scoring", "k", OUTCOME, "org-1", 60)) is None
