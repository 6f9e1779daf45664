"""What the models would have found at a moment, in the shape in which the service hands findings to whoever answers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from mandi.feedback.generated.ask.market import DAY, Market

VERSION = "1"
SD = 0.0225
"""Of a market's price a day ahead, log: what the next report differs from the last three by, reporting noise included."""
WIDE, NARROW = 1.96, 1.645
LEVEL = "level of the last year"
WEEK = 7
ESCAPED = {"<": r"\u003c", ">": r"\u003e", "&": r"\u0026", "\u2028": r"\u2028", "\u2029": r"\u2029"}
GRADES = ("A", "B", "C", "D")
WORTH = {"A": 90.0, "B": 75.0, "C": 60.0, "D": 40.0}
Rng = np.random.Generator


def price(market: Market, commodity: str, mandi: str, day: np.datetime64, rng: Rng) -> dict[str, Any]:
    """Return the finding of the price model for a market and the day, from the reports of the days before."""
    place = market.places[(commodity, mandi)]
    known = place.before(day)
    level = float(np.median(place.modal[max(known - 3, 0) : known])) * float(np.exp(rng.normal(0.0, 0.003)))
    answer: dict[str, Any] = {
        "commodity_id": commodity, "market": mandi, "kind": "market", "horizon_days": 1, "target_day": str(day),
        "predicted_price": round(level, 1), **_bounds(level), "confidence": 0.95, "measured_coverage_95": 0.951,
        "measured_coverage_90": 0.902, "unit": "INR/quintal", "feature_contributions": None, "model_version": VERSION,
        "known_until": f"{day - DAY}T18:30:00Z", "asof": f"{day}T06:00:00Z", "notes": [],
        "asked": _meant(commodity, mandi),
    }  # fmt: skip
    return found("price", answer)


def demand(market: Market, commodity: str, state: str, day: np.datetime64, days: int) -> dict[str, Any]:
    """Return the finding of the demand model: tonnes a day ahead, from the last four weeks and the year before."""
    tonnes = market.arrivals[(commodity, state)]
    at = min(int((day - market.first) / DAY), len(tonnes))
    recent = float(tonnes[max(at - 28, 0) : at].mean()) if at else 0.0
    year = float(tonnes[max(at - 365, 0) : at].mean()) if at else 0.0
    before = tonnes[max(at - 365, 0) : max(at - 365, 0) + days]
    season = float(before.mean()) if len(before) else recent
    rise = float(np.clip(season / max(recent, 1.0) - 1.0, -0.4, 0.4)) / max(days, 1)
    forecast: list[dict[str, Any]] = []
    for k in range(days):
        value = round(max(recent * (1.0 + rise * k), 0.1), 1)
        forecast.append(
            {"date": str(day + k * DAY), "predicted_demand": value, "lower_bound": round(0.6 * value, 1),
             "upper_bound": round(1.5 * value, 1)}
        )  # fmt: skip
    total = round(sum(row["predicted_demand"] for row in forecast), 1)
    usual = round(max(year, 0.1) * days, 1)
    answer: dict[str, Any] = {
        "commodity_id": commodity, "location": state, "forecast_days": days, "unit": "tonne", "forecast": forecast,
        "total_demand": total, "confidence": 0.95, "measured_coverage": 0.94,
        "feature_contributions": {LEVEL: usual, "season": round(total - usual, 1)}, "model_version": VERSION,
        "known_until": f"{day - DAY}T18:30:00Z", "as_of": f"{day}T06:00:00Z", "notes": [], "asked": _meant(commodity, state, days),
    }  # fmt: skip
    return found("demand", answer)


def quality(commodity: str, grade: str, rng: Rng) -> dict[str, Any]:
    """Return the finding of the quality model for a lot of a grade; it gives the inspector's grade nine times of ten."""
    at = GRADES.index(grade) if grade in GRADES else 1
    if rng.random() > 0.9:
        at = int(np.clip(at + rng.choice([-1, 1]), 0, 3))
    weights = np.exp(-np.abs(np.arange(4) - at) * rng.uniform(1.2, 3.0))
    shares = weights / weights.sum()
    probabilities = {g: round(float(p), 3) for g, p in zip(GRADES, shares)}
    score = sum(WORTH[g] * p for g, p in probabilities.items())
    answer: dict[str, Any] = {
        "commodity_id": commodity, "quality_grade": GRADES[at], "quality_score": round(score, 1),
        "confidence": probabilities[GRADES[at]], "grade_probabilities": probabilities,
        "grade_set": [g for g in GRADES if probabilities[g] >= 0.05], "abstained": False,
        "consistency_score": round(float(rng.uniform(60, 95)), 1), "is_anomaly": False,
        "anomaly_score": round(float(rng.uniform(0.05, 0.9)), 3), "anomalies": [], "reasons": [], "feature_contributions": None,
        "supplier_lots": int(rng.integers(3, 120)), "model_version": VERSION, "notes": [],
    }  # fmt: skip
    return found("quality", answer)


def fraud(found_out: bool, rng: Rng) -> dict[str, Any]:
    """Return the finding of the fraud model: most frauds and a few honest deals are flagged."""
    flagged = bool(rng.random() < (0.8 if found_out else 0.06))
    threshold = 0.95
    score = round(float(rng.uniform(0.952, 0.998) if flagged else rng.uniform(0.05, 0.93)), 3)
    says = str(
        rng.choice(
            [
                "other suppliers paid to this account so far: 2",
                "the weighbridge differs from the deal by 6 %",
                "the price is far below the market's",
            ]
        )
    )
    answer: dict[str, Any] = {
        "trade_id": None, "is_fraud": flagged, "fraud_score": score, "reconstruction_error": round(3 * score, 3),
        "risk_level": "HIGH" if flagged else "LOW", "p_value": round(1.0 - score, 3), "threshold": threshold, "stage": "unpaid",
        "measured_precision": 0.9, "measured_recall": 0.82, "measured_prevalence": 0.025,
        "top_features": [{"feature": "reason", "effect": 0.6, "value": 1.1, "says": says}] if flagged else [],
        "feature_contributions": None, "model_version": VERSION, "notes": [],
    }  # fmt: skip
    return found("fraud", answer)


def matching(market: Market, commodity: str, mandi: str, level: float, rng: Rng) -> dict[str, Any]:
    """Return the finding of the matching model: up to three open offers, best first."""
    others = sorted({place for name, place in market.places if name == commodity} - {mandi}) or [mandi]
    matches = []
    for _ in range(int(rng.integers(1, 4))):
        matches.append(
            {
                "availability_id": f"O{int(rng.integers(1, 20000)):06d}", "seller_id": f"S{int(rng.integers(0, 160)):04d}",
                "match_score": round(float(rng.uniform(0.1, 0.6)), 3), "market": str(rng.choice(others)), "variety": "usual",
                "grade": str(rng.choice(GRADES[:3])), "quantity": float(rng.integers(15, 120)),
                "ask_price": float(round(level * rng.uniform(0.95, 1.03))), "distance_km": round(float(rng.uniform(15, 400)), 1),
                "satisfied": ["commodity", "quantity", "price"], "violated": [],
            }
        )  # fmt: skip
    matches.sort(key=lambda m: (-float(str(m["match_score"])), str(m["availability_id"])))
    answer: dict[str, Any] = {
        "requirement_id": None, "commodity_id": commodity, "location": mandi, "matches": matches,
        "candidates_considered": int(rng.integers(len(matches), 30)), "offers_open": int(rng.integers(30, 90)), "excluded": None,
        "contributions": None, "model_version": VERSION, "notes": [],
    }  # fmt: skip
    return found("matching", answer)


def found(model: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {"model": model, "standing": "answered", "answer": answer, "why": None, "version": VERSION}


def data_block(name: str, value: Any) -> str:
    """Return a value as JSON between two marks, as the service's prompts hold data.

    Examples
    --------
    >>> data_block("text", "a < b").splitlines()[1]
    '"a \\\\u003c b"'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark, escaped in ESCAPED.items():
        text = text.replace(mark, escaped)
    return f"<{name}>\n{text}\n</{name}>"


def figures(findings: dict[str, Any]) -> dict[str, Any]:
    """Return findings as a provider reads them: no empty fields, a forecast as tonnes by week."""
    return {name: _slim({k: v for k, v in told.items() if k != "model"}) for name, told in findings.items()}


def _slim(value: Any) -> Any:
    if isinstance(value, dict):
        slim: dict[str, Any] = {}
        for key, item in value.items():
            if key == "forecast":
                days = [row["predicted_demand"] for row in item]
                weeks = range(0, len(days) - WEEK + 1, WEEK)
                slim["tonnes_by_week"] = [round(sum(days[k : k + WEEK]), 4) for k in weeks]
            elif key == "feature_contributions" and item:
                slim["strongest_parts"] = {
                    k: item[k] for k in sorted(item, key=lambda part: -abs(item[part]))
                }
            elif item not in (None, [], {}):
                slim[key] = _slim(item)
        return slim
    return [_slim(item) for item in value] if isinstance(value, list) else value


def _bounds(level: float) -> dict[str, float]:
    return {
        "lower_bound_95": round(level * float(np.exp(-WIDE * SD)), 1),
        "upper_bound_95": round(level * float(np.exp(WIDE * SD)), 1),
        "lower_bound_90": round(level * float(np.exp(-NARROW * SD)), 1),
        "upper_bound_90": round(level * float(np.exp(NARROW * SD)), 1),
    }


def _meant(commodity: str, place: str, days: int | None = None) -> dict[str, Any]:
    return {
        "commodity": commodity,
        "place": place,
        "place_named": True,
        "days": days,
        "horizon": None,
        "day": None,
        "grade": None,
    }
