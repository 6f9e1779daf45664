"""A deal that every model served here can be asked about: what documentation, first steps and load tests send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mandi.core.errors import MandiError
from mandi.features.grading.quality_measures import COLOR_CODE
from mandi.llm.deal import Deal, DealQuality
from mandi.serving.contracts import PriceRow
from mandi.serving.evidence import findings_of

if TYPE_CHECKING:
    from mandi.serving.desk import Desk

NO_PRICE = 5000.0
"""INR per quintal; where no price model answers, any is as good."""
TERMS = "Payment within 15 days of delivery; weighment at the buyer's bridge is final."


def example_deal(desk: Desk) -> Deal | None:
    """Return a deal at the end of the history that as many models answer as can, or None when nothing is served.

    The generated market ends in the past, so the deal names its moment (``asof``): the first hour at which every
    history served here is known.

    Parameters
    ----------
    desk : Desk
    """
    examples = {m["name"]: m["example"] for m in desk.models() if m.get("example")}
    if not examples:
        return None
    until = max(champion.known_until for champion in desk.champions.values()).ceil("h").to_pydatetime()
    moment = until.astimezone(UTC) + timedelta(hours=6)
    best: tuple[int, Deal] | None = None
    for name in ("matching", "price", "fraud", "demand", "quality"):
        if name not in examples:
            continue
        deal = _deal(desk, examples, examples[name], moment)
        answered = sum(f.standing == "answered" for f in findings_of(desk, deal, moment).values())
        if best is None or answered > best[0]:
            best = (answered, deal)
        if answered == len(desk.champions):
            break
    return best[1] if best else None


def _deal(desk: Desk, examples: dict[str, Any], about: dict[str, Any], moment: datetime) -> Deal:
    commodity = str(about["commodity_id"])
    partners = examples.get("fraud", {})
    deal = Deal(
        title=f"Example: {commodity.replace('_', ' ')}",
        commodity=commodity,
        quantity=float(about.get("quantity", 50.0)),
        price=float(about.get("max_price") or about.get("price") or _market_price(desk, about, moment)),
        market=about.get("market") or about.get("location"),
        quality=_middling(desk, commodity),
        counterparty=partners.get("supplier_id"),
        party=partners.get("buyer_id"),
        delivery_to=about.get("deliver_until"),
        terms=TERMS,
        asof=moment,
    )
    return deal


def _market_price(desk: Desk, about: dict[str, Any], moment: datetime) -> float:
    place = about.get("market") or about.get("location")
    if "price" in desk.champions and place is not None:
        try:
            (told,) = desk.price([PriceRow(commodity_id=about["commodity_id"], location=place, asof=moment)])
        except MandiError:
            return NO_PRICE
        return float(round(told.predicted_price))
    return NO_PRICE


def _middling(desk: Desk, commodity: str) -> DealQuality | None:
    counter: Any = desk.counters.get("quality")
    if counter is None or commodity not in counter.shelf.commodities:
        return None
    means = counter.shelf.means(commodity)
    measured: dict[str, Any] = {n: round(float(v), 2) for n, v in means.items() if n != COLOR_CODE}
    return DealQuality(**measured)
