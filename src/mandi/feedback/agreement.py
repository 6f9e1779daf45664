"""Whether two answers say the same: equal labels, or the same figures in words that overlap."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from mandi.core.units import ALIASES, KG, KG_PER_QUINTAL

SAME_AT = 0.55
CLOSE = 0.002
"""Two amounts are the same when they are this near, as a share of the larger: 4,983 and 4,980 are, 4,983 and 5,000 are not."""
BARE = 0.7
"""Overlap of words when one answer is figures alone."""
CONTRADICTED = 0.3
"""What is left of an agreement when one text says rise and the other fall."""

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

IDLE = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "it",
        "its",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "have",
        "has",
        "had",
        "will",
        "would",
        "shall",
        "should",
        "can",
        "could",
        "may",
        "might",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "by",
        "with",
        "as",
        "and",
        "or",
        "so",
        "if",
        "then",
        "than",
        "there",
        "here",
        "about",
        "into",
        "over",
        "per",
        "i",
        "me",
        "my",
        "we",
        "us",
        "our",
        "you",
        "your",
        "they",
        "their",
        "he",
        "she",
        "his",
        "her",
        "what",
        "which",
        "who",
        "how",
        "when",
        "where",
        "why",
        "please",
        "kindly",
        "also",
        "very",
        "just",
        "only",
        "all",
        "any",
        "some",
        "each",
        "expected",
        "hai",
        "hain",
        "tha",
        "the",
        "ka",
        "ki",
        "ke",
        "ko",
        "se",
        "mein",
        "me",
        "par",
        "aur",
        "ya",
        "yeh",
        "ye",
        "woh",
        "wo",
        "bhi",
        "kya",
        "liye",
        "rs",
        "inr",
        "rupees",
        "rupee",
        "है",
        "हैं",
        "था",
        "थी",
        "थे",
        "का",
        "की",
        "के",
        "को",
        "से",
        "में",
        "पर",
        "और",
        "या",
        "यह",
        "ये",
        "वह",
        "वे",
        "भी",
        "लिए",
        "प्रति",
        "रुपये",
        "रुपए",
    ]
)
NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "dont",
        "don't",
        "doesn't",
        "isn't",
        "won't",
        "cannot",
        "can't",
        "without",
        "nahi",
        "nahin",
        "nahi",
        "mat",
        "bina",
        "नहीं",
        "मत",
        "ना",
        "बिना",
    ]
)
OPPOSITES: Sequence[tuple[frozenset[str], frozenset[str]]] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        ("rise rises rising rose increase increases up higher badhega बढ़ेगा बढ़ती", "fall falls falling fell decrease decreases down lower girega गिरेगा घटती"),
        ("above over more", "below under less"),
        ("yes accept accepted fair haan favourable हाँ", "reject rejected unfair unfavourable"),
        ("buy kharido खरीदें", "sell becho बेचें"), ("safe genuine clean", "fraud fraudulent suspicious"), ("wait hold ruko", "now immediately abhi"),
    )
)  # fmt: skip

_LETTERS = r"[^\W\d_][\w\u0900-\u0963\u0b80-\u0bff'’]*"
_WORD = re.compile(_LETTERS)


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
_NAMED = re.compile(
    r"\b[A-Za-z]+[-_./]?\d[\w\-./]*"
)  # ids; the rupee signs that touch their number are taken out before
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


def agreement(one: str, other: str, task: str = "chat") -> float:
    """Return how far two answers say the same, in [0, 1]; the same both ways round.

    Of a classification: 1 for equal labels, else 0. Of a text: with c the share of the figures of whichever has fewer that
    the other has too, d the Dice overlap of all figures, and w the overlap of content words,
    c³ (0.8 + 0.2 d) (0.5 + 0.5 w), half of it where c is below 1, or w alone where neither has a figure; a figure against none
    counts as a quarter of w. Opposite words (rise, fall) and a denied word leave three tenths.

    Parameters
    ----------
    one, other : str
        Answers; of a classification a label, or JSON with one.
    task : str
        ``classification`` compares labels; anything else compares texts.

    Examples
    --------
    >>> agreement('{"label": "up"}', "Up", "classification")
    1.0
    >>> agreement("Cotton in Rajkot: ₹7,250 per quintal", "₹72.50/kg for cotton in Rajkot") > 0.9
    True
    >>> agreement("Cotton in Rajkot: ₹7,250 per quintal", "Cotton in Rajkot: ₹7,600 per quintal")
    0.0
    """
    if task == "classification":
        return float(bool(label_of(one)) and label_of(one) == label_of(other))
    if one.strip() == other.strip():
        return 1.0
    words, theirs = _content(one), _content(other)
    overlap = _overlap(words, theirs)
    mine, yours = _figures(one), _figures(other)
    if not (mine and yours) and not (words and theirs):
        return 0.0
    if mine and yours:
        matched = _matched(mine, yours)
        contained = matched / min(len(mine), len(yours))
        dice = 2 * matched / (len(mine) + len(yours))
        score = contained**3 * (0.8 + 0.2 * dice) * (0.5 + 0.5 * overlap)
        score *= 1.0 if contained == 1.0 else 0.5
    else:
        score = overlap * (0.25 if mine or yours else 1.0)
    return score * (CONTRADICTED if _opposed(words, theirs) else 1.0)


def same(one: str, other: str, task: str = "chat", *, at: float = SAME_AT) -> bool:
    """Return whether two answers say the same: their agreement is at least ``at``.

    Examples
    --------
    >>> same("Prices will rise next week", "Prices will fall next week")
    False
    """
    return agreement(one, other, task) >= at


def label_of(answer: str) -> str:
    """Return the label of a classification's answer, in small letters; empty when it names none.

    Examples
    --------
    >>> label_of('{"label": "Up", "confidence": 0.9}'), label_of("label: up."), label_of("  ")
    ('up', 'up', '')
    """
    text = answer.strip()
    if text.startswith("{"):
        try:
            held = json.loads(text)
        except ValueError:
            return ""
        named = next((held[key] for key in ("label", "class", "category") if key in held), "")
        return str(named).strip().casefold()
    return re.sub(r"^(label|class|category)\s*[:=]\s*", "", text.casefold()).strip(" \t\n.\"'`*")


def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, in small letters and without endings; a denied word begins with ``¬``.

    Examples
    --------
    >>> sorted(content_words("Do not sell the prices"))
    ['price', '¬sell']
    """
    return _content(text)


@lru_cache(maxsize=20_000)
def _content(text: str) -> frozenset[str]:
    kept, denied = set(), False
    for word in _WORD.findall(text.casefold().replace("’", "'")):
        if word in NEGATIONS:
            denied = True
        elif word not in IDLE and word not in MASSES and word not in SCALES and word not in PERCENTS:
            kept.add(("¬" if denied else "") + _stem(word))
            denied = False
    return frozenset(kept | ({"¬"} if denied else set()))


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)] + ("e" if ending == "es" and word[-3] in "cgvz" else "")
    return word


_STEMMED = tuple((frozenset(map(_stem, one)), frozenset(map(_stem, other))) for one, other in OPPOSITES)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    if not one and not other:
        return 1.0
    if not one or not other:
        return BARE
    shared = len(one & other)
    return 0.5 * (2 * shared / (len(one) + len(other)) + shared / min(len(one), len(other)))


def _matched(one: Sequence[Figure], other: Sequence[Figure]) -> int:
    left, found = list(other), 0
    for figure in one:
        at = next((k for k, held in enumerate(left) if _equal(figure, held)), None)
        if at is not None:
            del left[at]
            found += 1
    return found


def _equal(one: Figure, other: Figure) -> bool:
    units = {one.unit, other.unit}
    if len(units) > 1 and "" not in units and units not in ({"inr", "inr/quintal"}, {"usd", "usd/quintal"}):
        return False
    if "date" in units:
        return len(units) == 1 and one.value == other.value
    return abs(one.value - other.value) <= CLOSE * max(abs(one.value), abs(other.value))


def _opposed(one: frozenset[str], other: frozenset[str]) -> bool:
    if any("¬" + word in other for word in one) or any("¬" + word in one for word in other):
        return True
    for up, down in _STEMMED:
        mine, yours = (bool(one & up), bool(one & down)), (bool(other & up), bool(other & down))
        if (mine, yours) in (((True, False), (False, True)), ((False, True), (True, False))):
            return True
    return False
