"""A deal's price in INR per quintal, whatever unit and currency it is in."""

from __future__ import annotations

import pytest

from mandi.core.units import KG
from mandi.llm.prompts.deal_money import deal_money

from ..mock.some_deals import a_deal


@pytest.mark.parametrize("price_unit", sorted(KG))
@pytest.mark.parametrize("quantity_unit", sorted(KG))
def test_the_value_is_the_same_in_every_unit(price_unit: str, quantity_unit: str) -> None:
    quintals, price = 42.0, 7300.0
    deal = a_deal(
        quantity=quintals * 100.0 / KG[quantity_unit], quantity_unit=quantity_unit,
        price=price * KG[price_unit] / 100.0, price_unit=price_unit,
    )  # fmt: skip
    money = deal_money(deal)
    assert (money.price, money.quintals, money.value) == pytest.approx((price, quintals, price * quintals))


def test_the_rate_of_the_deal_goes_before_the_last_known_one() -> None:
    agreed = deal_money(a_deal(price=90.0, currency="USD", usd_inr=82.0), 80.0, "history")
    assert (agreed.price, agreed.usd_inr, agreed.source) == (
        pytest.approx(7380.0),
        82.0,
        "agreed in the deal",
    )
    last = deal_money(a_deal(price=90.0, currency="USD"), 80.0, "history")
    assert (last.price, last.source) == (pytest.approx(7200.0), "history")


def test_without_a_rate_there_is_no_price_and_no_value() -> None:
    money = deal_money(a_deal(price=90.0, currency="USD"))
    assert (money.price, money.value, money.quintals) == (None, None, 100.0) and money.why


def test_rupees_need_no_rate() -> None:
    assert deal_money(a_deal(), 80.0).usd_inr is None
