from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from mandi.core.errors import UnknownValue
from mandi.llm.cache.classes import CacheRules
from mandi.llm.calls import Caller, Interrupted, Outcome
from mandi.llm.evidence import Finding
from mandi.llm.messages import Completion, Delta, Prompt, Usage
from mandi.llm.provider import ProviderError
from mandi.llm.quota.quota import Quota
from mandi.llm.quota.tiers import Allowance
from mandi.llm.refusals import EscalationRequired, NobodyAnswered, NoProvider, QuotaExceeded
from mandi.store.memory_state import Awaited, MemoryState

from .scripted import (
    CALLER,
    QUICK,
    SAID,
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


def test_an_answer_says_who_gave_it_and_what_it_cost() -> None:
    home = house(Scripted("openai"), analyst())
    outcome = asyncio.run(home.gateway.complete(call()))
    assert outcome.completion.text == SAID
    assert (outcome.requested_mode, outcome.effective_mode, outcome.route) == ("hybrid", "real", "teacher")
    assert (outcome.fallback, outcome.fallback_reason, outcome.degraded) == (False, None, False)
    assert outcome.cost_usd == Decimal("0.00014")
    assert [(a.provider, a.fault) for a in outcome.attempts] == [("openai", None)]
    (record,) = home.records.all
    assert (record.status, record.provider, record.model) == ("success", "openai", "openai-1")
    assert (record.prompt_tokens, record.completion_tokens, record.total_tokens) == (100, 20, 120)
    assert record.cost_usd == outcome.cost_usd
    assert record.generation_id == outcome.generation_id
    assert record.created_at.utcoffset() is not None


def test_a_failing_vendor_is_asked_again_and_then_another_one() -> None:
    home = house(Scripted("openai", script=[Fails()]), Scripted("gemini"), analyst())
    outcome = asyncio.run(home.gateway.complete(call()))
    assert outcome.completion.provider == "gemini"
    assert outcome.fallback
    assert outcome.fallback_reason == "openai: server_error (500)"
    assert (outcome.effective_mode, outcome.degraded) == ("real", False)
    assert [a.provider for a in outcome.attempts] == ["openai", "openai", "gemini"]


def test_in_hybrid_the_analyst_is_the_last_resort_and_says_so() -> None:
    home = house(Scripted("openai", script=[Fails()]), analyst(script=[Says(confidence=0.9)]))
    outcome = asyncio.run(home.gateway.complete(call()))
    assert (outcome.effective_mode, outcome.requested_mode, outcome.route) == ("mock", "hybrid", "mock")
    assert outcome.fallback and outcome.fallback_reason == "openai: server_error (500)"
    assert outcome.confidence is None
    assert outcome.degraded, "no model said anything about the question"
    assert outcome.cost_usd == 0


def test_in_real_the_mock_never_answers() -> None:
    home = house(Scripted("openai", script=[Fails()]), analyst(), mode="real")
    with pytest.raises(NobodyAnswered) as refused:
        asyncio.run(home.gateway.complete(call()))
    assert [a.fault for a in refused.value.attempts] == ["server_error", "server_error"]
    assert home.providers["mock"].asked == []
    assert home.records.all[0].status == "error"


def test_real_without_anybody_to_ask_is_refused_with_what_to_set() -> None:
    home = house(analyst(), mode="real")
    with pytest.raises(NoProvider) as refused:
        asyncio.run(home.gateway.complete(call()))
    assert "OPENAI_API_KEY" in str(refused.value)
    assert home.records.all[0].status == "error"
    assert asyncio.run(home.gateway.complete(call(mode="hybrid"))).effective_mode == "mock"


def test_mode_mock_asks_only_the_analyst_and_nothing_is_a_fallback() -> None:
    home = house(Scripted("openai"), analyst(), mode="mock")
    outcome = asyncio.run(home.gateway.complete(call()))
    assert (outcome.effective_mode, outcome.fallback, outcome.cache) == ("mock", False, "off")
    assert home.providers["openai"].asked == []


def test_a_call_keeps_the_mode_it_started_with() -> None:
    home = house(Scripted("openai", script=[Says(after_s=0.05)]), analyst())

    async def go() -> tuple[str, Any]:
        stream = home.gateway.stream(call())
        first = await anext(stream)
        await home.gateway.mode.switch("mock")
        said, last = await drained(stream)
        return first.text + said, last  # type: ignore[union-attr]

    said, outcome = asyncio.run(go())
    assert said == SAID
    assert (outcome.requested_mode, outcome.effective_mode) == ("hybrid", "real")
    assert asyncio.run(home.gateway.complete(call())).effective_mode == "mock"


def test_a_named_provider_is_the_only_one_asked() -> None:
    home = house(Scripted("openai", script=[Fails()]), Scripted("gemini"), analyst())
    with pytest.raises(NobodyAnswered):
        asyncio.run(home.gateway.complete(call(provider="openai")))
    assert home.providers["gemini"].asked == home.providers["mock"].asked == []
    with pytest.raises(UnknownValue, match="did you mean"):
        asyncio.run(home.gateway.complete(call(provider="gemni")))
    with pytest.raises(UnknownValue, match="may not answer in mode real"):
        asyncio.run(home.gateway.complete(call(provider="mock", mode="real")))
    with pytest.raises(UnknownValue, match="no model"):
        asyncio.run(home.gateway.complete(call(model="gpt-9")))
    assert asyncio.run(home.gateway.complete(call(model="gemini-1"))).completion.provider == "gemini"


def test_what_nobody_can_answer_is_said_to_the_caller_at_once() -> None:
    home = house(Scripted("openai", script=[Fails("refused_request", 404)]), Scripted("gemini"), analyst())
    with pytest.raises(ProviderError) as refused:
        asyncio.run(home.gateway.complete(call()))
    assert refused.value.status == 404
    assert home.providers["gemini"].asked == []


def test_a_bug_is_no_outage() -> None:
    home = house(Scripted("openai", script=[Breaks()]), analyst())
    with pytest.raises(ZeroDivisionError):
        asyncio.run(home.gateway.complete(call()))
    assert home.providers["mock"].asked == []
    assert home.records.all[0].error_message == "ZeroDivisionError"
    standing = asyncio.run(home.gateway.quota.standing(CALLER))
    assert all(held == 0 for _, held, _ in standing.values())


@pytest.mark.parametrize(
    ("confidence", "route", "asked"), [(0.9, "student", 0), (0.6, "teacher", 1), (None, "teacher", 1)]
)
def test_the_student_answers_where_it_is_sure(confidence: float | None, route: str, asked: int) -> None:
    student = Scripted("student", "student", [Says("Hold.", confidence=confidence)])
    home = house(student, Scripted("openai"), analyst(), policy="confidence")
    for streamed in (False, True):
        if streamed:
            said, outcome = asyncio.run(drained(home.gateway.stream(call())))
            assert said == outcome.completion.text
        else:
            outcome = asyncio.run(home.gateway.complete(call()))
        assert outcome.route == route
        assert not outcome.fallback
        if route == "teacher":
            assert (outcome.student_answer, outcome.student_confidence) == ("Hold.", confidence)
        else:
            assert (outcome.effective_mode, outcome.confidence) == ("hybrid", confidence)
    assert len(home.providers["openai"].asked) == 2 * asked
    assert len(student.asked) == 2


def test_a_human_is_asked_where_nobody_should_guess() -> None:
    student = Scripted("student", "student", [Says("Hold.", confidence=0.2)])
    home = house(student, Scripted("openai"), analyst(), policy="confidence")
    with pytest.raises(EscalationRequired) as wanted:
        asyncio.run(home.gateway.complete(call("What now?")))
    ticket = wanted.value
    assert (ticket.question, ticket.student_answer, ticket.student_confidence) == ("What now?", "Hold.", 0.2)
    (record,) = home.records.all
    assert (record.route, record.status, record.generation_id) == ("human", "success", ticket.generation_id)
    assert asyncio.run(home.gateway.quota.standing(CALLER))["calls_per_hour"][:2] == (0, 0)


def test_the_analyst_is_given_facts_where_the_prompt_brings_none() -> None:
    class Models:
        async def about_text(self, text: str, now: datetime) -> dict[str, Finding]:
            assert now.utcoffset() is not None
            return {"price": Finding("price", "answered", {"fair": 4600.0})}

        about = about_text

    home = house(Scripted("openai", script=[Fails()]), analyst(), evidence=Models())
    outcome = asyncio.run(home.gateway.complete(call()))
    assert (outcome.fallback, outcome.degraded) == (True, False)
    (seen,) = home.providers["mock"].asked
    assert seen.facts["findings"]["price"]["answer"] == {"fair": 4600.0}
    assert home.providers["openai"].asked[0].facts == {}


def test_a_stream_says_its_pieces_and_ends_with_the_outcome() -> None:
    home = house(Scripted("openai"), analyst())
    said, outcome = asyncio.run(drained(home.gateway.stream(call())))
    assert said == outcome.completion.text == SAID
    assert outcome.first_token_ms is not None and outcome.first_token_ms <= outcome.latency_ms
    assert home.records.all[0].first_token_ms == outcome.first_token_ms


def test_a_stream_falls_back_before_its_first_piece_and_never_after_it() -> None:
    home = house(Scripted("openai", script=[Fails(), Fails(), Fails(after=3)]), Scripted("gemini"), analyst())
    said, outcome = asyncio.run(drained(home.gateway.stream(call())))
    assert isinstance(outcome, Outcome) and outcome.completion.provider == "gemini" and said == SAID
    said, broken = asyncio.run(drained(home.gateway.stream(call())))
    assert isinstance(broken, Interrupted)
    assert said == broken.said == "The price is "
    assert (broken.provider, broken.fault) == ("openai", "server_error")
    assert len(home.providers["gemini"].asked) == 1
    record = home.records.all[1]
    assert (record.status, record.provider) == ("partial", "openai")
    assert 0 < record.completion_tokens < 20 and record.cost_usd > 0


def test_a_stream_that_falls_silent_ends_in_time() -> None:
    home = house(Scripted("openai", script=[Hangs(after=2)]), analyst())
    said, broken = asyncio.run(drained(home.gateway.stream(call())))
    assert isinstance(broken, Interrupted) and broken.fault == "timeout"
    assert said == "The price "
    assert home.providers["openai"].open == 0


def test_a_hanging_vendor_leaves_time_for_the_next() -> None:
    home = house(Scripted("openai", script=[Hangs()]), analyst())
    outcome = asyncio.run(home.gateway.complete(call(), timeout_s=0.5))
    assert outcome.effective_mode == "mock"
    assert outcome.latency_ms < 1500
    assert home.records.all[0].attempts[0].fault == "timeout"


@pytest.mark.parametrize("streamed", [False, True])
def test_a_client_that_leaves_settles_what_was_under_way_and_leaves_nothing_behind(streamed: bool) -> None:
    home = house(Scripted("openai", script=[Hangs(after=2)]), analyst())

    async def go() -> None:
        work = drained(home.gateway.stream(call())) if streamed else home.gateway.complete(call())
        task = asyncio.create_task(work)  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await home.gateway.close()
        await nothing_left()

    asyncio.run(go())
    assert home.providers["openai"].open == 0
    (record,) = home.records.all
    assert record.status == "cancelled"
    assert record.cost_usd > 0
    used, held, _ = asyncio.run(home.gateway.quota.standing(CALLER))["calls_per_hour"]
    assert (used, held) == (1, 0)
    assert home.gateway.health()["in_flight"] == 0


def test_a_stream_closed_by_its_reader_is_settled() -> None:
    home = house(Scripted("openai"), analyst())

    async def go() -> None:
        stream = home.gateway.stream(call())
        await anext(stream)
        await stream.aclose()
        await home.gateway.close()
        await nothing_left()

    asyncio.run(go())
    assert home.records.all[0].status == "cancelled"
    assert home.providers["openai"].open == 0


def test_refused_by_the_quota_is_recorded_and_takes_nothing() -> None:
    state = MemoryState()
    quota = Quota(Awaited(state), {"free": Allowance(1, 10_000, Decimal(1))})
    home = house(Scripted("openai"), analyst(), quota=quota, state=state)
    asyncio.run(home.gateway.complete(call()))
    for _ in range(3):
        with pytest.raises(QuotaExceeded) as refused:
            asyncio.run(home.gateway.complete(call()))
        assert refused.value.limit == "calls_per_hour"
        assert 0 < (refused.value.retry_after or 0) <= 3660
    assert [r.status for r in home.records.all] == ["success", *["refused"] * 3]
    assert asyncio.run(quota.standing(CALLER))["calls_per_hour"][:2] == (1, 0)
    assert len(home.providers["openai"].asked) == 1


@pytest.mark.parametrize(
    ("over_budget", "mode", "answers"),
    [("free_only", "hybrid", True), ("free_only", "real", False), ("refuse", "hybrid", False)],
)
def test_what_happens_when_the_day_is_spent(over_budget: Any, mode: Any, answers: bool) -> None:
    state = MemoryState()
    quota = Quota(Awaited(state), {"free": Allowance(9, 10_000, Decimal("0.0001"))})
    settings = replace(QUICK, over_budget=over_budget)
    home = house(Scripted("openai"), analyst(), quota=quota, state=state, settings=settings, mode=mode)
    if not answers:
        with pytest.raises(QuotaExceeded):
            asyncio.run(home.gateway.complete(call()))
        return
    outcome = asyncio.run(home.gateway.complete(call()))
    assert outcome.effective_mode == "mock"
    assert outcome.fallback_reason is not None and "usd_per_day" in outcome.fallback_reason
    assert home.providers["openai"].asked == []


def test_settling_may_exceed_the_reservation_and_then_shuts() -> None:
    state = MemoryState()
    quota = Quota(Awaited(state), {"free": Allowance(9, 1_000, Decimal(1))})
    big = Scripted("openai", script=[Says(usage=Usage(700, 900))])
    home = house(big, analyst(), quota=quota, state=state)
    asyncio.run(home.gateway.complete(call()))
    assert asyncio.run(quota.standing(CALLER))["tokens_per_day"] == (1600, 0, 1000)
    with pytest.raises(QuotaExceeded, match="tokens_per_day"):
        asyncio.run(home.gateway.complete(call()))


def test_one_answer_is_kept_and_given_again_whole_and_in_pieces() -> None:
    home = house(Scripted("openai"), analyst())
    asked = call(task="deal_analysis")
    first = asyncio.run(home.gateway.complete(asked))
    again = asyncio.run(home.gateway.complete(asked))
    said, streamed = asyncio.run(drained(home.gateway.stream(asked)))
    assert [o.cache for o in (first, again, streamed)] == ["miss", "exact", "exact"]
    assert first.completion.text == again.completion.text == said == streamed.completion.text
    assert len({o.generation_id for o in (first, again, streamed)}) == 3
    assert (again.cost_usd, streamed.cost_usd) == (0, 0)
    assert len(home.providers["openai"].asked) == 1
    standing = asyncio.run(home.gateway.quota.standing(CALLER))
    assert standing["calls_per_hour"][0] == 3, "a hit counts as a call"
    assert standing["tokens_per_day"][0] == 120, "and costs nothing"


def test_an_answer_streamed_first_is_found_by_who_does_not_stream() -> None:
    home = house(Scripted("openai"), analyst())
    asked = call(task="scoring")
    said, _ = asyncio.run(drained(home.gateway.stream(asked)))
    again = asyncio.run(home.gateway.complete(asked))
    assert (again.cache, again.completion.text) == ("exact", said)


def test_organisations_and_modes_never_share_an_answer() -> None:
    home = house(Scripted("openai"), analyst())
    other = Caller("org-2", "user-1", "pro")
    for asked in (
        call(task="scoring"),
        call(task="scoring", caller=other),
        call(task="scoring", mode="real"),
    ):
        assert asyncio.run(home.gateway.complete(asked)).cache == "miss"


def test_a_bad_rating_takes_an_answer_out_whoever_got_it_from_the_cache() -> None:
    home = house(Scripted("openai"), analyst())
    asked = call(task="scoring")
    asyncio.run(home.gateway.complete(asked))
    hit = asyncio.run(home.gateway.complete(asked))
    assert not asyncio.run(home.gateway.answers.evict(hit.generation_id, "org-2"))
    assert asyncio.run(home.gateway.answers.evict(hit.generation_id, "org-1"))
    assert asyncio.run(home.gateway.complete(asked)).cache == "miss"


def test_the_same_question_at_once_is_asked_once() -> None:
    home = house(Scripted("openai", script=[Says(after_s=0.05)]), analyst())

    async def go() -> list[Any]:
        asked = call(task="scoring")
        return await asyncio.gather(
            *[home.gateway.complete(asked) for _ in range(10)],
            *[drained(home.gateway.stream(asked)) for _ in range(10)],
        )

    found = asyncio.run(go())
    assert len(home.providers["openai"].asked) == 1
    outcomes = [o[1] if isinstance(o, tuple) else o for o in found]
    assert {o.completion.text for o in outcomes} == {SAID}
    assert len({o.generation_id for o in outcomes}) == 20
    assert sum(o.cost_usd > 0 for o in outcomes) == 1


def test_a_leader_that_fails_or_leaves_does_not_fail_those_who_wait() -> None:
    home = house(Scripted("openai", script=[Hangs(), Says()]), mode="real")

    async def go() -> Any:
        asked = call(task="scoring")
        leader = asyncio.create_task(home.gateway.complete(asked))
        await asyncio.sleep(0.02)
        waiting = asyncio.create_task(home.gateway.complete(asked))
        await asyncio.sleep(0.02)
        leader.cancel()
        return await waiting

    assert asyncio.run(go()).completion.text == SAID


def test_chat_is_never_kept_unless_switched_on_and_at_temperature_zero() -> None:
    home = house(Scripted("openai"), analyst())
    cold = call(prompt={"temperature": 0.0})
    assert [asyncio.run(home.gateway.complete(cold)).cache for _ in range(2)] == ["off", "off"]
    opted = house(Scripted("openai"), analyst(), settings=replace(QUICK, cache=CacheRules(free_at_zero=True)))
    assert [asyncio.run(opted.gateway.complete(cold)).cache for _ in range(2)] == ["miss", "exact"]
    assert asyncio.run(opted.gateway.complete(call())).cache == "off"


def test_vectors_come_from_one_provider_only() -> None:
    home = house(Scripted("openai", script=[Fails()]), Scripted("local", "local"), analyst(), mode="real")
    asked = call(task="embedding")
    with pytest.raises(NobodyAnswered):
        asyncio.run(home.gateway.embed(asked))
    assert home.providers["local"].asked == []
    found = asyncio.run(home.gateway.embed(call(task="embedding", provider="local")))
    assert (found.embeddings.provider, found.effective_mode, found.cache) == ("local", "real", "miss")
    assert asyncio.run(home.gateway.embed(call(task="embedding", provider="local"))).cache == "exact"


def test_who_makes_no_vectors_is_passed_over() -> None:
    home = house(Scripted("student", "student", [Fails("not_able", None)]), Scripted("openai"), analyst())
    found = asyncio.run(home.gateway.embed(call(task="embedding")))
    assert found.embeddings.provider == "openai"
    assert found.cost_usd == Decimal("0.000001")
    assert home.records.all[0].task_type == "embedding"


def test_a_recorder_that_fails_does_not_take_the_answer_with_it() -> None:
    home = house(Scripted("openai"), analyst())

    async def broken(record: object) -> None:
        raise OSError("disk full")

    home.records.record = broken  # type: ignore[method-assign]
    assert asyncio.run(home.gateway.complete(call())).completion.text == SAID


def test_a_prompt_of_no_words_is_no_failure() -> None:
    home = house(Scripted("openai"), analyst())
    asked = replace(call(), prompt=Prompt(()))
    assert asyncio.run(home.gateway.complete(asked)).completion.text == SAID


def test_only_hybrid_goes_on_with_those_who_cost_nothing() -> None:
    state = MemoryState()
    quota = Quota(Awaited(state), {"free": Allowance(9, 10_000, Decimal("0.0001"))})
    settings = replace(QUICK, over_budget="free_only")
    home = house(Scripted("openai"), Scripted("ollama", "local"), quota=quota, state=state, settings=settings)
    with pytest.raises(QuotaExceeded, match="usd_per_day"):
        asyncio.run(home.gateway.complete(call(mode="real")))
    assert asyncio.run(home.gateway.complete(call())).completion.provider == "ollama"


def test_a_piece_that_says_nothing_is_no_first_piece() -> None:
    class Opens(Scripted):
        async def stream(
            self, prompt: Prompt, model: str, timeout_s: float
        ) -> AsyncIterator[Delta | Completion]:
            yield Delta("")
            raise ProviderError(self.name, "rate_limited", "429", status=429)

    home = house(Opens("openai"), Scripted("gemini"), analyst())
    said, outcome = asyncio.run(drained(home.gateway.stream(call())))
    assert (said, outcome.completion.provider, outcome.fallback) == (SAID, "gemini", True)


def test_a_stream_that_outlives_the_calls_own_time_is_no_failure_of_its_vendor() -> None:
    class Slow(Scripted):
        async def stream(
            self, prompt: Prompt, model: str, timeout_s: float
        ) -> AsyncIterator[Delta | Completion]:
            for _ in range(200):
                yield Delta("word ")
                await asyncio.sleep(0.03)

    home = house(Slow("openai"), analyst())
    said, broken = asyncio.run(drained(home.gateway.stream(call(), timeout_s=0.2)))
    assert isinstance(broken, Interrupted) and broken.fault == "timeout"
    assert said.startswith("word word ")
    assert asyncio.run(home.gateway.breakers.views(["openai"]))[0].failures == 0


@pytest.mark.parametrize(("kind", "cost"), [("vendor", Decimal("0.25")), ("local", Decimal(0))])
def test_a_vendors_own_bill_is_believed_and_a_server_of_ones_own_costs_nothing(
    kind: Any, cost: Decimal
) -> None:
    home = house(Scripted("one", kind, [Says(cost_usd=Decimal("0.25"))]), mode="real")
    outcome = asyncio.run(home.gateway.complete(call()))
    assert outcome.cost_usd == outcome.completion.cost_usd == home.records.all[0].cost_usd == cost
    assert asyncio.run(home.gateway.quota.standing(CALLER))["usd_per_day"][0] == int(cost * 1_000_000)
