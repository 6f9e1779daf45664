"""The numbers of a text in one measure, however they are written: the Indian way, in words, in other units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from mandi.core.units import ALIASES, KG, KG_PER_QUINTAL

SCALES = {
    "thousand": 1e3, "hazar": 1e3, "hazaar": 1e3, "k": 1e3, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5, "lacs": 1e5, "crore": 1e7,
    "crores": 1e7, "cr": 1e7, "million": 1e6, "हजार": 1e3, "हज़ार": 1e3, "लाख": 1e5, "करोड़": 1e7, "करोड": 1e7,
}  # fmt: skip
RUPEES = ("₹", "rs.", "rs", "inr", "rupees", "rupee", "rupaye", "rupay", "रुपये", "रुपए", "रु", "ரூபாய்")
DOLLARS = ("$", "usd", "dollars", "dollar")
PERCENTS = ("%", "percent", "per cent", "pct", "प्रतिशत", "टक्के", "फीसदी")
DAYS = {
    "day": 1.0, "days": 1.0, "din": 1.0, "दिन": 1.0, "दिनों": 1.0, "week": 7.0, "weeks": 7.0, "hafte": 7.0, "हफ्ते": 7.0,
    "month": 30.0, "months": 30.0, "mahine": 30.0, "महीने": 30.0,
}  # fmt: skip
MASSES = {
    **KG,
    **{alias: KG[name] for alias, name in ALIASES.items() if len(alias) > 1},
    "quintal": KG_PER_QUINTAL, "kuntal": KG_PER_QUINTAL, "kilo": 1.0, "kilos": 1.0, "क्विंटल": KG_PER_QUINTAL, "कुंतल": KG_PER_QUINTAL,
    "टन": 1000.0, "किलो": 1.0, "குவிண்டால்": KG_PER_QUINTAL, "டன்": 1000.0,
}  # fmt: skip
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def _one_of(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_END = r"(?![\w\u0900-\u0963\u0b80-\u0bff])"
_NUMBER = re.compile(
    rf"(?P<before>{_one_of([*RUPEES[:4], *DOLLARS[:2]])})?\s*"
    r"(?<![\w.])(?P<sign>[-−–](?=\d))?(?P<digits>\d[\d,]*(?:\.\d+)?)"
    rf"(?:\s*(?P<scale>{_one_of(list(SCALES))}){_END})?"
    rf"(?:\s*(?:(?P<percent>{_one_of(PERCENTS)})|(?P<after>{_one_of([*RUPEES, *DOLLARS])}){_END}"
    rf"|(?P<mass>{_one_of(list(MASSES))}){_END}|(?P<days>{_one_of(list(DAYS))}){_END}))?"
    rf"(?:\s*/-)?(?:\s*(?:per\s|/|a\s|प्रति\s)\s*(?P<each>{_one_of(list(MASSES))}){_END})?",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)(?:T[\d:.+Z-]*)?\b")
_MONTH = "(" + "|".join(MONTHS) + r")[a-z]*\.?"
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(\d{{4}})\b", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b")
_NAMED = re.compile(r"\b[A-Za-z]+[-_./]?\d[\w\-./]*")  # ids
_TOUCHING = re.compile(r"\b(rs\.?|inr|usd)(?=\d)", re.IGNORECASE)


class Figure(NamedTuple):
    """A number as it is meant.

    Attributes
    ----------
    value : float
        Rupees, rupees per quintal, quintals, percent, days, or a plain number; of a day its ordinal.
    unit : str
        inr, inr/quintal, usd, usd/quintal, quintal, percent, days, date, or empty.
    """

    value: float
    unit: str


def figures(text: str) -> list[Figure]:
    """Return the numbers of a text with units, in their order; ids and times of day are none.

    Indian grouping, lakh and crore, digits of Indian scripts, prices per kilogram or tonne, and days written out all come to the
    same figures.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> figures("Rs. 1,25,000 is 1.25 lakh rupees")
    [Figure(value=125000.0, unit='inr'), Figure(value=125000.0, unit='inr')]
    >>> figures("₹49.83/kg for 2 tonnes, 12.5 % above on 3 Jun 2024")
    [Figure(value=739040.0, unit='date'), Figure(value=4983.0, unit='inr/quintal'), Figure(value=20.0, unit='quintal'), Figure(value=12.5, unit='percent')]
    """
    return list(_figures(text))


@lru_cache(maxsize=20_000)
def _figures(text: str) -> tuple[Figure, ...]:
    found: list[Figure] = []

    def take(year: str, month: int, day: str) -> str:
        with suppress(ValueError):  # the thirty-first of February
            found.append(Figure(float(date(int(year), month, int(day)).toordinal()), "date"))
        return " "

    rest = _ISO.sub(lambda hit: take(hit[1], int(hit[2]), hit[3]), text)
    rest = _DAY_FIRST.sub(lambda hit: take(hit[3], _month(hit[2]), hit[1]), rest)
    rest = _MONTH_FIRST.sub(lambda hit: take(hit[3], _month(hit[1]), hit[2]), rest)
    rest = _NAMED.sub(" ", _TOUCHING.sub(r"\1 ", _CLOCK.sub(" ", rest)))
    found.extend(_figure(hit) for hit in _NUMBER.finditer(rest))
    return tuple(found)


def _month(name: str) -> int:
    return MONTHS.index(name[:3].lower()) + 1


def _figure(hit: re.Match[str]) -> Figure:
    value = float(hit["digits"].replace(",", "")) * SCALES.get((hit["scale"] or "").lower(), 1.0)
    money = (hit["before"] or hit["after"] or "").lower()
    each = KG_PER_QUINTAL / MASSES[hit["each"].lower()] if hit["each"] else 1.0
    if hit["percent"]:
        return Figure(-value if hit["sign"] else value, "percent")
    if hit["mass"] and not money:
        return Figure(_tidy(value * MASSES[hit["mass"].lower()] / KG_PER_QUINTAL), "quintal")
    if hit["days"] and not money:
        return Figure(value * DAYS[hit["days"].lower()], "days")
    unit = "usd" if money in DOLLARS else "inr" if money else ""
    if hit["each"]:
        return Figure(_tidy(value * each), f"{unit or 'inr'}/quintal")
    return Figure(value, unit)


def _tidy(value: float) -> float:
    return float(f"{value:.10g}")
