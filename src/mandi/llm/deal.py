"""A deal as a caller describes it, and the analysis that is given of it; strict, with units and currency."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mandi.core.strict import MassUnit, Moment, Name, Strict, plain_day

Currency = Literal["INR", "USD"]
Verdict = Literal["favourable", "fair", "unfavourable", "unknown"]
Risk = Literal["low", "medium", "high", "unknown"]
LONGEST_TERMS = 4000


Day = Annotated[date, BeforeValidator(plain_day)]


class DealQuality(Strict):
    """What is known of the lot: a grade, or what its assay says."""

    grade: Name | None = Field(default=None, description="as the parties call it")
    moisture_pct: float | None = Field(default=None, ge=0, le=60)
    foreign_matter_pct: float | None = Field(default=None, ge=0, le=60)
    staple_length_mm: float | None = Field(default=None, ge=10, le=60)
    micronaire: float | None = Field(default=None, ge=1, le=10)
    fiber_strength: float | None = Field(default=None, ge=5, le=60, description="g/tex")
    color_grade: Name | None = None
    oil_pct: float | None = Field(default=None, ge=0, le=80)
    protein_pct: float | None = Field(default=None, ge=0, le=80)
    iron_pct: float | None = Field(default=None, ge=0, le=80)
    silica_pct: float | None = Field(default=None, ge=0, le=80)


class Deal(Strict):
    """A deal before it is made, or under review.

    Examples
    --------
    >>> deal = Deal(commodity="soybean", quantity=20, quantity_unit="tonne", price=4600, market="Indore")
    >>> deal.currency, deal.price_unit, deal.side
    ('INR', 'quintal', 'buy')
    """

    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    commodity: Name = Field(description="for example cotton")
    quantity: float = Field(ge=0.01, le=1e7, description="in quantity_unit")
    quantity_unit: MassUnit = Field(default="quintal", description="kg, quintal, tonne, bale, candy or maund")
    price: float = Field(ge=0.01, le=1e9, description="per price_unit, in currency")
    price_unit: MassUnit = Field(default="quintal", description="unit of mass the price is for")
    currency: Currency = "INR"
    usd_inr: float | None = Field(
        default=None, gt=1, le=1000, description="rate agreed; the last known one if not given"
    )
    side: Literal["buy", "sell"] = Field(default="buy", description="side of the one who asks")
    market: Name | None = Field(default=None, description="market, or the state")
    quality: DealQuality | None = None
    counterparty: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="the other side; by its id, its past is known"
    )
    party: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="id of the one who asks, as the history knows it"
    )
    delivery_from: Day | None = None
    delivery_to: Day | None = None
    delivery_place: Name | None = None
    terms: Annotated[str, Field(max_length=LONGEST_TERMS)] | None = Field(
        default=None, description="payment and other terms, in words"
    )
    asof: Moment | None = Field(
        default=None, description="moment of the decision, with time zone; now if not given"
    )


class PriceView(Strict):
    """The price of the deal beside the fair price, INR per quintal."""

    deal_price: float
    fair_price: float
    lower_bound_95: float
    upper_bound_95: float
    difference_pct: float = Field(description="of the fair price; above zero when the deal is dearer")
    inside_95: bool
    unit: str = "INR/quintal"


class DealAnalysis(Strict):
    """What is said of a deal: words, what to do, and the numbers of the models behind them.

    Attributes
    ----------
    confidence : float, optional
        Calibrated, in [0, 1]; None when nobody knows how sure the answer is.
    """

    analysis: str = Field(description="the analysis in words")
    verdict: Verdict
    risk: Risk
    recommendations: list[str] = Field(description="what to do, most important first")
    reasons: list[str] = Field(description="why, each from one model or from the deal itself")
    confidence: float | None = Field(default=None, ge=0, le=1)
    price: PriceView | None = None


MICRO = Decimal("0.000001")
"""Smallest part of a dollar that is kept."""
