"""The words of an analysis: one paragraph a model, what is not known, and what to do, in the order of the money at stake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from mandi.llm.deal import DealAnalysis, PriceView
from mandi.llm.mock.appraisal import Appraisal, direction
from mandi.llm.mock.recommendations import recommendations
from mandi.llm.mock.rupees import (
    day,
    grouped,
    one_line,
    out_of_100,
    percent,
    quantity,
    quoted,
    readable,
    rupees,
)

LABEL = "Written by rules from the models' figures; no language model was asked."
LEVEL = "level of the last year"
MOST_REASONS = 3
NOT_TODAY = 7  # days
NO_DIFFERENCE = 0.05  # per cent
NAMES = {
    "price": "the fair price", "demand": "arrivals ahead", "quality": "the grade of the lot", "fraud": "the fraud check",
    "matching": "other offers",
}  # fmt: skip
OPENING = {"favourable": "better than fair", "fair": "fair", "unfavourable": "worse than fair"}
TOLD_ELSEWHERE = ("not seen:", "no payment was seen", "satisfies every hard constraint")
WENT = {"rise": "rising", "fall": "falling", "stay": "steady"}


def written(appraisal: Appraisal) -> DealAnalysis:
    """Return the analysis of a deal; the same deal and figures give the same bytes.

    Parameters
    ----------
    appraisal : Appraisal
    """
    told = {name: say(appraisal) for name, say in PARAGRAPHS.items()}
    parts = [
        _headline(appraisal),
        _short(appraisal),
        *told.values(),
        _terms(appraisal),
        _unknown(appraisal),
        LABEL,
    ]
    return DealAnalysis(
        analysis="\n\n".join(part for part in parts if part),
        verdict=appraisal.verdict,
        risk=appraisal.risk,
        recommendations=recommendations(appraisal),
        reasons=_reasons(appraisal),
        confidence=None,
        price=appraisal.view,
    )


def commodity_name(text: str) -> str:
    """Return a commodity as it is written in a sentence."""
    return one_line(text.replace("_", " "), 60)


def _headline(a: Appraisal) -> str:
    deal, money = a.deal, a.money
    verb = "Buying" if a.buys else "Selling"
    lot = f"{quantity(money.quintals)} quintals"
    if deal.quantity_unit != "quintal":
        lot = f"{quantity(deal.quantity)} {_many(deal.quantity_unit, deal.quantity)} ({lot})"
    where = f" in {one_line(deal.market, 60)}" if deal.market else ""
    paid = f"{_amount(deal.price, deal.currency)} per {deal.price_unit}"
    text = f"{verb} {lot} of {commodity_name(deal.commodity)}{where} at {paid}"
    if money.price is None:
        return f"{text}. {_capital(str(money.why))}, so it cannot be held against prices in rupees."
    if (deal.price_unit, deal.currency) != ("quintal", "INR"):
        text += f", that is {rupees(money.price)} per quintal"
        if money.usd_inr is not None:
            text += f" at ₹{money.usd_inr:.2f} a dollar ({one_line(money.source or 'rate given')})"
    return f"{text}; {rupees(money.value or 0.0)} for the whole lot."


def _price(a: Appraisal) -> str:
    view, answer = a.view, a.answer("price")
    if view is None or a.band_90 is None or a.gap is None:
        return ""
    what = "this lot" if answer.get("kind") == "lot" else "the usual lot of this market"
    covered = answer.get("measured_coverage_95")
    measured = f" (measured on past lots: {out_of_100(covered)} of 100)" if covered is not None else ""
    text = (
        f"Price. A fair price of {what} in {answer['market']} on {day(answer['target_day'])} is {rupees(view.fair_price)} per "
        f"quintal{_in_its_unit(a, view)}. The fair band: 95 of 100 such prices should lie between {rupees(view.lower_bound_95)} and "
        f"{rupees(view.upper_bound_95)}{measured}, 90 of 100 between {rupees(a.band_90[0])} and {rupees(a.band_90[1])}. "
    )
    later = _later(a, str(answer["target_day"]))
    if abs(view.difference_pct) < NO_DIFFERENCE:
        return text + "The deal is at the fair price." + later
    side = "above" if a.gap > 0 else "below"
    text += (
        f"The deal is {rupees(abs(a.gap))} or {percent(view.difference_pct)} {side} it, {rupees(abs(a.gain or 0.0))} on the "
        f"whole lot, {'for' if (a.gain or 0.0) > 0 else 'against'} you. "
    )
    if a.verdict == "fair":
        return text + "That is inside the 90 % band: no more than like lots differ among themselves." + later
    if view.inside_95:
        return (
            text
            + "That is outside the 90 % band but inside the 95 % band: unusual, not out of the question."
            + later
        )
    return (
        text
        + f"That is {side} the 95 % band: no more than 5 of 100 such prices should lie outside it, on either side."
        + later
    )


def _in_its_unit(a: Appraisal, view: PriceView) -> str:
    deal = a.deal
    if (deal.price_unit, deal.currency) == ("quintal", "INR"):
        return ""
    own = view.fair_price * deal.price / view.deal_price
    return f", that is {_amount(own, deal.currency)} per {deal.price_unit}"


def _later(a: Appraisal, priced_for: str) -> str:
    first = a.deal.delivery_from
    if first is None or (first - date.fromisoformat(priced_for)).days < NOT_TODAY:
        return ""
    return f" Delivery starts on {day(first)}: what prices do until then is not in this."


def _demand(a: Appraisal) -> str:
    answer = a.answer("demand")
    if not answer:
        return ""
    days, total = answer["forecast_days"], float(answer["total_demand"])
    text = f"Arrivals. {_tonnes(total)} are expected in {answer['location']} in the next {days} days"
    usual = (answer.get("feature_contributions") or {}).get(LEVEL)
    if usual and usual > 0:
        apart = 100.0 * (total / usual - 1.0)
        side = "above" if apart > 0 else "below"
        text += f", {percent(apart)} {side} the level of the last year ({_tonnes(usual)})"
    text += ". "
    moved = direction(answer["forecast"])
    if moved is None:
        return text.strip()
    way, first, last = moved
    text += f"From the first to the last week they go from {quantity(first, 1)} to {quantity(last, 1)} tonnes a day: {WENT[way]}. "
    if way == "stay":
        return (
            text + "They give no reason to hurry or to wait. This is a forecast of arrivals, not of prices."
        )
    waits = (way == "rise") == a.buys
    pressed = "More" if way == "rise" else "Less"
    pays = "that favours waiting" if waits else "that favours acting soon"
    return (
        text
        + f"{pressed} to sell usually {'presses on' if way == 'rise' else 'supports'} prices; {pays}. This is a forecast of arrivals, not of prices."
    )


def _quality(a: Appraisal) -> str:
    answer = a.answer("quality")
    if not answer:
        return ""
    grade, sure = str(answer["quality_grade"]), float(answer["confidence"])
    text = f"Quality. By its assay the lot is grade {grade}; of lots like it {out_of_100(sure)} of 100 get that grade. "
    others = [g for g in answer.get("grade_set", []) if g != grade]
    second = max(others, key=lambda g: answer["grade_probabilities"].get(g, 0.0), default=None)
    if second is not None and answer["grade_probabilities"].get(second, 0.0) >= 0.05:
        text += f"Next likely: {second}, {out_of_100(answer['grade_probabilities'][second])} of 100. "
    if a.stated_grade is not None:
        if a.worse_than_stated:
            text += f"The parties agreed on {a.stated_grade}, which is better than what was measured. "
        elif a.stated_grade == grade:
            text += "The parties agreed on the same grade. "
        else:
            text += f"The parties agreed on {a.stated_grade}: the lot is better than that. "
    if answer.get("abstained"):
        text += "The model calls this too unsure and asks for a person to look. "
    if answer.get("is_anomaly"):
        text += "The lot is unusual for its supplier. "
    problems = [one_line(str(p["text"])) for p in answer.get("anomalies", [])][:MOST_REASONS]
    return (text + (f"Of the measures: {'; '.join(problems)}." if problems else "")).strip()


def _fraud(a: Appraisal) -> str:
    answer = a.answer("fraud")
    if not answer:
        return ""
    score, limit = float(answer["fraud_score"]), float(answer["threshold"])
    level = str(answer["risk_level"]).lower()
    flagged = "it is flagged" if answer["is_fraud"] else "it is not flagged"
    text = f"Fraud check. {out_of_100(score)} of 100 honest deals look less suspicious; {flagged} (from {out_of_100(limit)} on), risk {level}. "
    reasons = [one_line(str(r["says"])) for r in answer.get("top_features", [])][:MOST_REASONS]
    if reasons:
        text += f"What stands out: {'; '.join(reasons)}. "
    if answer.get("stage") in ("unpaid", "unpapered"):
        text += "Judged before payment, by what the deal itself says; papers and payments come later and can change it. "
    right = answer.get("measured_precision")
    if answer["is_fraud"] and right is not None:
        text += f"Of past flags {out_of_100(right)} of 100 were fraud. "
    return text + "A score is a reason to look, no proof."


def _matching(a: Appraisal) -> str:
    answer = a.answer("matching")
    if not answer:
        return ""
    matches = answer["matches"]
    if not matches:
        worst = answer.get("excluded") or {}
        most = max(sorted(worst), key=lambda name: worst[name], default=None)
        shut = f", most for {most.replace('_', ' ')} ({worst[most]})" if most and worst[most] else ""
        return (
            f"Other offers. None of the {answer['offers_open']} open offers of {commodity_name(a.deal.commodity)} fits this want "
            f"at this price or below{shut}."
        )
    listed = "; ".join(_offer(match) for match in matches)
    return (
        f"Other offers. {grouped(answer['candidates_considered'])} open offers fit the same want at this price or below. "
        f"The likeliest: {listed}. Asks are at the offer's own market: freight is not in them."
    )


def _offer(match: Mapping[str, Any]) -> str:
    km = match.get("distance_km")
    away = (
        "at an unknown distance"
        if km is None
        else "in the same market"
        if km < 1
        else f"{grouped(km)} km away"
    )
    return (
        f"{match['availability_id']} in {match['market']}, {away}, {quantity(match['quantity'])} quintals of grade {match['grade']} "
        f"at {rupees(match['ask_price'])}"
    )


PARAGRAPHS = {"price": _price, "demand": _demand, "quality": _quality, "fraud": _fraud, "matching": _matching}


def _terms(a: Appraisal) -> str:
    if not a.deal.terms:
        return ""
    return f"Terms. As written, and not judged here: {quoted(a.deal.terms)}"


def _unknown(a: Appraisal) -> str:
    missing = [
        f"{NAMES[name]} ({readable(why)})" for name in PARAGRAPHS if (why := a.why_not(name)) is not None
    ]
    notes = []
    for name in PARAGRAPHS:
        for note in a.answer(name).get("notes", []):
            text = readable(str(note))
            if text not in notes and not any(told in text for told in TOLD_ELSEWHERE):
                notes.append(text)
    parts = [
        f"Not known. {_capital('; '.join(missing))}." if missing else "",
        f"Mind. {_capital('; '.join(notes))}." if notes else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _short(a: Appraisal) -> str:
    price = (
        "The price cannot be judged"
        if a.verdict == "unknown"
        else f"For you the price is {OPENING[a.verdict]}"
    )
    because = f": {'; '.join(a.why_risk)}" if a.why_risk else ": nothing that was asked speaks against it"
    return f"In short. {price}; risk {a.risk}{because}."


def _reasons(a: Appraisal) -> list[str]:
    reasons = []
    if a.view is not None and a.gap is not None and a.band_90 is not None:
        side = "above" if a.gap > 0 else "below"
        inside = "inside" if a.verdict == "fair" else "outside"
        apart = (
            "" if abs(a.view.difference_pct) < NO_DIFFERENCE else f"{percent(a.view.difference_pct)} {side} "
        )
        reasons.append(
            f"Price: {apart or 'at '}the fair price, {inside} the 90 % band "
            f"({rupees(a.band_90[0])} to {rupees(a.band_90[1])} per quintal)"
        )
    if answer := a.answer("fraud"):
        flagged = "flagged" if answer["is_fraud"] else "not flagged"
        reasons.append(
            f"Fraud: {flagged}, score {answer['fraud_score']:.2f} against a threshold of {answer['threshold']:.2f}"
        )
    if answer := a.answer("quality"):
        grade = answer["quality_grade"]
        reasons.append(f"Quality: grade {grade}, probability {answer['confidence']:.2f}")
    if (answer := a.answer("demand")) and (moved := direction(answer["forecast"])):
        reasons.append(
            f"Demand: arrivals in {answer['location']} {WENT[moved[0]]} over {answer['forecast_days']} days"
        )
    if answer := a.answer("matching"):
        count = answer["candidates_considered"]
        reasons.append(
            f"Matching: {grouped(count)} open offers fit at this price or below"
            if answer["matches"]
            else "Matching: no open offer fits"
        )
    reasons += [
        f"{name.capitalize()}: {a.standing(name).replace('_', ' ')}"
        for name in PARAGRAPHS
        if not a.answer(name)
    ]
    return reasons


def _tonnes(value: float) -> str:
    return f"{quantity(value, 0 if value >= 10 else 1)} tonnes"


def _amount(value: float, currency: str) -> str:
    return f"₹{quantity(value)}" if currency == "INR" else f"US${value:,.2f}"


def _many(unit: str, count: float) -> str:
    if unit == "kg" or count == 1:
        return unit
    return {"candy": "candies"}.get(unit, f"{unit}s")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
