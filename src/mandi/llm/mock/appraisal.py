"""Weighs a deal by rules: what it is worth beside the fair price, a verdict on the price, and the risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mandi.llm.deal import Deal, PriceView, Risk, Verdict
from mandi.llm.prompts.analysis import answered, deal_of, money_of, price_view
from mandi.llm.prompts.deal_money import DealMoney

RISE = 0.05
"""Share by which the last week's arrivals differ from the first week's to be called rising or falling."""
WEEK = 7
GRADES = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Appraisal:
    """A deal and what follows from the models' figures.

    Attributes
    ----------
    deal : Deal
    money : DealMoney
    view : PriceView, optional
    band_90 : tuple of float, optional
        INR per quintal.
    gap : float, optional
        INR per quintal of the deal above the fair price.
    gain : float, optional
        INR of the whole lot in favour of the one who asks, against the fair price; below zero it is a loss.
    verdict : str
        Of the price alone, for the one who asks.
    risk : str
    why_risk : tuple of str
        What made the risk more than low.
    """

    deal: Deal
    money: DealMoney
    view: PriceView | None
    band_90: tuple[float, float] | None
    gap: float | None
    gain: float | None
    verdict: Verdict
    risk: Risk
    why_risk: tuple[str, ...]
    facts: Mapping[str, Any]

    def answer(self, model: str) -> Mapping[str, Any]:
        """Return what a model answered; empty when it did not."""
        return answered(self.facts, model)

    def why_not(self, model: str) -> str | None:
        """Return why a model did not answer; None when it did."""
        finding = (self.facts.get("findings") or {}).get(model)
        if finding is None:
            return "it was not asked"
        return None if finding["standing"] == "answered" else str(finding.get("why") or "no reason was given")

    def standing(self, model: str) -> str:
        """Return how a model stands to this deal."""
        return str(((self.facts.get("findings") or {}).get(model) or {}).get("standing", "not_asked"))

    @property
    def buys(self) -> bool:
        """Whether the one who asks buys."""
        return self.deal.side == "buy"

    @property
    def worse_than_stated(self) -> bool:
        """Whether the lot is graded below the grade the parties agreed."""
        stated, found = self.stated_grade, self.answer("quality").get("quality_grade")
        return stated in GRADES and found in GRADES and GRADES.index(str(found)) > GRADES.index(str(stated))

    @property
    def stated_grade(self) -> str | None:
        """The agreed grade where it is one of A to D."""
        grade = (self.deal.quality.grade or "").strip().upper() if self.deal.quality else ""
        return grade if grade in GRADES else None


def appraise(facts: Mapping[str, Any]) -> Appraisal:
    """Weigh the deal in the facts of a prompt.

    The verdict is of the price alone: inside the 90 % bounds of the fair price it is fair; beyond them favourable or
    unfavourable, by the side of the one who asks; unknown without a fair price.

    The risk is high when the deal is flagged as suspicious or priced beyond the 95 % bounds to the harm of the one who
    asks; medium when it is somewhat suspicious, priced beyond the 95 % bounds the other way (too good), the lot is graded below
    what was agreed, unusual, or too unsure to grade, or one of price and fraud could not be asked; low otherwise; unknown
    when neither could.

    Parameters
    ----------
    facts : mapping
        ``deal`` and ``findings`` as plain data.

    Raises
    ------
    ValidationError
        There is no deal in them.

    Examples
    --------
    >>> price = {"predicted_price": 5000.0, "lower_bound_95": 4700.0, "upper_bound_95": 5300.0, "lower_bound_90": 4800.0,
    ...          "upper_bound_90": 5200.0, "deal_price": 5400.0}
    >>> facts = {"deal": {"commodity": "soybean", "quantity": 100.0, "price": 5400.0},
    ...          "findings": {"price": {"standing": "answered", "answer": price}}}
    >>> found = appraise(facts)
    >>> found.verdict, found.risk, found.gain
    ('unfavourable', 'high', -40000.0)
    """
    deal, money, view = deal_of(facts), money_of(facts), price_view(facts)
    price = answered(facts, "price")
    band = (float(price["lower_bound_90"]), float(price["upper_bound_90"])) if view else None
    gap = view.deal_price - view.fair_price if view else None
    sign = -1.0 if deal.side == "buy" else 1.0
    draft = Appraisal(
        deal, money, view, band, gap, None if gap is None else sign * gap * money.quintals,
        _verdict(view, band, deal.side), "unknown", (), facts,
    )  # fmt: skip
    risk, why = _risk(draft)
    return Appraisal(
        **{**{n: getattr(draft, n) for n in Appraisal.__dataclass_fields__}, "risk": risk, "why_risk": why}
    )


def direction(
    forecast: list[Mapping[str, Any]],
) -> tuple[Literal["rise", "fall", "stay"], float, float] | None:
    """Return which way arrivals go, with the mean tonnes a day of the first and of the last week; None under two weeks.

    Examples
    --------
    >>> direction([{"predicted_demand": 10.0}] * 7 + [{"predicted_demand": 12.0}] * 7)
    ('rise', 10.0, 12.0)
    """
    if len(forecast) < 2 * WEEK:
        return None
    first, last = (
        sum(float(d["predicted_demand"]) for d in days) / WEEK for days in (forecast[:WEEK], forecast[-WEEK:])
    )
    if not first > 0:
        return ("rise" if last > 0 else "stay"), first, last
    moved = last / first - 1.0
    return ("rise" if moved > RISE else "fall" if moved < -RISE else "stay"), first, last


def _verdict(view: PriceView | None, band: tuple[float, float] | None, side: str) -> Verdict:
    if view is None or band is None:
        return "unknown"
    low, high = band
    if low <= view.deal_price <= high:
        return "fair"
    return "favourable" if (view.deal_price < low) == (side == "buy") else "unfavourable"


def _risk(draft: Appraisal) -> tuple[Risk, tuple[str, ...]]:
    view, fraud, quality = draft.view, draft.answer("fraud"), draft.answer("quality")
    if view is None and not fraud:
        return "unknown", ("neither the price nor the fraud model could be asked",)
    high, medium = [], []
    if fraud.get("is_fraud") or fraud.get("risk_level") == "HIGH":
        high.append("the fraud model flags the deal")
    elif fraud.get("risk_level") == "MEDIUM":
        medium.append("the fraud model finds the deal somewhat suspicious")
    if view is not None and not view.inside_95:
        harmful = (view.deal_price > view.fair_price) == draft.buys
        side = "above" if view.deal_price > view.fair_price else "below"
        (high if harmful else medium).append(
            f"the price lies {side} the 95 % band"
            + ("" if harmful else ", which is better than such deals usually are")
        )
    if draft.worse_than_stated:
        medium.append("the lot is graded below what was agreed")
    if quality.get("abstained"):
        medium.append("the grade is too unsure to rely on")
    if quality.get("is_anomaly"):
        medium.append("the lot is unusual for its supplier")
    if view is None:
        medium.append("no fair price is known")
    if not fraud:
        medium.append("the fraud model could not be asked")
    if high:
        return "high", (*high, *medium)
    return ("medium", tuple(medium)) if medium else ("low", ())
