"""The last filter: keys, breakers, budgets, and why somebody was passed over."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from mandi.llm.routing.availability import PROBED
from mandi.llm.routing.confidence import Confidence
from mandi.llm.routing.router import decide
from mandi.llm.routing.simple import Simple
from tests.unit.llm.routing.cases import ANALYST, GEMINI, LOCAL, OPENAI, situation, student


def test_an_open_breaker_is_passed_over_and_said_so() -> None:
    decision = decide(Simple(), situation(replace(GEMINI, breaker="open"), OPENAI, ANALYST))
    assert decision.order == (OPENAI.pick, ANALYST.pick)
    assert (
        decision.passed_over == (("gemini", "breaker open"),) and "gemini (breaker open)" in decision.reason
    )
    assert decision.first_choice == GEMINI.pick


def test_a_half_open_breaker_waits_behind_closed_ones_but_is_tried_now_and_then() -> None:
    asked = situation(replace(GEMINI, breaker="half_open"), OPENAI)
    assert decide(Simple(), asked).order == (OPENAI.pick, GEMINI.pick)
    firsts, told = [], {}
    for k in range(100):
        decision = decide(Simple(), replace(asked, draw=k / 100))
        firsts.append(decision.order[0])
        told[decision.order[0]] = decision.propensity
    assert firsts.count(GEMINI.pick) == round(100 * PROBED)
    assert told == {GEMINI.pick: PROBED, OPENAI.pick: 1 - PROBED}


def test_a_half_open_breaker_alone_is_asked_and_the_analyst_still_comes_last() -> None:
    for mode, order in (("real", (GEMINI.pick,)), ("hybrid", (GEMINI.pick, ANALYST.pick))):
        decision = decide(Simple(), situation(replace(GEMINI, breaker="half_open"), ANALYST, mode=mode))
        assert decision.order == order and decision.propensity == 1.0 and decision.route == "teacher"
    three = (GEMINI, replace(OPENAI, breaker="half_open"), ANALYST)
    assert decide(Simple(), situation(*three)).order == (GEMINI.pick, OPENAI.pick, ANALYST.pick)
    worse = (replace(GEMINI, breaker="half_open"), replace(OPENAI, breaker="half_open"), LOCAL, ANALYST)
    assert decide(Simple(), situation(*worse)).order == (LOCAL.pick, GEMINI.pick, OPENAI.pick, ANALYST.pick)


def test_over_budget_vendors_are_passed_over_and_free_ones_are_not() -> None:
    asked = situation(GEMINI, OPENAI, LOCAL, ANALYST, budget_left_usd=Decimal("0.0003"))
    assert decide(Simple(), asked).order == (OPENAI.pick, LOCAL.pick, ANALYST.pick)
    unpriced = replace(GEMINI, cost_estimate_usd=None)
    spent = situation(unpriced, LOCAL, budget_left_usd=Decimal(0))
    assert decide(Simple(), spent).passed_over == (("gemini", "over budget"),)
    assert decide(Simple(), situation(unpriced, budget_left_usd=Decimal("0.01"))).order == (GEMINI.pick,)


def test_a_student_that_is_missing_gives_way_to_the_teacher() -> None:
    gone = replace(student(0.9), available=False, why_not="no model file")
    decision = decide(Confidence(), situation(gone, GEMINI))
    assert decision.route == "teacher" and decision.passed_over == (("student", "no model file"),)


def test_nobody_left_in_real_is_nobody() -> None:
    decision = decide(
        Simple(), situation(replace(GEMINI, available=False), ANALYST, student(0.99), mode="real")
    )
    assert decision.order == () and "nobody can be asked" in decision.reason
    assert decision.passed_over == (("gemini", "not set up here"),)


def test_a_question_for_a_person_stays_one() -> None:
    decision = decide(Confidence(), situation(student(0.1), replace(GEMINI, breaker="open"), ANALYST))
    assert decision.route == "human" and decision.order == ()
