"""What to do: the most money first, and nothing that the figures do not carry."""

from __future__ import annotations

from typing import Any

from mandi.llm.mock.appraisal import appraise
from mandi.llm.mock.recommendations import recommendations
from mandi.llm.prompts.deal_prompts import deal_prompt

from .some_deals import FLAGGED, MATCHING, SomeEvidence, a_deal, offer


def advised(evidence: SomeEvidence | None = None, **changed: Any) -> list[str]:
    deal = a_deal(**changed)
    return recommendations(appraise(deal_prompt(deal, (evidence or SomeEvidence()).now(deal)).facts))


def test_the_whole_deal_at_stake_comes_before_a_part_of_its_price() -> None:
    fraud, price, offers = advised(SomeEvidence(fraud=FLAGGED), price=7800.0)
    assert fraud.startswith("Pay and deliver nothing") and "₹7,80,000, the whole deal" in fraud
    assert "₹60,000 lie between" in price and "no more than ₹7,500" in price
    assert "O1" in offers and "₹42,000 on 60 quintals" in offers


def test_the_order_follows_the_money() -> None:
    big = MATCHING | {"matches": [offer("O9", "Gondal", 0.0, 400.0, 5000.0)]}
    first, second, *_ = advised(SomeEvidence(matching=big), price=7800.0)
    assert "O9" in first and "₹2,80,000 on 100 quintals" in first and "freight" not in first
    assert "₹60,000 lie between" in second


def test_an_offer_of_a_lower_grade_is_another_good() -> None:
    lower = MATCHING | {"matches": [offer("O2", "Amreli", 100.0, 500.0, 7050.0, "C")]}
    assert not any("O2" in text for text in advised(SomeEvidence(matching=lower)))


def test_a_cheap_purchase_is_to_be_looked_into_and_a_dear_sale_to_be_secured() -> None:
    assert any(text.startswith("Find out why it is ₹600 per quintal below") for text in advised(price=6600.0))
    assert any(
        text.startswith("Secure the payment before delivery: ₹60,000")
        for text in advised(price=7800.0, side="sell")
    )
    assert any("take no less than ₹6,900" in text for text in advised(price=6700.0, side="sell"))


def test_a_good_price_inside_the_95_band_is_to_be_settled() -> None:
    assert any("good for you by ₹34,000" in text for text in advised(price=6860.0))


def test_a_deal_without_a_fault_can_be_taken() -> None:
    none = MATCHING | {"matches": []}
    assert advised(SomeEvidence(matching=none), price=7100.0) == [
        "The deal can be taken as it stands; nothing that was asked speaks against it."
    ]


def test_what_is_missing_is_asked_for_last() -> None:
    deal = a_deal(price=7800.0)
    findings = SomeEvidence().now(deal)
    findings["quality"] = type(findings["quality"])("quality", "not_asked", {}, "no assay")
    told = recommendations(appraise(deal_prompt(deal, findings).facts))
    assert told[-1].startswith("Have the lot assayed")
    assert advised(SomeEvidence(price=None))[-1].startswith("Mend this and ask again")
