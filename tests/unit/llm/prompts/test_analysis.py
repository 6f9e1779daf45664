"""A vendor's analysis: its shape is held, its price and confidence are ours, figures from nowhere are named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mandi.llm.mock.analyst import Analyst
from mandi.llm.prompts.analysis import parse_analysis, price_view
from mandi.llm.prompts.deal_prompts import deal_prompt
from mandi.llm.prompts.stated_figures import unsupported
from mandi.llm.provider import ProviderError

from ..mock.some_deals import SomeEvidence, a_deal

SOUND: dict[str, Any] = {
    "analysis": "The deal is 1.4 % above the fair price of INR 7,200.", "verdict": "fair", "risk": "low",
    "recommendations": ["Ask for 7,200."], "reasons": ["price"],
}  # fmt: skip


def facts(**changed: Any) -> dict[str, Any]:
    deal = a_deal(**changed)
    return dict(deal_prompt(deal, SomeEvidence().now(deal)).facts)


def test_the_price_is_ours_whatever_a_vendor_says() -> None:
    lied = SOUND | {
        "confidence": 0.97,
        "price": {"deal_price": 1.0, "fair_price": 2.0, "lower_bound_95": 1.0, "upper_bound_95": 3.0, "difference_pct": -50.0,
                  "inside_95": True},
    }  # fmt: skip
    read = parse_analysis(json.dumps(lied), facts(), "openai")
    assert read.confidence is None
    assert read.price == price_view(facts()) and read.price is not None
    assert (read.price.deal_price, read.price.fair_price, read.price.inside_95) == (7300.0, 7200.0, True)
    assert read.price.difference_pct == pytest.approx(100 / 72)
    assert parse_analysis(json.dumps(lied)).price is None


def test_figures_from_nowhere_are_named() -> None:
    made_up = SOUND | {"analysis": "Prices will reach 8,450 in July; a loss of ₹1,15,000 threatens."}
    assert parse_analysis(json.dumps(made_up), facts()).reasons[-1] == (
        "Not among the models' figures, check before use: 8,450, 1,15,000"
    )
    assert parse_analysis(json.dumps(SOUND), facts()).reasons == ["price"]


@pytest.mark.parametrize("fenced", ["```json\n{}\n```", "```\n{}\n```", "  {}\n"])
def test_one_code_fence_around_it_is_taken_off(fenced: str) -> None:
    assert parse_analysis(fenced.replace("{}", json.dumps(SOUND))).verdict == "fair"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not JSON SECRET", "the whole text"),
        ("", "the whole text"),
        ("[]", "the whole text"),
        (json.dumps(SOUND)[:-20], "the whole text"),
        (json.dumps({k: v for k, v in SOUND.items() if k != "verdict"}), "verdict (missing)"),
        (json.dumps(SOUND | {"verdict": "SECRET"}), "verdict (literal_error)"),
        (json.dumps(SOUND | {"reasons": "SECRET"}), "reasons (list_type)"),
        (json.dumps(SOUND | {"reasons": [1]}), "reasons.0 (string_type)"),
        (json.dumps(SOUND | {"confidence": 7}), "confidence (less_than_equal)"),
        (json.dumps(SOUND | {"SECRET": 7}), "an unknown field (extra_forbidden)"),
        ("Here it is: " + json.dumps(SOUND), "the whole text"),
    ],
)
def test_another_shape_is_malformed_and_is_not_repeated(text: str, told: str) -> None:
    with pytest.raises(ProviderError) as caught:
        parse_analysis(text, None, "openai")
    assert (caught.value.fault, caught.value.provider) == ("malformed", "openai")
    assert told in caught.value.message and "SECRET" not in str(caught.value)
    assert caught.value.retryable


def test_there_is_no_price_view_without_both_prices() -> None:
    deal = a_deal()
    assert price_view(dict(deal_prompt(deal, SomeEvidence(price=None).now(deal)).facts)) is None
    assert price_view(dict(deal_prompt(deal, {}).facts)) is None


@pytest.mark.parametrize(
    "changed", [{}, {"price": 7777.7}, {"price": 64.5, "price_unit": "kg", "side": "sell"}]
)
def test_the_analyst_states_no_unsupported_figure(changed: dict[str, Any]) -> None:
    import asyncio

    deal = a_deal(**changed)
    prompt = deal_prompt(deal, SomeEvidence().now(deal))
    text = asyncio.run(Analyst().complete(prompt, "analyst-1", 1.0)).text
    read = parse_analysis(text, prompt.facts, "mock")
    assert read.model_dump_json() == text
    assert not unsupported(read.analysis, prompt.facts)


def test_the_letter_nul_of_a_vendor_reaches_no_database() -> None:
    read = parse_analysis(json.dumps(SOUND | {"analysis": "Fair.\0"}), facts(), "openai")
    assert read.analysis == "Fair.\ufffd"
