"""Ranking by record: enough calls first, lower bounds, a small share of exploration with its propensity."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from mandi.core.errors import ConfigError
from mandi.llm.routing.performance import Performance
from mandi.llm.routing.router import decide
from tests.unit.llm.routing.cases import ANALYST, GEMINI, LOCAL, OPENAI, record, situation, student

GOOD, BAD = record(200, 198), record(200, 120)


def test_the_better_record_comes_first() -> None:
    asked = situation(replace(GEMINI, record=BAD), replace(OPENAI, record=GOOD), ANALYST)
    decision = decide(Performance(), asked)
    assert decision.order == (OPENAI.pick, GEMINI.pick, ANALYST.pick)
    assert decision.propensity == 1.0 and not decision.explored and "200 calls" in decision.reason


def test_few_calls_move_nobody() -> None:
    lucky = situation(GEMINI, replace(OPENAI, record=record(3, 3)))
    assert decide(Performance(), lucky).order == (GEMINI.pick, OPENAI.pick)
    unlucky = situation(replace(GEMINI, record=record(2, 0)), replace(OPENAI, record=GOOD))
    assert decide(Performance(), unlucky).order == (GEMINI.pick, OPENAI.pick)


def test_many_calls_at_the_same_rate_win_over_few() -> None:
    asked = situation(replace(GEMINI, record=record(40, 36)), replace(OPENAI, record=record(4000, 3600)))
    assert decide(Performance(), asked).order[0] == OPENAI.pick


def test_time_and_ratings_decide_between_equals_when_known_of_all() -> None:
    slow, fast = record(200, 190, latency_ms=6000.0), record(200, 190, latency_ms=300.0)
    assert (
        decide(Performance(), situation(replace(GEMINI, record=slow), replace(OPENAI, record=fast))).order[0]
        == OPENAI.pick
    )
    unknown = record(200, 190)
    asked = situation(replace(GEMINI, record=unknown), replace(OPENAI, record=fast))
    assert (
        decide(Performance(), asked).order[0] == GEMINI.pick
    )  # nobody gains by what is not known of the other
    disliked = record(200, 190, ratings=50.0, satisfaction_sum=15.0)
    liked = record(200, 190, ratings=50.0, satisfaction_sum=45.0)
    rated = situation(replace(GEMINI, record=disliked), replace(OPENAI, record=liked))
    assert decide(Performance(), rated).order[0] == OPENAI.pick


def test_exploration_draws_everybody_and_says_with_which_probability() -> None:
    three = (replace(GEMINI, record=GOOD), replace(OPENAI, record=BAD), replace(LOCAL, record=BAD))
    policy = Performance(explore=0.3)
    firsts: Counter[tuple[str, str]] = Counter()
    told: dict[tuple[str, str], float] = {}
    for k in range(1000):
        decision = decide(policy, situation(*three, ANALYST, draw=(k + 0.5) / 1000))
        firsts[decision.order[0]] += 1
        told[decision.order[0]] = decision.propensity
        assert decision.explored == (decision.order[0] != GEMINI.pick)
    assert sum(told.values()) == pytest.approx(1.0)
    for pick, count in firsts.items():
        assert count / 1000 == pytest.approx(told[pick], abs=0.002)


def test_what_cannot_be_asked_is_not_drawn_and_propensities_still_sum_to_one() -> None:
    three = (replace(GEMINI, record=GOOD), replace(OPENAI, breaker="open"), LOCAL)
    told = {}
    for k in range(100):
        decision = decide(Performance(explore=0.5), situation(*three, draw=k / 100))
        told[decision.order[0]] = decision.propensity
    assert set(told) == {GEMINI.pick, LOCAL.pick} and sum(told.values()) == pytest.approx(1.0)


def test_a_named_provider_is_never_exchanged() -> None:
    for k in range(100):
        asked = situation(GEMINI, OPENAI, draw=k / 100, named="gemini")
        decision = decide(Performance(explore=0.5), asked)
        assert decision.order == (GEMINI.pick,) and not decision.explored and decision.propensity == 1.0
        alone = Performance(explore=0.5).decide(asked)
        assert not alone.explored and alone.propensity == 1.0


def test_no_draw_no_exploration() -> None:
    assert not decide(Performance(explore=0.5), situation(GEMINI, OPENAI)).explored


def test_a_student_that_is_not_sure_is_neither_ranked_nor_drawn() -> None:
    for confidence in (None, 0.5):
        for k in range(50):
            asked = situation(replace(student(confidence), record=GOOD), GEMINI, draw=k / 50)
            assert ("student", "s1") not in decide(Performance(explore=0.5), asked).order
    sure = situation(replace(student(0.9), record=GOOD), GEMINI)
    assert decide(Performance(), sure).route == "student"


def test_only_the_analyst() -> None:
    assert decide(Performance(), situation(ANALYST)).route == "mock"


def test_the_share_has_its_limits() -> None:
    with pytest.raises(ConfigError):
        Performance(explore=0.6)
