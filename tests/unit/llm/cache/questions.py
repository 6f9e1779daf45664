"""Questions of the trade and what becomes of them: reworded they mean the same, with one thing changed they do not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

MARKETS = ("Indore", "Akola", "Rajkot", "Guntur")
COMMODITIES = ("soybean", "cotton", "wheat", "chana")

SAME: tuple[tuple[str, ...], ...] = (
    ("Is {price} rupees per quintal a fair price for {quantity} tonnes of {commodity} in {market}?",
     "Would ₹{price} per quintal be a fair rate for {quantity} tonnes of {commodity} in {market}",
     "Please tell me: is {price} rupees per quintal a reasonable price for {quantity} tonnes of {commodity} in {market}?"),
    ("Should I sell {quantity} quintals of {commodity} at {market} on 15 June 2026?",
     "should i sell {quantity} quintals of {commodity} at {market} on 2026-06-15",
     "Must I be selling {quantity} quintal of {commodity} at {market} on 15/06/2026?"),
    ("Analyse this deal: buy {quantity} tonnes of {commodity} at Rs {price} per quintal, delivery {market}.",
     "Analyze the deal: buying {quantity} tonnes of {commodity} at ₹{price} per quintal, delivery {market}",
     "Kindly assess this trade: purchase {quantity} tonnes of {commodity} at Rs. {price} per quintal, delivery {market}"),
    ("What is the risk of a contract for {quantity} bales of {commodity} from {market} with 8 percent moisture?",
     "Tell me the risks of an agreement for {quantity} bales of {commodity} from {market} with 8% moisture"),
    ("Will the price of {commodity} in {market} rise next week?",
     "Will prices of {commodity} in {market} increase next week?",
     "will the rate of {commodity} at {market} go up next week"),
    ("क्या {market} में {commodity} का भाव {price} रुपये प्रति क्विंटल उचित है?",
     "{market} में {commodity} का दाम {price} रुपये प्रति क्विंटल ठीक है क्या"),
)  # fmt: skip
"""Templates that mean the same, group by group."""

CHANGED: tuple[tuple[str, str], ...] = (
    ("Is 4600 rupees per quintal fair for 20 tonnes of soybean in Indore?", "Is 4650 rupees per quintal fair for 20 tonnes of soybean in Indore?"),
    ("Is 4600 rupees per quintal fair for soybean?", "Is 46000 rupees per quintal fair for soybean?"),
    ("Is 4600 rupees per quintal fair for soybean?", "Is 4600 rupees per tonne fair for soybean?"),
    ("Is 4600 rupees per quintal fair for soybean?", "Is 4600 dollars per quintal fair for soybean?"),
    ("Is ₹4600 per quintal fair for soybean?", "Is $4600 per quintal fair for soybean?"),
    ("Is 20 tonnes of wheat enough?", "Is 20 quintals of wheat enough?"),
    ("Sell 5 lakh kg of wheat", "Sell 5 kg of wheat"),
    ("Sell 5 lakh kg of wheat", "Sell 5 crore kg of wheat"),
    ("Is a price of 4,600 fair for chana?", "Is a price of 4.600 fair for chana?"),
    ("Should I sell soybean on 15 June 2026?", "Should I sell soybean on 16 June 2026?"),
    ("Should I sell soybean on 15 June 2026?", "Should I sell soybean on 15 July 2026?"),
    ("Should I sell soybean on 15 June 2026?", "Should I sell soybean on 15 June 2025?"),
    ("Should I sell soybean today?", "Should I sell soybean tomorrow?"),
    ("Should I sell soybean this week?", "Should I sell soybean next week?"),
    ("Should I sell soybean on Monday?", "Should I sell soybean on Tuesday?"),
    ("Should I sell soybean in June?", "Should I sell soybean in July?"),
    ("Should I sell soybean?", "Should I buy soybean?"),
    ("Should I sell soybean?", "Should I not sell soybean?"),
    ("Should I sell soybean?", "Shouldn't I sell soybean?"),
    ("Should I sell soybean?", "Should I never sell soybean?"),
    ("Should I sell soybean?", "Should I sell cotton?"),
    ("Should I sell soybean in Indore?", "Should I sell soybean in Ujjain?"),
    ("Should I sell soybean in Indore?", "Should I sell soybean?"),
    ("should i sell soybean in indore", "should i sell soybean in akola"),
    ("Will the price of wheat rise?", "Will the price of wheat fall?"),
    ("Will the price of wheat go up?", "Will the price of wheat go down?"),
    ("Did the price of wheat rise?", "Will the price of wheat rise?"),
    ("What was the price of wheat?", "What is the price of wheat?"),
    ("Is the moisture above 8 percent?", "Is the moisture below 8 percent?"),
    ("Is at least 8 percent moisture good?", "Is at most 8 percent moisture good?"),
    ("Is wheat dearer than chana?", "Is chana dearer than wheat?"),
    ("Buy wheat and sell chana", "Sell wheat and buy chana"),
    ("Buy wheat at 2000 and sell at 2500", "Buy wheat at 2500 and sell at 2000"),
    ("Sell 10 tonnes in Indore and 20 tonnes in Akola", "Sell 20 tonnes in Indore and 10 tonnes in Akola"),
    ("Send it from Indore to Akola", "Send it from Akola to Indore"),
    ("Sell all lots except cotton", "Sell all lots of cotton"),
    ("Sell only cotton", "Sell cotton"),
    ("Sell if the price rises", "Sell unless the price rises"),
    ("Sell cotton but not wheat", "Sell wheat but not cotton"),
    ("Is it safe to deal with Sharma Traders?", "Is it safe to deal with Gupta Traders?"),
    ("Why did the price of wheat fall?", "When did the price of wheat fall?"),
    ("What is the highest price of wheat?", "What is the lowest price of wheat?"),
    ("Is grade A cotton worth more?", "Is grade B cotton worth more?"),
    ("Is the deal fair with advance payment?", "Is the deal fair with payment after 30 days?"),
    ("Is the deal with warranty fair?", "Is the deal without warranty fair?"),
    ("Cotton of staple length 28 mm", "Cotton of staple length 30 mm"),
    ("Margin of -5 percent?", "Margin of 5 percent?"),
    ("Who buys soybean?", "Where is soybean bought?"),
    ("क्या सोयाबीन बेचना चाहिए?", "क्या सोयाबीन नहीं बेचना चाहिए?"),
    ("क्या सोयाबीन बेचना चाहिए?", "क्या सोयाबीन खरीदना चाहिए?"),
    ("क्या गेहूं का भाव ४६०० रुपये उचित है?", "क्या गेहूं का भाव ४७०० रुपये उचित है?"),
    ("क्या गेहूं का भाव उचित है?", "Is the price of wheat fair?"),
    ("इंदौर में गेहूं का भाव", "अकोला में गेहूं का भाव"),
    ("Is 4600 > 4500?", "Is 4600 < 4500?"),
    ("Would 4600 be fair for soybean of Ram?", "Would 4600 be fair for soybean of Shyam?"),
    ("Can I sell soybean?", "Should I sell soybean?"),
    ("Sell before 15 June 2026", "Sell after 15 June 2026"),
    ("Sell by 15 June 2026", "Sell from 15 June 2026"),
    ("Sell by 15 June 2026", "Sell until 15 June 2026"),
    ("Will wheat rise to 2500?", "Will wheat rise by 2500?"),
    ("Should I make delivery?", "Should I take delivery?"),
    ("Short wheat?", "Wheat?"),
    ("Does the price fall with arrivals?", "Do arrivals fall with the price?"),
    ("Sell only cotton", "Sell all except cotton"),
    ("What is my margin?", "What is their margin?"),
    ("Is the price too high?", "Is the price high?"),
    ("Is 5 to 10 tonnes fine?", "Is 5 tonnes 10 times fine?"),
)  # fmt: skip
"""Pairs that differ in one thing that decides."""


def filled() -> Iterator[tuple[int, str]]:
    """Every template filled with every place and crop: the group that means the same, and the question."""
    group = 0
    for templates in SAME:
        for n, (commodity, market) in enumerate(product(COMMODITIES, MARKETS)):
            group += 1
            values = {
                "commodity": commodity,
                "market": market,
                "price": 2000 + 137 * n,
                "quantity": 5 + 3 * n,
            }
            for template in templates:
                yield group, template.format(**values)


def same_pairs() -> list[tuple[str, str]]:
    """Pairs that mean the same: a question and one of its rewordings."""
    groups: dict[int, list[str]] = {}
    for group, question in filled():
        groups.setdefault(group, []).append(question)
    return [(first, other) for first, *others in groups.values() for other in others]


def other_pairs() -> list[tuple[str, str]]:
    """Pairs that do not: those above, and questions of one template filled differently."""
    questions = list(filled())
    by_template: dict[int, list[str]] = {}
    sizes = [len(t) for t in SAME for _ in range(len(COMMODITIES) * len(MARKETS))]
    place = 0
    for number, size in enumerate(sizes):
        by_template.setdefault(number // (len(COMMODITIES) * len(MARKETS)), []).append(questions[place][1])
        place += size
    crossed = [(a, b) for found in by_template.values() for i, a in enumerate(found) for b in found[i + 1 :]]
    return [*CHANGED, *crossed]
