"""Turns a deal into one question per model, with what the deal says and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mandi.core.strict import Strict
from mandi.llm.deal import Deal
from mandi.llm.prompts.deal_money import DealMoney
from mandi.serving.contracts import PriceRow, QualityParams
from mandi.serving.counters.demand import DemandRow
from mandi.serving.fraud_contracts import FraudRow, InspectionRow
from mandi.serving.matching_contracts import MatchingRow
from mandi.serving.problems import BadRow
from mandi.serving.quality_contracts import QualityRow

if TYPE_CHECKING:
    from mandi.serving.desk import Desk

OUTLOOK_DAYS = 30
MOST_OFFERS = 3
AN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/\-]{0,63}")
NOT_NAMED = "not-named"
GRADES = ("A", "B", "C", "D")
ASSAY = tuple(QualityParams.model_fields)


@dataclass(frozen=True)
class Question:
    """One row for one model.

    Attributes
    ----------
    row : Strict
        A question of the model's counter.
    notes : tuple of str
        What of the deal is not in the row, and why.
    spare : frozenset of str
        Fields that may be left out when the counter does not know their value.
    explain : bool
        Whether the answer's parts are wanted too.
    """

    row: Strict
    notes: tuple[str, ...] = ()
    spare: frozenset[str] = frozenset()
    explain: bool = False


@dataclass(frozen=True)
class NotAsked:
    """A question that cannot be put, and what the deal would have to say."""

    why: str


@dataclass(frozen=True)
class Case:
    """A deal with what is needed to ask about it.

    Attributes
    ----------
    money : DealMoney
        Its price in INR per quintal, where that is known.
    moment : datetime
        Of the decision, UTC.
    market : str, optional
        The mandi its place stands for, where the price history knows it.
    answers_lots : bool
        Whether the price model knows lots.
    """

    deal: Deal
    money: DealMoney
    moment: datetime
    market: str | None
    answers_lots: bool = True

    @property
    def supplier(self) -> str | None:
        """Id of the one who sells; None where the deal names none."""
        return an_id(self.deal.counterparty if self.deal.side == "buy" else self.deal.party)

    @property
    def buyer(self) -> str | None:
        """Id of the one who buys; None where the deal names none."""
        return an_id(self.deal.party if self.deal.side == "buy" else self.deal.counterparty)

    @property
    def assay(self) -> QualityParams | None:
        """What was measured of the lot; None when nothing was."""
        given = self.deal.quality
        measured = {n: getattr(given, n) for n in ASSAY if given and getattr(given, n) is not None}
        return QualityParams(**measured) if measured else None

    @property
    def grade(self) -> str | None:
        """Grade the parties agreed, as they call it."""
        return self.deal.quality.grade if self.deal.quality else None


def an_id(text: str | None) -> str | None:
    """Return a text that can be an id of a partner, None for any other: a sentence is no id.

    Examples
    --------
    >>> an_id("S0009"), an_id("Sharma Traders, Indore")
    ('S0009', None)
    """
    found = (text or "").strip()
    return found if AN_ID.fullmatch(found) else None


def case_of(desk: Desk | None, deal: Deal, money: DealMoney, now: datetime) -> Case:
    """Return the deal with its moment and the mandi its place stands for.

    Parameters
    ----------
    desk : Desk, optional
    deal : Deal
    money : DealMoney
    now : datetime
        Moment of a deal that names none, UTC.
    """
    prices: Any = desk.counters.get("price") if desk else None
    market = None
    if prices is not None and deal.market is not None:
        try:
            market, _ = prices.names.place(prices.names.commodity(deal.commodity), None, deal.market)
        except BadRow:
            market = None
    lots = True if prices is None else bool(prices.answers_lots)
    return Case(deal, money, deal.asof or now, market, lots)


def price_question(case: Case) -> Question | NotAsked:
    """Ask for the fair price of the lot on its trading day, or of its market where lots are not known."""
    deal = case.deal
    if deal.market is None:
        return NotAsked("the deal names no market and no state: there is no place to price it at")
    asked: dict[str, Any] = {"commodity_id": deal.commodity, "location": deal.market, "asof": case.moment}
    if not case.answers_lots:
        note = "the price is of the market's usual lot: this model knows no lots, sizes or assays"
        return Question(PriceRow(**asked, horizon_days=0), (note,))
    row = PriceRow(
        **asked, quantity=deal.quantity, quantity_unit=deal.quantity_unit, quality_params=case.assay,
        supplier_id=case.supplier, grade=case.grade,
    )  # fmt: skip
    return Question(row, _unnamed(case, "supplier"), frozenset({"grade"}))


def demand_question(case: Case) -> Question | NotAsked:
    """Ask for the arrivals of the next 30 days where the deal lies."""
    deal = case.deal
    row = DemandRow(
        commodity_id=deal.commodity, forecast_days=OUTLOOK_DAYS, location=deal.market, as_of=case.moment
    )
    return Question(row, spare=frozenset({"location"}), explain=True)


def quality_question(case: Case) -> Question | NotAsked:
    """Ask for the grade of what was measured."""
    if case.assay is None:
        return NotAsked("the deal gives no assay: a grade needs at least one measure of the lot")
    row = QualityRow(
        commodity_id=case.deal.commodity,
        quality_params=case.assay,
        supplier_id=case.supplier,
        asof=case.moment,
    )
    return Question(row)


def fraud_question(case: Case) -> Question | NotAsked:
    """Ask how suspicious the deal is by what it says; papers and payments it does not tell of stay masked."""
    deal, price = case.deal, case.money.price
    if deal.market is None:
        return NotAsked("the deal names no market: it cannot be held against the deals of one")
    if price is None:
        return NotAsked(f"the price is not known in INR per quintal: {case.money.why}")
    stated = (case.grade or "").strip().upper()
    inspection = [InspectionRow(quality_params=case.assay)] if case.assay else []
    row = FraudRow(
        supplier_id=case.supplier or NOT_NAMED, buyer_id=case.buyer or NOT_NAMED, commodity_id=deal.commodity,
        market=case.market or deal.market, grade=stated if stated in GRADES else None,  # type: ignore[arg-type]
        quantity=deal.quantity, quantity_unit=deal.quantity_unit, price=price, traded_at=case.moment,
        inspections=inspection, papers_due=False, asof=case.moment,
    )  # fmt: skip
    return Question(row, (*_unnamed(case, "supplier"), *_unnamed(case, "buyer")))


def matching_question(case: Case) -> Question | NotAsked:
    """Ask which open offers would fill the same want at no higher price."""
    deal, price = case.deal, case.money.price
    if deal.side == "sell":
        return NotAsked("open offers are ranked for one who buys; this deal sells")
    place = deal.delivery_place or case.market or deal.market
    if place is None:
        return NotAsked("the deal names no market to deliver to")
    if price is None:
        return NotAsked(f"the price is not known in INR per quintal: {case.money.why}")
    row = MatchingRow(
        commodity_id=deal.commodity, location=place, quantity=deal.quantity, quantity_unit=deal.quantity_unit,
        max_price=price, min_grade=case.grade, deliver_from=deal.delivery_from, deliver_until=deal.delivery_to,
        buyer_id=case.buyer, k=MOST_OFFERS, asof=case.moment,
    )  # fmt: skip
    return Question(row, spare=frozenset({"min_grade"}))


QUESTIONS: Mapping[str, Callable[[Case], Question | NotAsked]] = {
    "price": price_question,
    "demand": demand_question,
    "quality": quality_question,
    "fraud": fraud_question,
    "matching": matching_question,
}
"""One way to ask each model about a deal."""


def _unnamed(case: Case, role: str) -> tuple[str, ...]:
    if getattr(case, role) is not None:
        return ()
    text = case.deal.counterparty if (role == "supplier") == (case.deal.side == "buy") else case.deal.party
    if text is None:
        return (f"the deal names no {role}: taken as one without a past",)
    return (f"the {role} is named in words and not by an id: taken as one without a past",)
