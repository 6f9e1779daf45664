"""What to do about a deal, in the order of the rupees at stake; what has no amount comes last."""

from __future__ import annotations

from mandi.llm.mock.appraisal import GRADES, Appraisal
from mandi.llm.mock.rupees import grouped, one_line, quantity, readable, rupees

Advice = tuple[float, str]
NO_AMOUNT = -1.0
ASK_FOR = {
    "price": "Name the market, so that a fair price can be given, the deal be checked and other offers be looked for.",
    "quality": "Have the lot assayed: at least moisture and foreign matter, so that it can be graded.",
    "fraud": "Name the market and the counterparty's id, so that the deal can be held against its past.",
    "matching": "Name the market to deliver to, so that other offers can be looked for.",
}


def recommendations(a: Appraisal) -> list[str]:
    """Return what to do, most money first.

    Parameters
    ----------
    a : Appraisal
    """
    advice = [*_of_price(a), *_of_fraud(a), *_of_offers(a), *_of_quality(a), *_of_gaps(a)]
    if not advice:
        advice = [
            (NO_AMOUNT, "The deal can be taken as it stands; nothing that was asked speaks against it.")
        ]
    return [
        text for _, text in sorted(advice, key=lambda one: -one[0])
    ]  # stable: as above where amounts are equal


def _of_price(a: Appraisal) -> list[Advice]:
    if a.view is None or a.band_90 is None or a.gain is None:
        return []
    view, (low, high) = a.view, a.band_90
    at_stake = abs(a.gain)
    if a.gain < 0:
        if a.verdict == "unfavourable":
            limit = f"pay no more than {rupees(high)}" if a.buys else f"take no less than {rupees(low)}"
            text = (
                f"Ask for {rupees(view.fair_price)} per quintal and {limit}, the edge of the 90 % band: {rupees(at_stake)} lie "
                f"between the deal and the fair price."
            )
        else:
            text = (
                f"There may be {rupees(at_stake)} to win by asking for the fair price, {rupees(view.fair_price)} per quintal; the "
                "price is within the band, so do not lose the deal over it."
            )
        return [(at_stake, text)] if at_stake >= 1 else []
    if not view.inside_95:
        if a.buys:
            text = (
                f"Find out why it is {rupees(abs(view.deal_price - view.fair_price))} per quintal below the fair price before paying: "
                f"have the lot inspected and weighed. {rupees(at_stake)} are gained only if the lot is what it is said to be."
            )
        else:
            text = f"Secure the payment before delivery: {rupees(at_stake)} over the fair price are gained only if they are paid."
        return [(at_stake, text)]
    if a.verdict == "favourable":
        return [
            (
                at_stake,
                f"The price is good for you by {rupees(at_stake)} against the fair price: settle it soon and in writing.",
            )
        ]
    return []


def _of_fraud(a: Appraisal) -> list[Advice]:
    answer, value = a.answer("fraud"), a.money.value or 0.0
    if not answer or (not answer["is_fraud"] and answer["risk_level"] == "LOW"):
        return []
    first = next((one_line(str(r["says"])) for r in answer.get("top_features", [])), None)
    about = f" ({first})" if first else ""
    if answer["is_fraud"] or answer["risk_level"] == "HIGH":
        text = (
            f"Pay and deliver nothing until a person has cleared what stands out{about}; up to {rupees(value)}, the whole deal, "
            "is at stake."
        )
    else:
        text = f"Check the counterparty and its papers before paying{about}; up to {rupees(value)}, the whole deal, is at stake."
    return [(value, text)]


def _of_offers(a: Appraisal) -> list[Advice]:
    price, wanted = a.money.price, a.money.quintals
    least = a.stated_grade or a.answer("quality").get("quality_grade")
    savings = []
    for match in a.answer("matching").get("matches", []):
        if price is None or not match["ask_price"] < price or _worse(match["grade"], least):
            continue
        lot = min(wanted, float(match["quantity"]))
        savings.append(((price - match["ask_price"]) * lot, lot, match))
    if price is None or not savings:
        return []
    saving, lot, match = max(savings, key=lambda one: (one[0], one[2]["availability_id"]))
    km, cheaper = match.get("distance_km"), rupees(price - match["ask_price"])
    text = (
        f"Compare with offer {match['availability_id']} in {match['market']}, grade {match['grade']}, which asks "
        f"{rupees(match['ask_price'])}: {cheaper} per quintal less, {rupees(saving)} on {quantity(lot)} quintals"
    )
    if km is None or km >= 1:
        over = "" if km is None else f" over {grouped(km)} km"
        text += f". It pays only while freight{over} costs less than {cheaper} per quintal"
    return [(saving, f"{text}.")]


def _worse(grade: str, least: str | None) -> bool:
    return grade in GRADES and least in GRADES and GRADES.index(grade) > GRADES.index(str(least))


def _of_quality(a: Appraisal) -> list[Advice]:
    answer = a.answer("quality")
    if not answer:
        return []
    advice: list[Advice] = []
    if a.worse_than_stated:
        text = (
            f"Agree on grade {answer['quality_grade']} or have the lot assayed again by a third party: "
            f"it is sold as {a.stated_grade}."
            if a.buys
            else f"Expect the buyer to claim a lower grade: the assay says {answer['quality_grade']}, the deal {a.stated_grade}."
        )
        advice.append((NO_AMOUNT, text))
    if answer.get("abstained") or answer.get("is_anomaly"):
        advice.append((NO_AMOUNT, "Let a person look at the lot: its grade cannot be relied on."))
    return advice


def _of_gaps(a: Appraisal) -> list[Advice]:
    asked_for = [
        text
        for name, text in ASK_FOR.items()
        if a.standing(name) == "not_asked"
        and not (name == "matching" and not a.buys)
        and not (a.money.price is None and name in ("fraud", "matching"))
    ]
    if a.money.price is None:
        asked_for.insert(0, "Give the rate of exchange (usd_inr), so that the price can be compared.")
    if a.standing("price") == "refused":
        asked_for.insert(
            0,
            f"Mend this and ask again, so that a fair price can be given: {readable(a.why_not('price') or '')}.",
        )
    if a.deal.market is None:  # once is enough
        asked_for = [ASK_FOR["price"], *(text for text in asked_for if "market" not in text)]
    return [(NO_AMOUNT - 1.0, text) for text in asked_for]
