"""Rules of verdict and risk as properties over many prices: sides mirror, dearer never gets better for a buyer."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from mandi.llm.mock.appraisal import Appraisal, appraise, direction
from mandi.llm.prompts.deal_prompts import deal_prompt

from .some_deals import FLAGGED, FRAUD, PRICE, QUALITY, SomeEvidence, a_deal

PRICES = [5000.0, 6800.0, 6840.0, 6899.0, 6900.0, 7000.0, 7200.0, 7500.0, 7501.0, 7560.0, 7561.0, 9000.0]
ORDER = {"favourable": 2, "fair": 1, "unfavourable": 0}


def weighed(evidence: SomeEvidence | None = None, **changed: Any) -> Appraisal:
    deal = a_deal(**changed)
    return appraise(deal_prompt(deal, (evidence or SomeEvidence()).now(deal)).facts)


def test_a_dearer_deal_never_gets_better_for_a_buyer_and_never_worse_for_a_seller() -> None:
    bought = [weighed(price=p) for p in PRICES]
    sold = [weighed(price=p, side="sell") for p in PRICES]
    for (cheap, dear), (low, high) in zip(itertools.pairwise(bought), itertools.pairwise(sold)):
        assert ORDER[dear.verdict] <= ORDER[cheap.verdict]
        assert ORDER[high.verdict] >= ORDER[low.verdict]
        assert (dear.gain or 0.0) < (cheap.gain or 0.0) and (high.gain or 0.0) > (low.gain or 0.0)
    assert {b.verdict for b in bought} == {s.verdict for s in sold} == set(ORDER)


@pytest.mark.parametrize("price", PRICES)
def test_the_verdict_flips_with_the_side(price: float) -> None:
    flipped = {"favourable": "unfavourable", "unfavourable": "favourable", "fair": "fair"}
    bought, sold = weighed(price=price), weighed(price=price, side="sell")
    assert sold.verdict == flipped[bought.verdict]
    assert sold.gain == pytest.approx(-(bought.gain or 0.0))


@pytest.mark.parametrize("price", PRICES)
def test_the_unit_of_mass_and_the_currency_change_nothing(price: float) -> None:
    plain = weighed(price=price)
    for changed in (
        {"price": price / 100.0, "price_unit": "kg"},
        {"price": price * 10.0, "price_unit": "tonne"},
        {"price": price * 3.556, "price_unit": "candy"},
        {"price": price, "quantity": 10.0, "quantity_unit": "tonne"},
        {"price": price / 80.0, "currency": "USD"},
        {"price": price / 90.0, "currency": "USD", "usd_inr": 90.0},
    ):
        other = weighed(**changed)
        assert other.view is not None and plain.view is not None
        assert other.view.deal_price == pytest.approx(price)
        assert other.gain == pytest.approx(plain.gain, abs=1e-6)


RISKS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {}, "low", ""),
    ({"fraud": FLAGGED}, {}, "high", "flags"),
    ({"fraud": FRAUD | {"risk_level": "MEDIUM"}}, {}, "medium", "somewhat suspicious"),
    ({}, {"price": 7600.0}, "high", "above the 95 % band"),
    ({}, {"price": 6800.0}, "medium", "better than such deals usually are"),
    ({}, {"price": 6800.0, "side": "sell"}, "high", "below the 95 % band"),
    ({}, {"price": 7600.0, "side": "sell"}, "medium", "better than such deals usually are"),
    ({"quality": QUALITY | {"abstained": True}}, {}, "medium", "too unsure"),
    ({"quality": QUALITY | {"is_anomaly": True}}, {}, "medium", "unusual"),
    ({"fraud": None}, {}, "medium", "fraud model could not be asked"),
    ({"price": None}, {}, "medium", "no fair price"),
    ({"price": None, "fraud": None}, {}, "unknown", "neither"),
]


@pytest.mark.parametrize(("answers", "changed", "risk", "why"), RISKS)
def test_risk_follows_its_rules_and_says_why(
    answers: dict[str, Any], changed: dict[str, Any], risk: str, why: str
) -> None:
    found = weighed(SomeEvidence(**answers), **changed)
    assert found.risk == risk
    assert any(why in one for one in found.why_risk) or not why and not found.why_risk


def test_a_grade_below_the_agreed_one_raises_the_risk() -> None:
    stated = a_deal().quality.model_copy(update={"grade": " a "})  # type: ignore[union-attr]
    found = weighed(quality=stated)
    assert found.worse_than_stated and found.risk == "medium"
    assert not weighed(quality=stated.model_copy(update={"grade": "C"})).worse_than_stated
    assert not weighed(quality=stated.model_copy(update={"grade": "FAQ"})).worse_than_stated


def test_without_a_fair_price_there_is_no_verdict() -> None:
    found = weighed(SomeEvidence(price=None))
    assert (found.verdict, found.view, found.gain) == ("unknown", None, None)


def test_without_a_rate_dollars_are_not_compared() -> None:
    deal = a_deal(price=90.0, currency="USD")
    findings = SomeEvidence().now(deal)
    findings["price"] = type(findings["price"])("price", "answered", PRICE | {"deal_price": None})
    found = appraise(deal_prompt(deal, findings).facts)
    assert found.view is None and found.verdict == "unknown" and found.money.why


@pytest.mark.parametrize(("last", "way"), [(20.0, "rise"), (10.4, "stay"), (9.6, "stay"), (5.0, "fall")])
def test_arrivals_rise_or_fall_by_more_than_a_twentieth(last: float, way: str) -> None:
    days = [{"predicted_demand": 10.0}] * 7 + [{"predicted_demand": last}] * 7
    found = direction(days)
    assert found is not None and found[0] == way
    assert direction(days[:13]) is None
