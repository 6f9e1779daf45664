from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from mandi.core.errors import UnknownValue
from mandi.llm.calls import Attempt
from mandi.llm.messages import Prompt
from mandi.llm.path.outcomes import NOBODY_ELSE, has_evidence, why_another
from mandi.llm.routing.situation import Decision

from ..scripted import Fails, Says, Scripted, analyst, call, house


def test_room_is_taken_for_the_dearest_who_may_answer_and_none_for_what_is_free() -> None:
    home = house(Scripted("openai"), Scripted("own", "student"), Scripted("ollama", "local"), analyst())
    choice = home.gateway._choice

    def wanted(**more: object) -> tuple[int, bool, int]:
        asked = call(**more)
        found = choice.wanted(asked, choice.may_answer(asked, asked.mode or "hybrid"))
        return found.calls, found.tokens > 200, found.micros

    assert wanted() == (1, True, 500)
    assert wanted(provider="ollama") == (1, True, 0)
    assert wanted(mode="mock") == (1, False, 0)
    unbounded = call(prompt={"max_tokens": None})
    assert choice.wanted(unbounded, choice.may_answer(unbounded, "real")).micros == 100 + 2 * 1024


def test_whom_a_call_asks_is_part_of_its_key() -> None:
    home = house(Scripted("openai"), Scripted("gemini"), analyst())
    choice = home.gateway._choice
    asks = [call(), call(mode="real"), call(provider="openai"), call(provider="gemini")]
    keys = {choice.asked(a, a.mode or "hybrid", choice.may_answer(a, a.mode or "hybrid")) for a in asks}
    assert len(keys) == 4


@pytest.mark.parametrize(("fault", "noted"), [("not_able", 0), ("malformed", 1)])
def test_a_student_with_nothing_to_say_leaves_the_question_to_others(fault: str, noted: int) -> None:
    student = Scripted("own", "student", [Fails(fault, None)])  # type: ignore[arg-type]
    home = house(student, Scripted("openai"), analyst(), policy="confidence")
    outcome = asyncio.run(home.gateway.complete(call()))
    assert outcome.completion.provider == "openai" and outcome.student_answer is None
    assert [a.provider for a in outcome.attempts] == ["own"] * noted + ["openai"]


def test_the_student_is_not_asked_where_the_caller_named_somebody() -> None:
    student = Scripted("own", "student", [Says(confidence=0.1)])
    home = house(student, Scripted("openai"), analyst(), policy="confidence")
    assert asyncio.run(home.gateway.complete(call(provider="openai"))).route == "teacher"
    assert student.asked == []
    with pytest.raises(UnknownValue):
        asyncio.run(home.gateway.complete(call(provider="own", mode="real")))


def test_why_somebody_else_answered() -> None:
    decision = Decision("teacher", (), "simple", "r", passed_over=(("gemini", "no key"), ("mock", "x")))
    twice = [Attempt("openai", "m", 1.0, "server_error", 500)] * 2
    assert why_another(decision, twice, "mock") == "openai: server_error (500); gemini: no key"
    assert why_another(Decision("teacher", (), "simple", "r"), [], "mock") is None


def test_only_hybrid_without_anybody_else_says_so() -> None:
    home = house(analyst())
    outcome = asyncio.run(home.gateway.complete(call()))
    assert (outcome.fallback, outcome.fallback_reason) == (True, NOBODY_ELSE)
    named = asyncio.run(home.gateway.complete(call(provider="mock")))
    assert (named.fallback, named.effective_mode, named.cost_usd) == (False, "mock", Decimal(0))


def test_evidence_is_an_answer_of_a_model() -> None:
    assert has_evidence(Prompt((), facts={"findings": {"price": {"standing": "answered"}}}))
    assert has_evidence(Prompt((), facts={"price": {"standing": "answered"}}))
    assert not has_evidence(Prompt((), facts={"findings": {}}))
    assert not has_evidence(Prompt(()))
