"""The deal behind a question: what fills the gaps of a wording, written as people write before and after the drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.feedback.generated.ask.market import DAY, Market
from mandi.feedback.generated.words.voices import DESI, INDIC, MEASURES

DAYS_AHEAD = (3, 5, 7, 10, 14, 15, 20, 30)
LATELY = 60
"""Days before a question in which its deal was struck."""
TRIES = 40
Rng = np.random.Generator


def rupees(value: float) -> str:
    """Return an amount with commas as in India.

    Examples
    --------
    >>> rupees(607926.4), rupees(4983)
    ('₹6,07,926', '₹4,983')
    """
    whole = f"{value:.0f}"
    head, tail = whole[:-3], whole[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return "₹" + ",".join([*groups, tail])


@dataclass(frozen=True)
class Scene:
    """A deal, seen on a day.

    Attributes
    ----------
    deal : mapping
        A row of ``Market.deals``.
    day : datetime64[D]
        Of the question.
    quantity : float
        Quintals.
    offer : float
        INR per quintal, somewhere about the deal's price.
    """

    deal: Mapping[str, Any]
    day: np.datetime64
    quantity: float
    offer: float
    days: int
    later: bool

    @property
    def commodity(self) -> str:
        """Name of the commodity as tables have it."""
        return str(self.deal["commodity"])

    @property
    def mandi(self) -> str:
        """Market of the deal."""
        return str(self.deal["market"])

    @property
    def crop(self) -> str:
        """Name of the commodity in a sentence."""
        return self.commodity.replace("_", " ")

    def slots(self, rng: Rng, language: str) -> Mapping[str, Callable[[], tuple[str, str | None]]]:
        """Return what each gap of a wording is filled with, and the kind of span it is."""
        later = self.later
        crop = INDIC.get(language, {}).get(self.commodity, self.crop)
        desi = DESI.get(self.commodity, (self.crop,))
        quintals = f"{self.quantity:.0f}"
        value = self.quantity * float(self.deal["price"])

        def price(amount: float) -> str:
            if later:
                return _one(rng, (f"{amount:.0f}/-", f"Rs {amount:.0f}", f"{amount:.0f} rs"))
            return _one(rng, (rupees(amount), f"Rs {amount:,.0f}", f"INR {amount:.0f}"))

        def quantity() -> str:
            if later:
                return _one(rng, (f"{quintals} qtl", f"{quintals} q", f"{quintals} kuntal"))
            return _one(rng, (f"{quintals} quintals", f"{self.quantity / 10:.1f} tonnes"))

        return {
            "crop": lambda: (crop, "commodity"),
            "desi": lambda: (_one(rng, desi), "commodity"),
            "mandi": lambda: (self.mandi, None),
            "state": lambda: (str(self.deal["state"]), None),
            "price": lambda: (price(float(self.deal["price"])), "amount"),
            "offer": lambda: (price(self.offer), "amount"),
            "amount": lambda: (price(round(value, -2)) if later else rupees(round(value, -2)), "amount"),
            "qty": lambda: (quantity(), "quantity"),
            "pct": lambda: (f"{rng.uniform(0.5, 19):.1f} %", "percent"),
            "days": lambda: (str(self.days), None),
            "deal": lambda: (str(self.deal["trade_id"]), None),
            "lot": lambda: (str(self.deal["lot_id"]), None),
            "firm": lambda: (str(self.deal["firm"]), None),
            "grade": lambda: (str(self.deal.get("grade") or "B"), None),
            "measure": lambda: (self._measure(rng), "percent"),
        }

    def _measure(self, rng: Rng) -> str:
        def known(name: str, low: float, high: float) -> float:
            value = self.deal.get(name)
            return float(value) if value is not None and np.isfinite(value) else float(rng.uniform(low, high))

        a, b = known("moisture_pct", 7, 16), known("foreign_matter_pct", 0.5, 4)
        return _one(rng, MEASURES).format(a=f"{a:.1f}", b=f"{b:.1f}")


def scene(market: Market, day: np.datetime64, rng: Rng, later: bool) -> Scene:
    """Return a deal of the days before, of a market that reports and a state whose arrivals are known."""
    high = int(np.searchsorted(market.struck, day))
    low = min(int(np.searchsorted(market.struck, day - LATELY * DAY)), max(high - 1, 0))
    for _ in range(TRIES):
        at = int(rng.integers(low, max(high, low + 1)))
        deal = market.rows[at]
        place = (str(deal["commodity"]), str(deal["market"]))
        if market.fresh(*place, day) and (place[0], str(deal["state"])) in market.arrivals:
            break
    offer = float(round(float(deal["price"]) * float(np.exp(rng.normal(0.0, 0.05)))))
    days = int(rng.choice(DAYS_AHEAD))
    return Scene(deal, day, float(max(round(float(deal["quantity"])), 1)), offer, days, later)


def _one(rng: Rng, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
