"""Right answers to questions about figures, what must stand in them, and answers that are wrong as people are wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.feedback.generated.ask import findings
from mandi.feedback.generated.ask.findings import LEVEL
from mandi.feedback.generated.ask.market import DAY, Market
from mandi.feedback.generated.ask.scene import Scene, rupees
from mandi.feedback.generated.words.voices import INDIC

STALE_DAYS = 45
OTHER_UNIT = ("per kg", "per tonne", "a kilo")
Rng = np.random.Generator


@dataclass(frozen=True)
class Figured:
    """What a question about figures needs.

    Attributes
    ----------
    found : mapping
        Findings by model, as in the facts of a prompt.
    gold : str
    required, forbidden : tuple of str
        See ``mandi.feedback.generated.reply.judge``.
    wrongs : tuple of str
    """

    found: Mapping[str, Any]
    gold: str
    required: tuple[str, ...]
    forbidden: tuple[str, ...] = OTHER_UNIT
    wrongs: tuple[str, ...] = ()


def figured(kind: str, market: Market, scene: Scene, rng: Rng) -> Figured:
    """Return findings, answer and wrong answers of a kind of question.

    Parameters
    ----------
    kind : str
        Name of a ``FigureKind``.
    market : Market
    scene : Scene
    rng : Generator
    """
    return KINDS[kind](market, scene, rng)


def _price(market: Market, scene: Scene, rng: Rng) -> tuple[dict[str, Any], dict[str, Any]]:
    price = findings.price(market, scene.commodity, scene.mandi, scene.day, rng)
    demand = findings.demand(market, scene.commodity, str(scene.deal["state"]), scene.day, 7)
    return {"price": price, "demand": demand}, price["answer"]


def _elsewhere(market: Market, scene: Scene, level: float) -> tuple[str, float, float]:
    """Return another market, its price and a stale price of this one, both off by two per cent at least."""
    place = market.places[(scene.commodity, scene.mandi)]
    known = place.before(scene.day - STALE_DAYS * DAY)
    stale = float(place.modal[max(known - 1, 0)])
    if abs(stale / level - 1.0) < 0.02:
        stale = level * 1.06
    far, name = 0.0, scene.mandi
    for (commodity, mandi), other in market.places.items():
        at = other.before(scene.day)
        if commodity == scene.commodity and at and mandi != scene.mandi:
            gap = abs(float(other.modal[at - 1]) / level - 1.0)
            if far < gap < 0.15:
                far, name = gap, mandi
    there = market.places[(scene.commodity, name)]
    worth = float(there.modal[max(there.before(scene.day) - 1, 0)])
    return name, worth if far >= 0.02 else level * 0.93, stale


def _price_point(market: Market, scene: Scene, rng: Rng, language: str = "en") -> Figured:
    found, a = _price(market, scene, rng)
    level, low, high = a["predicted_price"], a["lower_bound_95"], a["upper_bound_95"]
    name, there, stale = _elsewhere(market, scene, level)
    crop = INDIC.get(language, {}).get(scene.commodity, scene.crop)
    said = {
        "en": f"{crop.capitalize()} in {scene.mandi}: {rupees(level)} per quintal expected for {scene.day}. 95 of 100 such prices should "
        f"lie between {rupees(low)} and {rupees(high)}.",
        "hi": f"{scene.mandi} में {crop}: {scene.day} के लिए अनुमानित मूल्य {rupees(level)} प्रति क्विंटल। ऐसे 100 में से 95 मूल्य {rupees(low)} और "
        f"{rupees(high)} के बीच होने चाहिए।",
        "ta": f"{scene.mandi} சந்தையில் {crop}: {scene.day} அன்று எதிர்பார்க்கப்படும் விலை குவிண்டாலுக்கு {rupees(level)}. 100 விலைகளில் 95 "
        f"{rupees(low)} முதல் {rupees(high)} வரை இருக்க வேண்டும்.",
    }[language]
    unit = {"en": "per kg", "hi": "प्रति किलो", "ta": "கிலோவுக்கு"}[language]
    return Figured(
        found, said, (f"{level:.0f}",), (*OTHER_UNIT, "प्रति किलो", "கிலோவுக்கு"),
        (
            f"{crop.capitalize()} in {name}: {rupees(there)} per quintal.",
            f"{crop.capitalize()}: {rupees(level)} {unit}.",
            f"The last price of {crop} in {scene.mandi} was {rupees(stale)} per quintal.",
            f"{crop.capitalize()} costs {rupees(level / 10)} per quintal in {scene.mandi}.",
        ),
    )  # fmt: skip


def _price_range(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _price(market, scene, rng)
    low, high, level = a["lower_bound_95"], a["upper_bound_95"], a["predicted_price"]
    name, there, stale = _elsewhere(market, scene, level)
    return Figured(
        found, f"{scene.crop.capitalize()} in {scene.mandi} should lie between {rupees(low)} and {rupees(high)} per quintal in 95 of 100 cases.",
        (f"{low:.0f}", f"{high:.0f}"), OTHER_UNIT,
        (
            f"Between {rupees(0.95 * there)} and {rupees(1.05 * there)} per quintal, as in {name}.",
            f"It was between {rupees(0.97 * stale)} and {rupees(1.03 * stale)} per quintal.",
            f"About {rupees(level)} per quintal, no range is known.",
        ),
    )  # fmt: skip


def _price_value(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _price(market, scene, rng)
    level, quantity = a["predicted_price"], scene.quantity
    name, there, stale = _elsewhere(market, scene, level)
    return Figured(
        found, f"At {rupees(level)} per quintal {quantity:.0f} quintals of {scene.crop} are worth about {rupees(level * quantity)} in {scene.mandi}.",
        (f"{level * quantity:.0f}",), OTHER_UNIT,
        (
            f"At {name} prices your {scene.crop} is worth {rupees(there * quantity)}.",
            f"It is worth {rupees(stale * quantity)}.",
            f"It is worth {rupees(level)}.",
            f"{quantity:.0f} quintals are worth {rupees(level * quantity * 10)}.",
        ),
    )  # fmt: skip


def _price_offer(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _price(market, scene, rng)
    low, high, offer, level = a["lower_bound_90"], a["upper_bound_90"], scene.offer, a["predicted_price"]
    fair, above = "that is fair", "that is above the fair range"
    below = "that is below the fair range"
    verdict = above if offer > high else below if offer < low else fair
    gold = f"{rupees(offer)} against {rupees(level)} expected in {scene.mandi}: {verdict} ({rupees(low)} to {rupees(high)} per quintal)."
    others = tuple(v for v in (fair, above, below) if v != verdict)
    return Figured(
        found, gold, (verdict.removeprefix("that is ").removesuffix(" the fair range"), f"{level:.0f}"), (*OTHER_UNIT, *others),
        (*(f"{rupees(offer)} against {rupees(level)} expected in {scene.mandi}: {v}." for v in others), "Take whatever you are offered; prices will fall."),
    )  # fmt: skip


def _demand(market: Market, scene: Scene, days: int) -> tuple[dict[str, Any], dict[str, Any]]:
    found = findings.demand(market, scene.commodity, str(scene.deal["state"]), scene.day, days)
    return {"demand": found}, found["answer"]


def _demand_total(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _demand(market, scene, scene.days)
    total, state = a["total_demand"], a["location"]
    return Figured(
        found, f"Arrivals of {scene.crop} in {state}, next {scene.days} days: {total:.0f} tonnes, about {total / scene.days:.1f} a day.",
        (f"{total:.0f}", "tonnes"), ("quintals",),
        (
            f"Arrivals of {scene.crop} in {state}: {1.35 * total + 3:.0f} tonnes.",
            f"Arrivals of {scene.crop}: {total:.0f} quintals.",
            f"About {total / scene.days + 2:.1f} tonnes a day, I cannot say more.",
        ),
    )  # fmt: skip


def _demand_compare(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _demand(market, scene, 14)
    total, usual = a["total_demand"], a["feature_contributions"][LEVEL]
    apart = 100.0 * (total / usual - 1.0)
    side, other = ("above", "below") if apart >= 0 else ("below", "above")
    return Figured(
        found, f"Arrivals of {scene.crop} in {a['location']} are {abs(apart):.0f} % {side} the level of the last year ({total:.0f} tonnes in 14 days).",
        (side, f"{abs(apart):.0f}"), (other,),
        (
            f"Arrivals are {abs(apart):.0f} % {other} the level of the last year.",
            f"Arrivals are {abs(apart) + 17:.0f} % {side} the level of the last year.",
            "Arrivals are the same as ever.",
        ),
    )  # fmt: skip


def _quality(scene: Scene, rng: Rng) -> tuple[dict[str, Any], dict[str, Any]]:
    found = findings.quality(scene.commodity, str(scene.deal.get("grade") or "B"), rng)
    return {"quality": found}, found["answer"]


def _quality_grade(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _quality(scene, rng)
    grade = a["quality_grade"]
    others = [g for g in findings.GRADES if g != grade]
    lot = scene.deal["lot_id"]
    return Figured(
        found, f"Lot {lot} of {scene.crop} gets grade {grade}, with a confidence of {100 * a['confidence']:.0f} %.",
        (f"grade {grade}",), tuple(f"grade {g}" for g in others),
        (*(f"Lot {lot} gets grade {g}." for g in others), f"The score of lot {lot} is {a['quality_score']}."),
    )  # fmt: skip


def _quality_sure(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _quality(scene, rng)
    share, lot = 100.0 * a["confidence"], scene.deal["lot_id"]
    return Figured(
        found, f"The grade of lot {lot} ({a['quality_grade']}) is right with a probability of {share:.0f} %.",
        (f"{share:.0f}",), (),
        (f"The grade of lot {lot} is certain.", f"It is right with {share - 21:.0f} %.", f"The lot scores {a['quality_score'] + 3:.1f} points."),
    )  # fmt: skip


def _fraud(scene: Scene, rng: Rng) -> tuple[dict[str, Any], dict[str, Any]]:
    found = findings.fraud(bool(scene.deal["found"]), rng)
    return {"fraud": found}, found["answer"]


def _fraud_flag(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _fraud(scene, rng)
    deal = scene.deal["trade_id"]
    flagged = f"Yes: deal {deal} is flagged, its score {a['fraud_score']} is above the threshold of {a['threshold']}. A person should look at it."
    honest = f"No: deal {deal} is not flagged, its score {a['fraud_score']} is below the threshold of {a['threshold']}."
    gold, other = (flagged, honest) if a["is_fraud"] else (honest, flagged)
    required = ("is flagged", "above") if a["is_fraud"] else ("not flagged", "below")
    return Figured(
        found, gold, required, ("not flagged",) if a["is_fraud"] else ("is flagged",),
        (other, "All deals are honest here.", f"The score of deal {deal} is {a['fraud_score']}."),
    )  # fmt: skip


def _fraud_score(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _fraud(scene, rng)
    score, deal = a["fraud_score"], scene.deal["trade_id"]
    wrong = round(1.0 - score, 3) if abs(1.0 - 2.0 * score) > 0.01 else 0.111
    return Figured(
        found, f"The fraud score of deal {deal} is {score}; the threshold is {a['threshold']}.", (f"{score}", f"{a['threshold']}"), (),
        (f"The fraud score of deal {deal} is {wrong}; the threshold is 0.5.", f"The threshold is {a['threshold']}.", f"Deal {deal} is fine."),
    )  # fmt: skip


def _matching(market: Market, scene: Scene, rng: Rng) -> tuple[dict[str, Any], dict[str, Any]]:
    found = findings.matching(market, scene.commodity, scene.mandi, float(scene.deal["price"]), rng)
    return {"matching": found}, found["answer"]


def _match_best(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _matching(market, scene, rng)
    best = a["matches"][0]
    worse = f"Offer O{int(best['availability_id'][1:]) + 7:06d} of S9{best['seller_id'][2:]} asks {rupees(best['ask_price'] * 0.9)} per quintal."
    return Figured(
        found, f"The best offer is {best['availability_id']} of {best['seller_id']} in {best['market']}: {best['quantity']:.0f} quintals of grade "
        f"{best['grade']} at {rupees(best['ask_price'])} per quintal, {best['distance_km']} km away.",
        (best["availability_id"], f"{best['ask_price']:.0f}"), OTHER_UNIT,
        (worse, f"{best['seller_id']} has something.", "The cheapest offer is always the best one."),
    )  # fmt: skip


def _match_count(market: Market, scene: Scene, rng: Rng) -> Figured:
    found, a = _matching(market, scene, rng)
    fit, all_open = a["candidates_considered"], a["offers_open"]
    return Figured(
        found, f"{all_open} offers of {scene.crop} are open; {fit} of them meet every condition for {scene.mandi}.",
        (f"{all_open}", f"{fit}"), (),
        (f"{all_open + 11} offers of {scene.crop} are open.", f"{fit + 31} offers fit.", "There are plenty of offers."),
    )  # fmt: skip


KINDS: Mapping[str, Callable[[Market, Scene, Rng], Figured]] = {
    "price_point": _price_point, "price_range": _price_range, "price_value": _price_value, "price_offer": _price_offer,
    "demand_total": _demand_total, "demand_compare": _demand_compare, "quality_grade": _quality_grade,
    "quality_sure": _quality_sure, "fraud_flag": _fraud_flag, "fraud_score": _fraud_score, "match_best": _match_best,
    "match_count": _match_count, "price_point_hi": lambda m, s, r: _price_point(m, s, r, "hi"),
    "price_point_ta": lambda m, s, r: _price_point(m, s, r, "ta"),
}  # fmt: skip
"""How each kind of question is answered."""
