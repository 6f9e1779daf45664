"""Finds in a sentence what the desk knows by name: commodity, place, days ahead, a day, a grade; English, Hindi, Tamil."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mandi.serving.contracts import PriceRow
from mandi.serving.counters.demand import DemandRow
from mandi.serving.delivery_days import india_day
from mandi.serving.evidence_questions import OUTLOOK_DAYS, NotAsked, Question
from mandi.serving.gazetteer import plain

if TYPE_CHECKING:
    from mandi.serving.desk import Desk

LONGEST_READ = 2000
A_SECOND = timedelta(seconds=1)
LONGEST_OUTLOOK = 90
NOON = 12  # UTC; by then the reports of the trading day before are known in India
COMMODITY_WORDS: Mapping[str, tuple[str, ...]] = {
    "cotton": ("kapas", "narma", "कपास", "नरमा", "रुई", "பருத்தி"),
    "soybean": ("soyabean", "soya bean", "soybeans", "soya", "सोयाबीन", "सोया", "சோயாபீன்", "சோயா"),
    "tur": ("arhar", "toor", "pigeon pea", "तुअर", "तूर", "अरहर", "துவரை", "துவரம்"),
    "wheat": ("gehu", "gehun", "गेहूं", "गेहूँ", "गेंहू", "கோதுமை"),
    "maize": ("corn", "makka", "मक्का", "மக்காச்சோள"),
    "iron_ore": ("iron ore", "लौह अयस्क", "இரும்புத் தாது", "இரும்பு தாது"),
}
PLACE_WORDS: Mapping[str, tuple[str, ...]] = {
    "Gujarat": ("गुजरात", "குஜராத்"),
    "Maharashtra": ("महाराष्ट्र", "மகாராஷ்டிர", "மஹாராஷ்டிர"),
    "Madhya Pradesh": ("मध्य प्रदेश", "மத்தியப் பிரதேச", "மத்திய பிரதேச"),
    "Rajasthan": ("राजस्थान", "ராஜஸ்தான்"),
    "Telangana": ("तेलंगाना", "தெலங்கானா", "தெலுங்கானா"),
    "Karnataka": ("कर्नाटक", "கர்நாடக"),
    "Andhra Pradesh": ("आंध्र प्रदेश", "ஆந்திர"),
    "Punjab": ("पंजाब", "பஞ்சாப்"),
    "Haryana": ("हरियाणा", "ஹரியானா"),
    "Uttar Pradesh": ("उत्तर प्रदेश", "உத்தரப் பிரதேச"),
    "Bihar": ("बिहार", "பீகார்", "பிகார்"),
    "Rajkot": ("राजकोट", "ராஜ்கோட்"),
    "Gondal": ("गोंडल", "கோண்டல்"),
    "Indore": ("इंदौर", "इन्दौर", "இந்தூர்"),
    "Ujjain": ("उज्जैन", "உஜ்ஜைன்"),
    "Nagpur": ("नागपुर", "நாக்பூர்"),
    "Akola": ("अकोला", "அகோலா"),
    "Amravati": ("अमरावती", "அமராவதி"),
    "Latur": ("लातूर", "லாத்தூர்"),
    "Kota": ("कोटा", "கோட்டா"),
    "Guntur": ("गुंटूर", "குண்டூர்"),
    "Warangal": ("वारंगल", "வாரங்கல்"),
}
DAYS_AHEAD: tuple[tuple[str, int], ...] = (
    (r"\b(?:two|2)\s+months?\b", 60),
    (r"\bnext\s+month\b|\b(?:one|1|a)\s+month\b|अगले महीने|एक महीने|அடுத்த மாத|ஒரு மாத", 30),
    (r"\bfortnight\b", 14),
    (r"\bnext\s+week\b|\b(?:one|1|a)\s+week\b|अगले हफ्ते|अगले सप्ताह|एक हफ्ते|அடுத்த வார|ஒரு வார", 7),
    (r"\btomorrow\b|நாளை", 1),
)
SOME_DAYS = re.compile(r"(?<!\d)(\d{1,3})[\s-]*(?:days?\b|दिन|நாட்)", re.IGNORECASE)
SOME_WEEKS = re.compile(r"(?<!\d)(\d{1,2})[\s-]*(?:weeks?\b|हफ्ते|सप्ताह|வார)", re.IGNORECASE)
ISO_DAY = re.compile(r"(?<![\d-])((?:19|20|21)\d\d-\d\d-\d\d)(?![\d-])")
GRADE = re.compile(r"\bgrade\s*[-:]?\s*([A-D])\b|\b([A-D])\s+grade\b|ग्रेड\s*([A-D])\b", re.IGNORECASE)


@dataclass(frozen=True)
class Meant:
    """What a sentence asks about, in the names the desk knows.

    Attributes
    ----------
    place_named : bool
        Whether the sentence names the place; else it is the commodity's reference market.
    days, horizon : int, optional
        Days ahead as asked, and the nearest horizon that prices were evaluated at.
    """

    commodity: str
    place: str | None
    place_named: bool
    days: int | None
    horizon: int | None
    day: date | None
    grade: str | None
    known_until: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        told = {name: value for name, value in asdict(self).items() if name != "known_until"}
        return {**told, "day": self.day.isoformat() if self.day else None}

    @property
    def of_the_last_day(self) -> bool:
        """Whether the last day of the history is named: it is over, and its price is asked as it closed."""
        return self.known_until is not None and self.day == india_day(self.known_until - A_SECOND)

    def moment(self, now: datetime) -> datetime:
        """Return the moment asked about: noon (UTC) of the day that is named, or its end, else now."""
        if self.day is None:
            return now
        if self.of_the_last_day and self.known_until is not None:
            return self.known_until
        return datetime(self.day.year, self.day.month, self.day.day, NOON, tzinfo=UTC)

    def questions(self, now: datetime) -> dict[str, Question | NotAsked]:
        """Return the questions for price and demand; a day that is named is the moment of both."""
        moment = self.moment(now)
        price: Question | NotAsked = NotAsked("no market is known for it")
        if self.place is not None:
            row = PriceRow(
                commodity_id=self.commodity, location=self.place, horizon_days=self._horizon(), asof=moment
            )
            price = Question(row, tuple(self._notes()))
        ahead = min(max(self.days or OUTLOOK_DAYS, 1), LONGEST_OUTLOOK)
        where = self.place if self.place_named else None
        demand = DemandRow(commodity_id=self.commodity, forecast_days=ahead, location=where, as_of=moment)
        return {"price": price, "demand": Question(demand, spare=frozenset({"location"}), explain=True)}

    def _horizon(self) -> int | None:
        return 0 if self.horizon is None and self.of_the_last_day else self.horizon

    def _notes(self) -> list[str]:
        notes = []
        if not self.place_named:
            notes.append(
                f"no market was named: answered for {self.place}, the one with the least reporting noise"
            )
        if self.days is not None and self.days != self.horizon:
            notes.append(
                f"asked for {self.days} days ahead: {self.horizon} is the nearest that was evaluated"
            )
        if self.grade is not None:
            notes.append(
                f"grade {self.grade} was named: a market's price is of its usual lot; describe a deal for a lot's"
            )
        return notes


class TextNames:
    """The names a desk knows, as words to look for.

    Parameters
    ----------
    desk : Desk, optional
        None knows no name.
    """

    def __init__(self, desk: Desk | None) -> None:
        self._commodities: dict[str, re.Pattern[str]] = {}
        self._places: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        self._reference: dict[str, str] = {}
        self._horizons: tuple[int, ...] = ()
        self._until: dict[str, datetime] = {}
        if desk is not None:
            self._learn(desk)

    def meant(self, text: str) -> Meant | None:
        """Return what a text asks about; None when it names no commodity that is known here.

        Of several commodities the first named is meant; of several places the first, and of those that begin at the
        same word the longest name.
        """
        read = unicodedata.normalize("NFC", text[:LONGEST_READ])
        commodity = _first(read, self._commodities.items())
        if commodity is None:
            return None
        place = _first(read, self._places.get(commodity, []))
        days = _days(read)
        horizon = None
        if days is not None and self._horizons:
            horizon = min(self._horizons, key=lambda known: (abs(known - days), known))
        return Meant(
            commodity, place or self._reference.get(commodity), place is not None, days, horizon, _day(read), _grade(read),
            self._until.get(commodity),
        )  # fmt: skip

    def _learn(self, desk: Desk) -> None:
        known: dict[str, set[str]] = {}
        for name, table in (("price", "levels"), ("demand", "places")):
            if name in desk.champions:
                listed = desk.champions[name].history[table]
                for row in listed[["commodity", "market", "state"]].to_dict("records"):
                    known.setdefault(str(row["commodity"]), set()).update(
                        (str(row["market"]), str(row["state"]))
                    )
        if "price" in desk.champions:
            counter: Any = desk.counters["price"]
            levels = desk.champions["price"].history["levels"]
            ranked = levels.sort_values(["known_time", "noise_sd", "market"], ascending=[False, True, True])
            for row in ranked.drop_duplicates("commodity").to_dict("records"):
                self._reference[str(row["commodity"])] = str(row["market"])
                self._until[str(row["commodity"])] = row["known_time"].to_pydatetime()
            self._horizons = tuple(counter.about()["horizons_days"])
        for commodity, named in known.items():
            words = (commodity, commodity.replace("_", " "), *COMMODITY_WORDS.get(plain(commodity), ()))
            self._commodities[commodity] = _pattern(words)
            ordered = sorted((name for name in named if name), key=lambda name: (-len(name), name))
            self._places[commodity] = [(n, _pattern((n, *PLACE_WORDS.get(n, ())))) for n in ordered]


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # vowel signs are no word characters to `re`, and Tamil adds its endings to the word: there only the front is held
    parts = []
    for word in sorted(set(words), key=lambda w: (-len(w), w)):
        escaped = re.escape(unicodedata.normalize("NFC", word)).replace(r"\ ", r"\s+").replace("_", "[_ ]")
        if any("\u0b80" <= letter <= "\u0bff" for letter in word):
            parts.append(rf"(?<![\u0b80-\u0bff]){escaped}")
        elif any("\u0900" <= letter <= "\u097f" for letter in word):
            parts.append(rf"(?<![\u0900-\u097f]){escaped}(?![\u0900-\u097f])")
        else:
            parts.append(rf"(?<!\w){escaped}(?!\w)")
    return re.compile("|".join(parts), re.IGNORECASE)


def _first(text: str, names: Any) -> str | None:
    found = [
        (hit.start(), -len(hit.group()), name) for name, pattern in names if (hit := pattern.search(text))
    ]
    return min(found)[2] if found else None


def _days(text: str) -> int | None:
    for pattern, times in ((SOME_DAYS, 1), (SOME_WEEKS, 7)):
        if hit := pattern.search(text):
            return int(hit.group(1)) * times
    return next((days for words, days in DAYS_AHEAD if re.search(words, text, re.IGNORECASE)), None)


def _day(text: str) -> date | None:
    for hit in ISO_DAY.finditer(text):
        try:
            return date.fromisoformat(hit.group(1))
        except ValueError:
            continue
    return None


def _grade(text: str) -> str | None:
    hit = GRADE.search(text)
    return next(group for group in hit.groups() if group).upper() if hit else None
