"""Patterns of trade and sudden changes of behaviour: how often, how much, when and at what price, against what was usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mandi.features.detection.fraud_running import DAY_NS, FAST, SLOW, faded, unusual, zero

if TYPE_CHECKING:
    from mandi.features.detection.fraud_memory import Deals, Floats, Found, Memory

INDIA_HOURS = 5.5
AMOUNT_SD, SIZE_SD, GAP_SD = 0.8, 0.8, 0.025
"""Spreads assumed of a partner whose past is short: log INR, log quintals, log price over the level."""

MEANINGS: dict[str, tuple[str, str]] = {
    "amount_unusual": ("sd", "amount of the deal over what the supplier's invoices usually say"),
    "quantity_unusual": ("sd", "quantity over what the supplier usually sells"),
    "buyer_amount_unusual": ("sd", "amount over what the buyer usually buys"),
    "price_unusual": ("sd", "price over the market's level, beside what the grade usually fetches"),
    "price_over_own": ("sd", "price over the level, beside what the supplier usually fetches"),
    "supplier_idle": ("log days", "days since the supplier's last invoice"),
    "supplier_pace": ("log", "supplier's invoices of late over its usual number"),
    "buyer_pace": ("log", "buyer's deals of late over its usual number"),
    "supplier_drift": ("sd", "supplier's amounts of late over its usual ones"),
    "buyer_drift": ("sd", "buyer's amounts of late over its usual ones"),
    "supplier_past": ("log invoices", "invoices of the supplier seen, fading by half in 180 days"),
    "buyer_past": ("log deals", "settled deals of the buyer, fading by half in 180 days"),
    "hour": ("hour", "hour of the deal, India time"),
    "credit_score": ("0-100", "credit score of the supplier, last known"),
    "credit_drop": ("points", "fall of the supplier's credit score below its usual"),
}


def partner_features(deals: Deals, memory: Memory) -> dict[str, Floats]:
    """Return the features of `MEANINGS` for each deal, partners as known when it was struck.

    Parameters
    ----------
    deals : Deals
    memory : Memory
    """
    struck, day = deals.struck, deals.struck / DAY_NS
    supplier = memory.find("suppliers", [deals.text("supplier_id")], struck)
    buyer = memory.find("buyers", [deals.text("buyer_id")], struck)
    size = deals.log("quantity")
    amount = size + deals.log("price")
    credit = memory.find("credit", [deals.text("supplier_id")], struck)
    return {
        "amount_unusual": _beside(supplier, "amount", amount, AMOUNT_SD),
        "quantity_unusual": _beside(supplier, "size", size, SIZE_SD),
        "buyer_amount_unusual": _beside(buyer, "amount", amount, AMOUNT_SD),
        **_prices(deals, memory),
        "supplier_idle": np.log1p(np.maximum(day - supplier["last"], 0.0)),
        "supplier_pace": pace(supplier, day),
        "buyer_pace": pace(buyer, day),
        "supplier_drift": _beside(supplier, "amount", supplier["amount_recent"], AMOUNT_SD),
        "buyer_drift": _beside(buyer, "amount", buyer["amount_recent"], AMOUNT_SD),
        "supplier_past": np.log1p(supplier["lately"]),
        "buyer_past": np.log1p(buyer["lately"]),
        "hour": (day * 24.0 + INDIA_HOURS) % 24.0,
        "credit_score": credit["credit_score_recent"],
        "credit_drop": credit["credit_score_mean"] - credit["credit_score_recent"],
    }


def pace(state: Found, day: Floats) -> Floats:
    """Return the log of a name's recent rate of events over its usual rate, as of a day; 0 where both are nothing.

    Parameters
    ----------
    state : mapping
        ``fast, slow, last`` of `running`.
    day : array
        Days since 1970.
    """
    recent = faded(state["fast"], state["last"], day, FAST) / FAST
    usual = faded(state["slow"], state["last"], day, SLOW) / SLOW
    one = 1.0 / SLOW  # as if one more event were spread over both, so that a short past says little
    return np.log((recent + one) / (usual + one))


def _prices(deals: Deals, memory: Memory) -> dict[str, Floats]:
    struck, commodity = deals.struck, deals.text("commodity")
    level = memory.find("levels", [commodity, deals.text("market")], struck)
    usual = memory.find("premiums", [commodity, deals.text("grade")], struck)
    own = memory.find("sellers", [deals.text("supplier_id")], struck)
    gap = deals.log("price") - level["price_recent"]
    over = gap - zero(usual["gap_mean"])
    weight = zero(own["gap_weight"])
    lead = zero(own["gap_mean"]) * weight / (weight + 8.0)
    return {
        "price_unusual": over / np.where(usual["gap_sd"] > 0, usual["gap_sd"], GAP_SD),
        "price_over_own": (gap - lead) / GAP_SD,
    }


def _beside(state: Found, name: str, value: Floats, prior: float) -> Floats:
    mean, sd, weight = (state[f"{name}_{part}"] for part in ("mean", "sd", "weight"))
    return unusual(value, mean, sd, weight, prior)
