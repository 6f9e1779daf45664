"""The scripted vendor keeps the promises of a provider: pieces join to the whole, faults have their names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mandi.llm.deal import Deal
from mandi.llm.evidence import Finding
from mandi.llm.messages import Completion, Delta, Message, Prompt
from mandi.llm.prompts.analysis import parse_analysis
from mandi.llm.prompts.deal_prompts import deal_prompt
from mandi.llm.provider import ProviderError
from mandi.llm.providers.scripted import ScriptedVendor

PROMPT = Prompt((Message("user", "Is tur dear?"),))


def vendor() -> ScriptedVendor:
    return ScriptedVendor(latency_s=0.0)


def asked(price: float, side: str, known: bool = True) -> Prompt:
    deal = Deal.model_validate({"commodity": "cotton", "quantity": 10, "price": price, "side": side})
    fair = {"predicted_price": 8000.0, "lower_bound_95": 7800.0, "upper_bound_95": 8200.0}
    return deal_prompt(deal, {"price": Finding("price", "answered", fair)} if known else {})


def test_the_pieces_of_a_stream_join_to_its_completion() -> None:
    async def go() -> list[Any]:
        return [item async for item in vendor().stream(PROMPT, "script-1", 1.0)]

    *pieces, last = asyncio.run(go())
    assert isinstance(last, Completion) and all(isinstance(piece, Delta) for piece in pieces)
    assert "".join(piece.text for piece in pieces) == last.text and last.usage.total_tokens > 0
    assert last.confidence is None and last.cost_usd is None


@pytest.mark.parametrize(
    ("price", "side", "verdict", "risk"),
    [(8100, "buy", "fair", "low"), (9000, "buy", "unfavourable", "medium"), (9000, "sell", "favourable", "medium"),
     (7000, "buy", "favourable", "medium"), (7000, "sell", "unfavourable", "medium")],
)  # fmt: skip
def test_a_deal_is_judged_from_its_facts_alone(price: float, side: str, verdict: str, risk: str) -> None:
    prompt = asked(price, side)
    told = parse_analysis(asyncio.run(vendor().complete(prompt, "script-1", 1.0)).text, prompt.facts)
    assert (told.verdict, told.risk) == (verdict, risk)
    assert not any("check before use" in reason for reason in told.reasons), "its figures are the models'"


def test_without_a_fair_price_it_has_no_opinion() -> None:
    prompt = asked(8100, "buy", known=False)
    told = parse_analysis(asyncio.run(vendor().complete(prompt, "script-1", 1.0)).text, prompt.facts)
    assert (told.verdict, told.risk) == ("unknown", "unknown")


def test_it_fails_by_name_until_it_is_mended() -> None:
    one = vendor()
    one.break_down("rate_limited", 429)
    for _ in range(2):
        with pytest.raises(ProviderError) as raised:
            asyncio.run(one.complete(PROMPT, "script-1", 1.0))
        assert (raised.value.fault, raised.value.status, raised.value.provider) == (
            "rate_limited",
            429,
            "scripted",
        )
    one.mend()
    assert asyncio.run(one.complete(PROMPT, "script-1", 1.0)).text and one.asked == 3
    with pytest.raises(ProviderError, match="no vectors"):
        asyncio.run(one.embed(["tur"], "script-1", 1.0))
