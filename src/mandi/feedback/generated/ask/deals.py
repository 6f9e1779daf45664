"""Deals put up for analysis: what is stated, what the models would find, and the verdict that follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mandi.feedback.generated.ask import findings
from mandi.feedback.generated.ask.asked import Asked, as_json
from mandi.feedback.generated.ask.findings import data_block, figures
from mandi.feedback.generated.ask.market import Market
from mandi.feedback.generated.ask.scene import Rng, Scene, rupees

VERDICTS = ("favourable", "fair", "unfavourable")
RULES = 'You analyse one commodity deal for the party named by "side" (it buys or sells). Answer with one JSON object of the given schema.'
"""How the service's prompt for deals begins."""


def deal_question(market: Market, scene: Scene, rng: Rng, phase: str) -> Asked:
    """Return a deal to analyse.

    Parameters
    ----------
    market : Market
    scene : Scene
    rng : Generator
    phase : str
    """
    side = "buy" if rng.random() < 0.6 else "sell"
    deal = {
        "commodity": scene.commodity, "quantity": scene.quantity, "quantity_unit": "quintal", "price": scene.offer,
        "price_unit": "quintal", "currency": "INR", "side": side, "market": scene.mandi,
        "counterparty": str(scene.deal["supplier_id" if side == "buy" else "buyer_id"]), "asof": f"{scene.day}T06:00:00Z",
    }  # fmt: skip
    found = {
        "price": findings.price(market, scene.commodity, scene.mandi, scene.day, rng),
        "demand": findings.demand(market, scene.commodity, str(scene.deal["state"]), scene.day, 7),
        "fraud": findings.fraud(bool(scene.deal["found"]), rng),
    }
    if side == "buy":
        found["matching"] = findings.matching(market, scene.commodity, scene.mandi, scene.offer, rng)
    found["price"]["answer"]["deal_price"] = scene.offer
    verdict = verdict_of(found["price"]["answer"], side)
    messages = (
        {"role": "system", "content": RULES},
        {"role": "user", "content": data_block("figures", figures(found))},
        {"role": "user", "content": data_block("deal", deal)},
    )
    facts = {"deal": deal, "findings": found, "quintals": scene.quantity}
    truth = {
        "task": "deal_analysis", "template_id": f"deal.{side}", "family": "deal", "phase": phase,
        "part": "early" if phase == "early" else "traffic", "group": "deal", "topic": side, "intent": "price", "sentiment": "neutral",
        "emotion": "calm", "kind": "decision", "language": "en", "gold": analysis(facts, verdict), "required": "[]", "forbidden": "[]",
    }  # fmt: skip
    wrongs = tuple(analysis(facts, v) for v in VERDICTS if v != verdict)
    return Asked("deal_analysis", messages[-1]["content"], None, messages, facts, truth, wrongs)


def verdict_of(price: Mapping[str, Any], side: str) -> str:
    """Return the verdict on a price: fair inside the 90 % bounds, beyond them by side.

    Examples
    --------
    >>> verdict_of({"deal_price": 90.0, "lower_bound_90": 95.0, "upper_bound_90": 105.0}, "buy")
    'favourable'
    """
    at = price["deal_price"]
    if price["lower_bound_90"] <= at <= price["upper_bound_90"]:
        return "fair"
    return "favourable" if (at < price["lower_bound_90"]) == (side == "buy") else "unfavourable"


def analysis(facts: Mapping[str, Any], verdict: str) -> str:
    """Return an analysis with a verdict, as JSON of the service's type."""
    price, deal = facts["findings"]["price"]["answer"], facts["deal"]
    fraud = facts["findings"]["fraud"]["answer"]
    fair, at = price["predicted_price"], price["deal_price"]
    apart = round(100.0 * (at / fair - 1.0), 1)
    inside = price["lower_bound_95"] <= at <= price["upper_bound_95"]
    words = f"The price of {rupees(at)} per quintal stands against {rupees(fair)} expected in {deal['market']}: {verdict} for one who wants to {deal['side']}."
    advice = {
        "favourable": "Take the deal.",
        "fair": "The price is in line; look at terms and quality.",
        "unfavourable": "Ask for a better price.",
    }
    told = {
        "analysis": words, "verdict": verdict, "risk": "high" if fraud["is_fraud"] else "low", "recommendations": [advice[verdict]],
        "reasons": [f"price: {rupees(price['lower_bound_90'])} to {rupees(price['upper_bound_90'])} per quintal hold 90 of 100 such prices",
                    f"fraud: score {fraud['fraud_score']} against {fraud['threshold']}"],
        "confidence": None,
        "price": {"deal_price": at, "fair_price": fair, "lower_bound_95": price["lower_bound_95"], "upper_bound_95": price["upper_bound_95"],
                  "difference_pct": apart, "inside_95": inside, "unit": "INR/quintal"},
    }  # fmt: skip
    return as_json(told)


def verdict_in(answer: str) -> str | None:
    """Return the verdict an analysis gives; None where it is none.

    Examples
    --------
    >>> verdict_in('{"verdict": "fair"}'), verdict_in("fair")
    ('fair', None)
    """
    try:
        told = json.loads(answer)
    except ValueError:
        return None
    return told.get("verdict") if isinstance(told, dict) else None
