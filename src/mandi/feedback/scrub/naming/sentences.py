"""Sentences of trade with people and addresses in them, and many with none: what the shipped tagger learns from."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from mandi.feedback.scrub.invented import Inventor
from mandi.feedback.scrub.naming import english, trade_words
from mandi.feedback.scrub.naming import trade_sentences as more

Marked = tuple[str, tuple[tuple[int, int, str], ...]]
"""A text, and start, end and label of each person and address in it."""

PEOPLE = """
My name is {person} and I want to sell {qty} of {crop}.|This is {person} from {town}, what is the rate of {crop} today?|I am {person}, please check my deal.
Mera naam {person} hai, {crop} ka bhav batao|main {person} bol raha hoon {town} se|{person} ji ka phone aaya tha, {qty} {crop} chahiye|Please call {person} on {phone}.
Regards,\n{person}|Thanks, {person}|Thanks and regards\n{person}\n{firm}|Dear {person},|Hello {person}, the lot is ready.|Hi {person}|{person} called about lot {lot}.
The driver is {person}, truck {vehicle}.|Driver {person} ({phone}) will reach {town} by {date}.|Contact person: {person}|Contact: {person}, {phone}|Name: {person}\nPAN: {pan}
Seller {person} offered {crop} at {price}.|Buyer {person} of {firm} wants {qty}.|{person} sold me {qty} of {crop} at {price} on {date}.|I bought it from {person} in {town}.
Pay to {person}, account {account}, IFSC {ifsc}.|UPI of {person} is {upi}.|The adatiya {person} takes 2 % commission.|{person} ko {qty} {crop} bheja tha, payment nahi aaya
Is {person} a reliable buyer for {crop}?|Did {person} or {person} raise the dispute?|{person} and {person} both bid {price}.|Signed by {person}, weighbridge {town}.|Farmer {person} says moisture is {pct}.
Spoke with {person} yesterday; he agreed to {price}.|Send the papers to {person} at {email}.|The assay was done by {person}.|{person}: what is the msp of {crop}?\nAssistant: it is {price}.
kal {person} aaye the {qty} lekar|{person} bhai ne bola rate {price} milega|{person} ka number {phone} hai|rate galat hai, {person} ne {price} bola tha|ask {person} about it
Good answer, {person} from our office agreed.|{person} here. The answer was wrong.|wrong price, {person} paid {price}|Our manager {person} checked the grade of lot {lot} again.|Mr. {person} will not pay.
Shri {person} is the owner of {firm}.|{person} S/o {person}, {address}|Smt. {person} w/o {person}|Aadhaar of {person} is {aadhaar}.|{person}, GSTIN {gstin}|Broker: {person}; commission {pct}
The complaint of {person} against {firm} is about {qty} of {crop}.|Tell {person} that {crop} will be {price} next week.|Was the deal of {person} on {date} suspicious?|Note for {person}: grade is {grade}.
the buyer {person} paid late twice|please don't share this with {person}|As {person} said, the forecast for {crop} in {town} held.|It was {person}'s lot.|{person}'s truck {vehicle} left {town}.
"""
PLACES = """
Deliver to {address}.|My address is {address}|Ship {qty} to {person}, {address}.|Pick up the lot from {address} by {date}.|Godown address: {address}|mera pata {address} hai
Send the invoice to {address}, phone {phone}.|Office: {address}|{person}\n{address}\n{phone}|{firm}\n{address}|Our warehouse is at {address}; rate {price}.|I live at {address}.
Address: {address}|maal {address} par bhejna hai|Billing address {address}, GSTIN {gstin}|Send samples to {person}, {address}, and call {phone}.|Residence of {person}: {address}
The truck {vehicle} unloaded at {address}.|visit us at {address} for {crop}|shop ka address {address}|Please courier the certificate to {address}|Registered office at {address}.
"""
NOTHING = """
What is the price of {crop} in {town} today?|{crop} {town} {price}|Is {price} fair for {qty} of {crop} grade {grade} in {town}?|Forecast the demand of {crop} in {town} for {n} days.
Arrivals in {town} fell by {pct} after {date}.|Best buyers for {qty} of {crop} near {town}?|Moisture {pct}, foreign matter {pct}, grade {grade}.|The deal of lot {lot} looks suspicious.
{firm} bought {qty} of {crop} at {price}.|Rates: {town} {price}, {town} {price}, {town} {price}|Madhya Pradesh and Gujarat {crop} prices rise|{firm} is a buyer in {town}.|{crop} ka bhav kya hai {town} mandi mein?
kitna milega {qty} {crop} ka?|Fair Price: {price}. Range: {price} to {price}.|The model expects {price} in {n} days, with 90 % between {price} and {price}.|Iron Ore Fines 62 % Fe from {town}, {price} per tonne
Agmarknet reports {qty} arrived in {town} APMC on {date}.|Quality: Grade {grade}. Staple length 29 mm, micronaire 4.1.|Kharif sowing was late in Maharashtra.|The MSP of {crop} is {price}.
Answer is wrong, the price was {price}.|good answer|Too long. Say the price first.|Very helpful, thanks|Not useful|Galat jawab, bhav {price} tha|bahut accha|Theek hai, dhanyavaad|Request {id} failed.
Sell now or wait?|Should I hold {qty} of {crop} till Diwali?|Gold slips as Dollar firms|Cotton Yarn exports to Bangladesh grew {pct}.|Soybean Meal, Mustard Oil and Tur Dal rose.|NCDEX futures for {crop} closed at {price}.
Lot {lot}: {crop}, {qty}, {town}, grade {grade}|Market: {town}. Commodity: {crop}. Quantity: {qty}.|Buyers: {firm}, {firm}, {firm}|{firm} ({town}) score 0.82, {firm} ({town}) score 0.74|Partner {firm} pays within {n} days.
Price in {town}, Gujarat was {price}.|compare {town} and {town}|From {town} to {town} freight is {price}.|Monsoon reached Kerala on {date}.|Monday se {town} mandi band hai|The Reserve Bank kept rates unchanged.
The fraud score is 0.91 because price is {pct} above the market.|Compared with {town} 2 and {town} 3, {town} is dearer.|Wheat Grade B, Tur Grade A, Maize FAQ|Chana Dal is {price} in Delhi|Basmati Rice and Jowar are not traded here.
Weak Answer from the student model; the teacher said {price}.|Confidence 0.62, Route: teacher|What does FAQ mean?|Explain Basis and Carry|Bales of 170 kg, candy of 355.6 kg|Hold the lot; Rabi arrivals begin in March.
{verb} {town} and {town} for {crop}.|{verb} {crop} in {town} for {n} days|{verb} {crop} of {town}|{verb} the price in {town}|{verb} {town} with {town}, {crop} {price}|{verb} buyers near {town}|{verb} me the rate of {crop}
{verb} {qty} of {crop} from {town}.|{verb} lot {lot}|Ok, {verb} {town}.|{verb} grade {grade} in {town} and {town}, {date}.|{crop} {qty} {town} {price} {date}|{town}: {crop} {price}|{crop}: {town} {price}, {town} {price}
Summarise the weekly report for {crop}.|Write a note to the buyer about moisture of {pct}.|Draft a message: we can deliver {qty} at {price}.|Is the Buyer likely to default?|Neither the Seller nor the Buyer replied.
"""
CROPS = (
    "soybean", "cotton", "tur", "wheat", "maize", "iron ore", "chana", "mustard", "groundnut", "onion", "bajra", "moong", "urad", "Soybean",
    "Cotton", "Tur", "Wheat", "Maize", "Iron Ore", "SOYBEAN", "COTTON", "kapas", "gehu", "makka", "sarson", "Kapas", "Gehun", "Castor", "Guar",
)  # fmt: skip
VERBS = (
    "Compare", "Show", "List", "Predict", "Estimate", "Check", "Explain", "Suggest", "Rank", "Find", "Give", "Tell", "Forecast", "Sell", "Buy",
    "Grade", "Plot", "Match", "Quote", "Review", "Fetch", "Calculate", "Verify", "Describe", "Need", "Want", "Kindly", "Today", "Also", "Why",
)  # fmt: skip
GROUPS = (PEOPLE, PLACES, NOTHING, more.TOLD, f"{more.TALK}{more.PLAIN}{more.OTHER_TONGUES}{more.FIGURES}")
SHARES = (0.25, 0.16, 0.18, 0.16, 0.25)
_LABELS = tuple(label for word in english.LABELS.split() for label in (word, word.capitalize()))
_LATIN = tuple(trade_words.CROPS.split())
_SCRIPTS = tuple(trade_words.SCRIPTS.split())
_SLOT = re.compile(r"\{(\w+)\}")
_ENDS = tuple(
    word
    for word in re.split(" ", "esh endra inder it ish ant ani ika ita ul al an ar ik aj av ya ika een u i")
)
_FAMILY = tuple(
    word
    for word in re.split(
        " ", "kar wala ani ia wal kar de le ne ta ve an i ar ora ukh pute gaonkar dia appa swami"
    )
)
_STARTS = tuple(
    word
    for word in re.split(
        " ",
        "ha ma ra sa pra bha chi de ga je ka la mu ni pa ru su ta vi ya dhru gir kri sho tri bal cha ju lo na shre",
    )
)
_MIDDLES = tuple(word for word in re.split(" ", "n r l v m d sh k t j b th nd rt hr mb ksh g p ch"))


class Sentences:
    """Draws sentences, half of them without anything personal.

    Parameters
    ----------
    seed : int
    inventor : Inventor
    made_up : float
        Share of people and localities with a name that is on no list.

    Examples
    --------
    >>> text, marked = next(Sentences(3, Inventor(3)).draw(1))
    >>> all(text[a:b].strip() == text[a:b] for a, b, _ in marked)
    True
    """

    def __init__(self, seed: int, inventor: Inventor, made_up: float = 0.5) -> None:
        self._rng = random.Random(f"sentences/{seed}")
        self._inventor = inventor
        self._made_up = made_up
        self._templates = [
            [t.replace("\\n", "\n") for t in re.split(r"[|\n]", group.strip().replace("\n", "|")) if t]
            for group in GROUPS
        ]

    def draw(self, count: int) -> Iterator[Marked]:
        """Yield marked sentences."""
        for _ in range(count):
            template = self._rng.choice(self._rng.choices(self._templates, SHARES)[0])
            yield self._filled(template)

    def _filled(self, template: str) -> Marked:
        pieces: list[str] = []
        marked: list[tuple[int, int, str]] = []
        size, last = 0, 0
        chance = self._rng.random()
        case = str.lower if chance < 0.2 else str.upper if chance < 0.24 else str
        for slot in _SLOT.finditer(template):
            before = case(template[last : slot.start()])
            value = self._value(slot[1], case)
            pieces += [before, value]
            size += len(before)
            if slot[1] in ("person", "address"):
                marked.append((size, size + len(value), slot[1].upper()))
            size += len(value)
            last = slot.end()
        text = "".join(pieces) + case(template[last:])
        if self._rng.random() < 0.1 and text.endswith((".", "?")):
            text = text[:-1]
        return text, tuple(marked)

    def _value(self, slot: str, case: type[str] | object) -> str:
        rng, inventor = self._rng, self._inventor
        change = case if callable(case) else str
        if slot == "person":
            return str(change(self._person()))
        if slot == "address":
            return str(change(self._address()))
        if slot in ("firm", "town"):
            value = inventor.firm() if slot == "firm" else inventor.choice(inventor.words.towns)[0]
            return str(change(value))
        drawn = {
            "crop": lambda: change(self._crop()),
            "variety": lambda: change(rng.choice(more.VARIETIES)),
            "qty": lambda: f"{rng.randint(5, 900)} {rng.choice(more.UNITS)}",
            "price": lambda: rng.choice(more.PRICES).format(rng.choice((f"{rng.randint(18, 99)}00", f"{rng.randint(2, 9)},{rng.randint(100, 999)}"))),
            "label": lambda: change(rng.choice(_LABELS)),
            "verb": lambda: rng.choice(VERBS),
            "grade": lambda: rng.choice("ABCD"),
            "pct": lambda: f"{rng.randint(1, 19)}.{rng.randint(0, 9)} %",
            "n": lambda: str(rng.randint(2, 30)),
            "lot": lambda: f"L{rng.randint(0, 99999):06d}",
            "date": lambda: rng.choice((f"{rng.randint(1, 28)} March 2024", f"2024-0{rng.randint(1, 9)}-{rng.randint(10, 28)}", "Monday", "Friday", f"{rng.randint(1, 28)}/0{rng.randint(1, 9)}/2024", "last week", "12 Jan")),
            "id": lambda: f"{rng.getrandbits(128):032x}",
            "account": inventor.bank_account,
        }  # fmt: skip
        return drawn[slot]() if slot in drawn else str(getattr(inventor, slot)())

    def _crop(self) -> str:
        """Return a crop: a usual one, any of the list, or a word that nobody knows, so that the words around it count too."""
        rng = self._rng
        chance = rng.random()
        if chance < 0.4:
            return rng.choice(CROPS)
        word = (
            rng.choice(_LATIN)
            if chance < 0.75
            else self._word(False).lower()
            if chance < 0.9
            else rng.choice(_SCRIPTS)
        )
        return word.capitalize() if rng.random() < 0.3 else word

    def _person(self) -> str:
        name = self._inventor.name()
        if self._rng.random() >= self._made_up:
            return name
        words = name.split()
        return " ".join(
            w if "." in w else self._word(k == len(words) - 1 and k > 0) for k, w in enumerate(words)
        )

    def _word(self, family: bool) -> str:
        rng = self._rng
        return (
            rng.choice(_STARTS) + rng.choice(_MIDDLES) + rng.choice(_FAMILY if family else _ENDS)
        ).capitalize()

    def _address(self) -> str:
        address = self._inventor.address()
        if self._rng.random() >= self._made_up:
            return address
        parts = address.split(", ")
        for k, part in enumerate(parts[1:-1], 1):
            words = part.split(" ")
            if len(words) > 1 and words[0][0].isupper():
                parts[k] = " ".join([self._word(False), *words[1:]])
        if self._rng.random() < 0.6:
            parts[-1] = re.sub(
                r"^[A-Za-z ]*[a-z]",
                self._rng.choice(
                    (
                        self._word(False),
                        self._word(False) + self._rng.choice(("pur", "nagar", "abad", "garh")),
                    )
                ),
                parts[-1],
            )
        return ", ".join(parts)
