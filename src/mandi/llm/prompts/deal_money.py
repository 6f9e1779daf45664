"""The money of a deal: its price in INR per quintal, its quantity in quintals, and where the rate of exchange is from."""

from __future__ import annotations

from dataclasses import dataclass

from mandi.core.units import price_factor, to_quintals
from mandi.llm.deal import Deal


@dataclass(frozen=True, slots=True)
class DealMoney:
    """A deal in the units of the models.

    Attributes
    ----------
    price : float, optional
        INR per quintal; None when no rate of exchange is known.
    quintals : float
        Quantity of the deal.
    value : float, optional
        INR, price times quantity.
    usd_inr : float, optional
        Rate that was used; None of a deal in rupees.
    source : str, optional
        Where the rate is from.
    why : str, optional
        Why there is no price.
    """

    price: float | None
    quintals: float
    value: float | None
    usd_inr: float | None = None
    source: str | None = None
    why: str | None = None


def deal_money(deal: Deal, last_rate: float | None = None, source: str | None = None) -> DealMoney:
    """Return a deal's price in INR per quintal and its quantity in quintals.

    Parameters
    ----------
    deal : Deal
    last_rate : float, optional
        Last known INR per USD; the rate the deal itself names goes first.
    source : str, optional
        Where that rate is from.

    Examples
    --------
    >>> deal = Deal(commodity="cotton", quantity=10, quantity_unit="candy", price=56_000, price_unit="candy")
    >>> money = deal_money(deal)
    >>> round(money.price, 2), round(money.quintals, 2), round(money.value)
    (15748.03, 35.56, 560000)
    >>> abroad = Deal(commodity="cotton", quantity=1, price=90.0, currency="USD")
    >>> deal_money(abroad).why
    'the deal is in USD and no rate of exchange is known'
    >>> deal_money(abroad, 80.0).price
    7200.0
    """
    quintals = to_quintals(deal.quantity, deal.quantity_unit)
    factor = price_factor(f"INR/{deal.price_unit}")
    if deal.currency == "INR":
        price = deal.price * factor
        return DealMoney(price, quintals, price * quintals)
    rate = deal.usd_inr or last_rate
    if rate is None:
        return DealMoney(None, quintals, None, why="the deal is in USD and no rate of exchange is known")
    price = deal.price * rate * factor
    told = "agreed in the deal" if deal.usd_inr else source
    return DealMoney(price, quintals, price * quintals, rate, told)
