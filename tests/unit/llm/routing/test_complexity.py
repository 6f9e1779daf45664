"""Simple questions go to the cheap side, hard ones to the teacher, and the score can be added up."""

from __future__ import annotations

import pytest

from mandi.llm.messages import Message, Prompt
from mandi.llm.routing.complexity import HARD, WEIGHTS, Complexity, complexity, parts
from mandi.llm.routing.features import Features, features_of
from mandi.llm.routing.router import decide
from tests.unit.llm.routing.cases import ANALYST, GEMINI, LOCAL, OPENAI, situation, student

SIMPLE = [
    "What is the price of cotton in Rajkot?",
    "Is tur up today?",
    "सोयाबीन का भाव?",
    "Define a candy of lint.",
]
HARD_ONES = [
    "Compare buying 200 tonnes of soybean from Indore at 4,650 with 30 days credit against Ujjain at 4,580 cash, and plan "
    "the deliveries to Rajkot over six weeks.",
    "We hold 450 bales of cotton bought at 58,000 a candy. Should we hedge now, or what if rates fall 4% before Diwali? "
    "Explain the impact on our margin and rank the options.",
]


def _features(text: str) -> Features:
    return features_of(Prompt((Message("user", text),)))


@pytest.mark.parametrize("text", SIMPLE)
def test_simple_questions(text: str) -> None:
    assert complexity(_features(text)) < HARD


@pytest.mark.parametrize("text", HARD_ONES)
def test_hard_questions(text: str) -> None:
    assert complexity(_features(text)) >= HARD


def test_a_deal_to_analyse_is_harder_than_the_same_words_in_a_chat() -> None:
    assert complexity(Features(words=40, task="deal_analysis")) > complexity(Features(words=40))


def test_the_score_stays_in_its_range_and_never_falls() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    everything = Features(
        words=10**6, numbers=999, entities=99, asks=("plan", "comparison", "scenario", "reasons"),
        scripts=("latin", "tamil"), turns=99, context_words=10**6, task="deal_analysis", tools=3,
    )  # fmt: skip
    assert 0.0 <= complexity(Features(task="embedding")) < complexity(everything) <= 1.0
    growing = [complexity(Features(words=n)) for n in (0, 10, 50, 150, 400)]
    assert growing == sorted(growing)


def test_simple_goes_local_then_to_the_cheapest_vendor() -> None:
    decision = decide(Complexity(), situation(GEMINI, OPENAI, LOCAL, ANALYST, features=_features(SIMPLE[0])))
    assert decision.order == (LOCAL.pick, OPENAI.pick, GEMINI.pick, ANALYST.pick)
    assert decision.score == pytest.approx(complexity(_features(SIMPLE[0])))


def test_hard_goes_to_the_favourite_vendor() -> None:
    decision = decide(
        Complexity(), situation(LOCAL, GEMINI, OPENAI, ANALYST, features=_features(HARD_ONES[0]))
    )
    assert decision.order[0] == GEMINI.pick and decision.route == "teacher"
    assert "0.30" in decision.reason and "asks" in decision.reason


def test_only_a_sure_student_takes_a_simple_question() -> None:
    for confidence, first in ((0.9, "student"), (0.6, "gemini"), (None, "gemini")):
        asked = situation(student(confidence), GEMINI, features=_features(SIMPLE[0]))
        assert decide(Complexity(), asked).order[0][0] == first
    hard = situation(student(0.99), GEMINI, features=_features(HARD_ONES[0]))
    assert decide(Complexity(), hard).order == (GEMINI.pick,)


def test_a_fitted_model_takes_the_place_of_the_weights() -> None:
    easy = situation(LOCAL, GEMINI, features=_features(SIMPLE[0]), hardness=0.9)
    decision = decide(Complexity(), easy)
    assert decision.order[0] == GEMINI.pick and decision.score == 0.9 and "fitted" in decision.reason


def test_parts_name_what_counts() -> None:
    assert max(parts(_features(HARD_ONES[0])).items(), key=lambda part: part[1])[0] == "asks"
