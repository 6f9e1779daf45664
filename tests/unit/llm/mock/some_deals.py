"""A tiny evidence with round figures, and deals it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mandi.llm.deal import Deal, DealQuality
from mandi.llm.evidence import Finding
from mandi.llm.prompts.deal_money import deal_money

NOW = datetime(2024, 6, 3, 6, 0, tzinfo=UTC)
RATE = 80.0
STAMPS = {"model_version": "4", "known_until": "2024-06-02T18:30:00Z"}
PRICE: dict[str, Any] = {
    "commodity_id": "cotton", "market": "Rajkot", "kind": "lot", "horizon_days": 0, "target_day": "2024-06-03",
    "predicted_price": 7200.0, "lower_bound_95": 6840.0, "upper_bound_95": 7560.0, "lower_bound_90": 6900.0,
    "upper_bound_90": 7500.0, "confidence": 0.95, "measured_coverage_95": 0.94, "measured_coverage_90": 0.9,
    "unit": "INR/quintal", "notes": [], **STAMPS,
}  # fmt: skip
DEMAND: dict[str, Any] = {
    "commodity_id": "cotton", "location": "Gujarat", "forecast_days": 30, "unit": "tonne",
    "forecast": [{"date": f"2024-06-{i + 1:02d}", "predicted_demand": 100.0 + 2 * i, "lower_bound": 80.0, "upper_bound": 220.0}
                 for i in range(30)],
    "total_demand": 3870.0, "feature_contributions": {"level of the last year": 3000.0, "theta": 870.0}, "notes": [], **STAMPS,
}  # fmt: skip
QUALITY: dict[str, Any] = {
    "commodity_id": "cotton", "quality_grade": "B", "quality_score": 74.0, "confidence": 0.81,
    "grade_probabilities": {"A": 0.12, "B": 0.81, "C": 0.06, "D": 0.01}, "grade_set": ["A", "B"], "abstained": False,
    "consistency_score": 88.0, "is_anomaly": False, "anomaly_score": 0.4, "anomalies": [], "reasons": [], "notes": [], **STAMPS,
}  # fmt: skip
FRAUD: dict[str, Any] = {
    "is_fraud": False, "fraud_score": 0.62, "risk_level": "LOW", "p_value": 0.38, "threshold": 0.95, "stage": "unpaid",
    "measured_precision": 0.4, "measured_recall": 0.7, "top_features": [], "notes": [], **STAMPS,
}  # fmt: skip
FLAGGED = FRAUD | {
    "is_fraud": True, "fraud_score": 0.98, "risk_level": "HIGH", "p_value": 0.02,
    "top_features": [{"feature": "account_others", "effect": 0.6, "value": 1.1,
                      "says": "other suppliers paid to this account so far: 2"}],
}  # fmt: skip


def offer(name: str, market: str, km: float, quintals: float, ask: float, grade: str = "B") -> dict[str, Any]:
    """One match as the matching route gives it."""
    return {
        "availability_id": name, "seller_id": "S0002", "match_score": 0.4, "market": market, "variety": "Shankar-6",
        "grade": grade, "quantity": quintals, "ask_price": ask, "distance_km": km,
        "satisfied": ["commodity"], "violated": [],
    }  # fmt: skip


MATCHING: dict[str, Any] = {
    "commodity_id": "cotton", "location": "Rajkot",
    "matches": [offer("O1", "Gondal", 38.0, 60.0, 7100.0), offer("O2", "Amreli", 100.0, 500.0, 7050.0, "C")],
    "candidates_considered": 12, "offers_open": 40, "excluded": None, "notes": [], **STAMPS,
}  # fmt: skip
ANSWERS = {"price": PRICE, "demand": DEMAND, "quality": QUALITY, "fraud": FRAUD, "matching": MATCHING}


class SomeEvidence:
    """Says the same of every deal, whatever its price; other answers by model name, None for one that refuses."""

    def __init__(self, **answers: Mapping[str, Any] | None) -> None:
        self.answers = {**ANSWERS, **answers}

    async def about(self, deal: Deal, now: datetime) -> Mapping[str, Finding]:
        return self.now(deal)

    async def about_text(self, text: str, now: datetime) -> Mapping[str, Finding]:
        return {}

    def now(self, deal: Deal) -> dict[str, Finding]:
        money = deal_money(deal, RATE, "last one of the price history, 2024-06-02")
        found = {}
        rate = {} if money.usd_inr is None else {"usd_inr": money.usd_inr, "usd_inr_source": money.source}
        for model, answer in self.answers.items():
            extra = {"deal_price": money.price, **rate} if model == "price" else {}
            if answer is None:
                found[model] = Finding(model, "refused", extra, f"the {model} history is too old")
                continue
            if model == "matching" and deal.side == "sell":
                found[model] = Finding(model, "not_asked", {}, "open offers are ranked for one who buys")
                continue
            told = {**answer, **extra}
            if model == "matching":
                told["matches"] = [m for m in told["matches"] if m["ask_price"] <= (money.price or 0.0)]
            found[model] = Finding(model, "answered", told, None, "4")
        return found


def a_deal(**changed: Any) -> Deal:
    """Buy 100 quintals of cotton at 7,300 in Rajkot, with an assay; fields changed as given."""
    given: dict[str, Any] = {
        "commodity": "cotton", "quantity": 100.0, "price": 7300.0, "market": "Rajkot", "counterparty": "S0009",
        "quality": DealQuality(staple_length_mm=28.6, micronaire=4.1), "asof": NOW,
    }  # fmt: skip
    return Deal(**{**given, **changed})
