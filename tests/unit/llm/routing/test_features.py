"""What is seen of a question: counts of the trade, in any script, quickly, and never its words."""

from __future__ import annotations

import math
import time

import pytest

from mandi.llm.messages import Message, Prompt, Tool
from mandi.llm.routing.features import LONGEST, SURFACE, features_of, surface

DEAL = (
    "Compare buying 200 tonnes of soybean from Indore at Rs 4,650.50 with 30 days credit against Ujjain at 4,580 cash. "
    "What if the price falls 3%? Plan the deliveries for Rajkot."
)


def _asked(text: str, **more: object) -> Prompt:
    return Prompt((Message("user", text),), **more)  # type: ignore[arg-type]


def test_counts_of_a_trade_question() -> None:
    found = features_of(_asked(DEAL))
    assert found.numbers == 5 and found.sentences == 3
    assert found.entities >= 5  # soybean, tonnes, Indore, Ujjain, Rajkot
    assert found.asks == ("plan", "comparison", "scenario") and found.scripts == ("latin",)


def test_devanagari_and_a_mix_of_scripts() -> None:
    found = features_of(_asked("20 टन सोयाबीन का भाव क्या है, और कपास से तुलना करें? Rajkot ₹5,000"))
    assert found.scripts == ("latin", "devanagari") and "comparison" in found.asks
    assert found.entities >= 3 and found.numbers == 2


def test_turns_context_tools_and_shape() -> None:
    prompt = Prompt(
        (
            Message("system", "You help traders."),
            Message("user", "price of tur?"),
            Message("assistant", "7,000"),
            Message("user", "and chana?"),
        ),
        tools=(Tool("price", "fair price", {}),),
        answer_schema={"type": "object"},
    )
    found = features_of(prompt)
    assert (found.turns, found.tools, found.typed, found.words) == (2, 1, True, 2)
    assert found.context_words == 7


def test_nothing_asked() -> None:
    found = features_of(Prompt(()))
    assert (found.words, found.sentences, found.turns, found.context_words) == (0, 0, 1, 0)


def test_no_word_of_the_question_is_kept() -> None:
    kept = str(features_of(_asked("My partner Ramesh Patel in Rajkot owes 5,00,000 for cotton")).as_dict())
    assert not any(word in kept for word in ("Ramesh", "Rajkot", "cotton", "500000", "5,00,000"))


@pytest.mark.parametrize(
    "text", ["", "?", "1" * 500, "1.2.3.4", "\ud800 odd", DEAL, "  \n\n ", "9" * 30 + ".5"]
)
def test_surface_is_finite_for_any_text(text: str) -> None:
    found = surface(text)
    assert len(found) == len(SURFACE) and all(map(math.isfinite, found))


def test_long_texts_are_cut_but_still_long() -> None:
    found = features_of(_asked("word " * 10_000))
    assert found.characters == 50_000 > LONGEST and found.words == 10_000


def test_quick() -> None:
    text = (DEAL + " क्यों? ") * 20
    prompt = _asked(text[:2000])
    took = []
    for _ in range(30):
        clock = time.perf_counter()
        features_of(prompt)
        took.append(time.perf_counter() - clock)
    assert min(took) < 0.6e-3  # 0.2 ms on an idle core
