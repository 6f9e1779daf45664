"""Figures in words: what follows from the facts passes, what does not is named."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mandi.llm.prompts.deal_prompts import deal_prompt
from mandi.llm.prompts.stated_figures import stated, unsupported

from ..mock.some_deals import SomeEvidence, a_deal


def facts() -> dict[str, Any]:
    deal = a_deal()
    return dict(deal_prompt(deal, SomeEvidence().now(deal)).facts)


@pytest.mark.parametrize(
    "text",
    [
        "7,300 against 7,200, that is 1.4 % or 1.39 %", "₹7,30,000 in all, 7.3 lakh", "between 6,840 and 7,560",
        "arrivals 3,870 t, last year 3,000", "O1 asks 7,100, 200 less", "10,000 rupees too much", "score 0.62, 62 %",
        "on 3 Jun 2024, 2024-06-03T06:00:00Z, in 30 days", "no figure at all", "100 quintals, 10 tonnes",
    ],
)  # fmt: skip
def test_what_follows_from_the_facts_passes(text: str) -> None:
    assert unsupported(text, facts()) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [("it will be 7,950", ["7,950"]), ("12.7 % dearer", ["12.7"]), ("₹1,234.50 a day", ["1,234.50"])],
)
def test_what_does_not_is_named(text: str, named: list[str]) -> None:
    assert unsupported(text, facts()) == named


def test_ids_and_dates_are_no_figures() -> None:
    assert stated("S0009, model-4.1, 2024-06-03, v2/beta and 12:30") == []
    assert stated("1,23,456.50 and 7") == [("1,23,456.50", 123456.5), ("7", 7.0)]


def test_of_thousands_of_figures_the_first_few_are_named() -> None:
    many = " ".join(f"{1_000_000 + n}.5" for n in range(100_000))
    begun = time.process_time()
    assert unsupported(many, facts(), most=3) == ["1000000.5", "1000001.5", "1000002.5"]
    assert time.process_time() - begun < 5.0
