from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from mandi.core.errors import StoreUnavailable
from mandi.llm.calls import Outcome
from mandi.llm.messages import Prompt
from mandi.llm.path.ports import PathSettings
from mandi.llm.pricing import UnknownPrice
from mandi.llm.refusals import NobodyAnswered
from mandi.llm.resilience.deadline import Patience
from mandi.llm.resilience.retry import Retries

from ..scripted import QUICK, ByToken, Fails, Hangs, Says, Scripted, analyst, call, house


def waits_of(*providers: Any, settings: PathSettings, mode: Any = "real") -> tuple[list[float], Any, Any]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    home = house(*providers, mode=mode, settings=settings, sleep=sleep)
    try:
        got: Any = asyncio.run(home.gateway.complete(call()))
    except NobodyAnswered as error:
        got = error
    return waits, got, home


SLOW = PathSettings(patience=Patience(total_s=30.0), retries=Retries(attempts=3, in_all=5))


def test_tries_are_bounded_for_each_and_in_all_and_further_apart() -> None:
    three = [Scripted(name, script=[Fails()]) for name in ("a", "b", "c")]
    waits, error, home = waits_of(*three, settings=SLOW)
    assert isinstance(error, NobodyAnswered)
    assert [len(p.asked) for p in three] == [3, 2, 0]
    assert len(waits) == 3, "two before the tries at the first, one before the second try at the second"
    assert all(0 <= w <= 2.0 for w in waits)


def test_what_a_vendor_asks_for_is_waited_when_it_fits_and_the_next_is_asked_when_it_does_not() -> None:
    waits, got, _ = waits_of(Scripted("a", script=[Fails("rate_limited", 429, 4.0), Says()]), settings=SLOW)
    assert waits == [4.0] and got.completion.provider == "a"
    waits, got, _ = waits_of(
        Scripted("a", script=[Fails("rate_limited", 429, 12.0), Says()]), Scripted("b"), settings=SLOW
    )
    assert waits == [] and got.completion.provider == "b"


def test_what_nobody_can_wait_for_is_told_to_the_caller() -> None:
    _, error, _ = waits_of(
        Scripted("a", script=[Fails("rate_limited", 429, 40.0)]), Scripted("b", script=[Fails("rate_limited", 429, 25.0)]),
        settings=SLOW,
    )  # fmt: skip
    assert error.retry_after == 25.0


def test_an_expired_key_is_not_tried_again_and_counts() -> None:
    first = Scripted("a", script=[Fails("refused_key", 401)])
    waits, got, home = waits_of(first, Scripted("b"), settings=SLOW)
    assert (waits, len(first.asked), got.completion.provider) == ([], 1, "b")
    assert asyncio.run(home.gateway.breakers.views(["a"]))[0].failures == 1


def test_the_last_resort_answers_even_when_all_tries_and_all_time_are_used() -> None:
    settings = replace(
        QUICK,
        patience=Patience(total_s=0.2, attempt_s=0.2, kept_s=0.05),
        retries=Retries(attempts=1, in_all=1),
    )
    _, got, _ = waits_of(
        Scripted("a", script=[Hangs()]), Scripted("b"), analyst(), settings=settings, mode="hybrid"
    )
    assert isinstance(got, Outcome) and got.effective_mode == "mock"
    assert [a.fault for a in got.attempts] == ["timeout", None]


def test_a_provider_that_does_not_keep_its_time_is_stopped_and_it_counts() -> None:
    _, error, home = waits_of(Scripted("a", script=[Hangs()]), settings=QUICK)
    assert error.out_of_time or {a.fault for a in error.attempts} == {"timeout"}
    (view,) = asyncio.run(home.gateway.breakers.views(["a"]))
    assert view.failures >= 1 and view.last_fault == "timeout"
    assert home.providers["a"].open == 0


def test_a_vendor_whose_price_nobody_knows_is_not_asked() -> None:
    class Refusing(ByToken):
        def estimate(self, prompt: Prompt, model: str, provider: str) -> Decimal:
            if provider == "a":
                raise UnknownPrice("no price")
            return super().estimate(prompt, model, provider)

    home = house(Scripted("a"), Scripted("b"), analyst())
    home.gateway._choice._pricing = Refusing()
    outcome = asyncio.run(home.gateway.complete(call()))
    assert outcome.completion.provider == "b"
    assert outcome.fallback and "price is not known" in (outcome.fallback_reason or "")
    with pytest.raises(NobodyAnswered, match="price"):
        asyncio.run(home.gateway.complete(call(provider="a")))
    assert home.providers["a"].asked == []


def test_evidence_that_cannot_be_had_makes_a_degraded_answer_and_no_failure() -> None:
    class Down:
        async def about_text(self, text: str, now: object) -> dict[str, Any]:
            raise StoreUnavailable("the snapshot is not there")

        about = about_text

    home = house(Scripted("openai", script=[Fails()]), analyst(), evidence=Down())
    outcome = asyncio.run(home.gateway.complete(call()))
    assert (outcome.effective_mode, outcome.degraded) == ("mock", True)
