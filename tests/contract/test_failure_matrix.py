"""What users of gateways complain about, as tests: every failure of a vendor, whole and streamed, in every mode, over real HTTP."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import pytest

from mandi.llm.calls import Interrupted, Mode, Outcome
from mandi.llm.provider import ProviderError
from mandi.llm.refusals import NobodyAnswered

from ..fakes.behaviour import Behaviour
from ..unit.llm.scripted import CALLER
from .failing_vendors import SETTINGS, TEXT, TRIES, asked_for, idles, standing_house


@dataclass(frozen=True)
class Case:
    """One failure: what the vendor does, how it is named, and whether a stream had begun by then."""

    name: str
    behaviour: Behaviour
    fault: str
    tries: int = TRIES
    counted: bool = True
    mid_stream: bool = False
    whole: bool = True
    """Whether it can happen to an answer in one piece."""


CASES = [
    Case("429", Behaviour(status=429), "rate_limited"),
    Case("429, come back soon", Behaviour(status=429, retry_after="0"), "rate_limited"),
    Case("429, come back in a while", Behaviour(status=429, retry_after="8"), "rate_limited", tries=1),
    Case("500", Behaviour(status=500), "server_error"),
    Case("503", Behaviour(status=503), "server_error"),
    Case("529 overloaded", Behaviour(status=529), "server_error"),
    Case("never answers", Behaviour(hang="head"), "timeout"),
    Case("stops after its head", Behaviour(hang="body"), "timeout"),
    Case("slow first token", Behaviour(first_token_s=5.0), "timeout"),
    Case("cut at once", Behaviour(cut_head=0), "cut"),
    Case("cut in its head", Behaviour(cut_head=20), "cut"),
    Case("cut in its body", Behaviour(cut_after=30), "cut"),
    Case("malformed JSON", Behaviour(body=b'{"choices": [{'), "malformed"),
    Case("a page of HTML", Behaviour(body=b"<html>hi</html>", content_type="text/html"), "malformed"),
    Case("no choices", Behaviour(empty=True), "malformed"),
    Case("expired key", Behaviour(status=401), "refused_key", tries=1),
    Case("forbidden", Behaviour(status=403), "refused_key", tries=1),
    Case("429 in the middle", Behaviour(text=TEXT, error_after=4), "rate_limited", mid_stream=True, whole=False),
    Case("500 in the middle", Behaviour(text=TEXT, error_after=4, error_status=500), "server_error", mid_stream=True, whole=False),
    Case("silent after its first event", Behaviour(text=TEXT, hang="middle"), "timeout", whole=False),
    Case("no end mark", Behaviour(text=TEXT, done=False, finish=False, usage=False), "cut", mid_stream=True, whole=False),
    Case("no such model", Behaviour(status=404), "not_able", tries=1, counted=False),
    Case("bad request", Behaviour(status=400), "refused_request", tries=1, counted=False),
    Case("too long a prompt", Behaviour(status=413), "refused_request", tries=1, counted=False),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["mock", "real", "hybrid"])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_failure(case: Case, streamed: bool, mode: Mode) -> None:
    if not streamed and not case.whole:
        case = Case(case.name, Behaviour(text=TEXT, cut_after=80), "cut")

    async def go() -> None:
        async with standing_house(case.behaviour, mode=mode) as (home, (vendor,)):
            began = time.perf_counter()
            said, got = await asked_for(home, streamed)
            assert time.perf_counter() - began < SETTINGS.patience.total_s + 1.0
            (record,) = home.records.all
            (view,) = await home.gateway.breakers.views(["openai"])
            if mode == "mock":
                assert vendor.count == 0
                assert got.effective_mode == "mock" and not got.fallback
                return
            assert await idles()
            tries = 1 if case.mid_stream and streamed else case.tries
            assert vendor.count == tries, "tries are bounded, and nobody else retries below"
            assert view.failures == (tries if case.counted else 0), (
                "each try counts, and never the caller's own fault"
            )
            _what_the_caller_sees(case, streamed, mode, said, got)
            _what_is_recorded(case, streamed, mode, tries, record)
            assert list(home.state.keys("answer:")) == list(home.state.keys("answered-from:")) == []
            assert list(home.state.keys("flight:")) == []
            standing = await home.gateway.quota.standing(CALLER)
            assert {held for _, held, _ in standing.values()} == {0}, "no reservation is left open"
            assert home.gateway.health()["in_flight"] == 0

    asyncio.run(go())


def _what_the_caller_sees(case: Case, streamed: bool, mode: Mode, said: str, got: Any) -> None:
    if case.fault == "refused_request":
        assert isinstance(got, ProviderError) and got.fault == case.fault, (
            "nobody else is asked what nobody can answer"
        )
    elif case.mid_stream and streamed:
        assert isinstance(got, Interrupted)
        assert got.said == said and TEXT.startswith(said) and said, (
            "what was said is kept, and nothing is spliced"
        )
        assert (got.fault, got.provider) == (case.fault, "openai")
    elif mode == "real":
        assert isinstance(got, NobodyAnswered), "a mock never answers in mode real"
        assert {a.fault for a in got.attempts} == {case.fault}
    else:
        assert isinstance(got, Outcome)
        assert (got.effective_mode, got.requested_mode, got.fallback) == ("mock", "hybrid", True)
        assert got.fallback_reason is not None and case.fault in got.fallback_reason
        assert (got.confidence, got.cost_usd >= 0, got.completion.text) == (None, True, said)


def _what_is_recorded(case: Case, streamed: bool, mode: Mode, tries: int, record: Any) -> None:
    faults = [a.fault for a in record.attempts if a.fault]
    assert faults == [case.fault] * tries
    if case.mid_stream and streamed:
        assert (record.status, record.provider) == ("partial", "openai")
        assert record.cost_usd > 0, "what was said is paid for"
    elif mode == "hybrid" and case.fault != "refused_request":
        assert (record.status, record.provider, record.effective_mode) == ("success", "mock", "mock")
    else:
        assert record.status == ("timeout" if case.fault == "timeout" else "error")
        assert record.error_message and "private" not in record.error_message


def test_a_stream_cut_at_any_byte_is_answered_by_another_or_ends_with_what_was_said() -> None:
    async def go() -> None:
        seen = set()
        for cut in range(0, 2200, 60):
            behaviour = Behaviour(text=TEXT, cut_after=cut)
            async with standing_house(behaviour, Behaviour(text=TEXT)) as (home, (vendor, other)):
                said, got = await asked_for(home, True)
                seen.add(
                    type(got).__name__ + got.provider
                    if isinstance(got, Interrupted)
                    else got.completion.provider
                )
                if isinstance(got, Interrupted):
                    assert got.said == said and said and TEXT.startswith(said)
                    assert (vendor.count, other.count) == (1, 0)
                else:
                    assert said == got.completion.text == TEXT
                    assert vendor.count <= TRIES and got.fallback == (other.count == 1)
        assert seen == {"openai", "gemini", "Interruptedopenai"}

    asyncio.run(go())


# a vendor that failed a few times and is never asked again
@pytest.mark.parametrize("streamed", [False, True])
def test_in_hybrid_a_vendor_that_is_well_again_is_asked_again(streamed: bool) -> None:
    async def go() -> None:
        async with standing_house(Behaviour(status=500)) as (home, (vendor,)):
            while (await home.gateway.breakers.views(["openai"]))[0].position == "closed":
                assert (await asked_for(home, streamed))[1].effective_mode == "mock"
            count = vendor.count
            assert (await asked_for(home, streamed))[1].fallback_reason == "openai: breaker open"
            assert vendor.count == count
            vendor.default = Behaviour(text=TEXT)
            home.clock.now += 61
            said, got = await asked_for(home, streamed)
            assert (said, got.effective_mode, got.fallback) == (TEXT, "real", False)
            assert (await home.gateway.breakers.views(["openai"]))[0].position == "closed"

    asyncio.run(go())
