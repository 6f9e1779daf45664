"""Figures, days, ids and names in a text, and the same in facts, so that one can be traced to the other and written anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

Kind = Literal["number", "day", "id", "word"]
Leaf = str | float
INDIA = timezone(timedelta(hours=5, minutes=30))
LONGEST_WORD, SHORTEST_WORD = 80, 3
MOST_ITEMS = 12
"""Items of a list that are read; of a longer one the first and the last."""
SCALES = (1.0, 100.0, 0.1, 0.01)
"""As it is; a share as percent; quintals as tonnes; per quintal as per kilogram."""
DIGITS_TO_SCALE = 3
"""Fewer digits would fit too many figures by chance once scaled."""

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WHOLE = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH = "(" + "|".join([*_WHOLE, *_MONTHS]) + ")"
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}}) {_MONTH}(?:,? (\d{{4}}))?\b")
_MONTH_FIRST = re.compile(rf"\b{_MONTH} (\d{{1,2}})(?:, (\d{{4}}))?\b")
_ID = re.compile(r"\b[A-Za-z]+[-_/]?\d[\w\-/]*")
_NUMBER = re.compile(r"\d+(?:,\d+)*(?:\.\d+)?")
_INDIAN = re.compile(r"\d{1,2}(?:,\d\d)*,\d{3}$")
_WESTERN = re.compile(r"\d{1,3}(?:,\d{3})+$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A figure, day, id or name in a text: where it is, and how it was written."""

    kind: Kind
    start: int
    end: int
    text: str
    style: str


def leaves(facts: Any, at: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yield path and value of every number and text in facts; truth values and nothing are none.

    Examples
    --------
    >>> dict(leaves({"price": {"low": 4400, "days": [1, 2]}, "on": "2024-06-03", "known": True}))
    {'on': '2024-06-03', 'price/days/0': 1.0, 'price/days/1': 2.0, 'price/low': 4400.0}
    """
    if isinstance(facts, Mapping):
        for name in sorted(facts, key=str):
            yield from leaves(facts[name], f"{at}/{name}" if at else str(name))
    elif isinstance(facts, (list, tuple)):
        kept = range(len(facts)) if len(facts) <= MOST_ITEMS else (0, -1)
        for number in kept:
            yield from leaves(facts[number], f"{at}/{number}")
    elif isinstance(facts, (int, float)) and not isinstance(facts, bool):
        yield at, float(facts)
    elif isinstance(facts, str):
        yield at, facts


def day_of(text: str) -> date | None:
    """Return the day of an ISO date or moment, a moment's as in India; None if it is neither.

    Examples
    --------
    >>> day_of("2024-06-03"), day_of("2024-06-03T20:00:00+00:00"), day_of("soon")
    (datetime.date(2024, 6, 3), datetime.date(2024, 6, 4), None)
    """
    if not _ISO.fullmatch(text):
        return None
    try:
        if len(text) <= len("2024-06-03"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(INDIA).date() if moment.tzinfo else moment.date()


def mentions(text: str, words: Sequence[str] = ()) -> list[Mention]:
    """Find names, days, ids and numbers; where two overlap, the name counts first, then the day, then the id.

    Parameters
    ----------
    text : str
    words : sequence of str
        Names to look for, in any case, ``_`` standing for a space.

    Examples
    --------
    >>> found = mentions("Soybean: 4,650 on 3 Jun 2024, offer O002988", ["soybean"])
    >>> [(one.kind, one.text, one.style) for one in found]
    [('word', 'Soybean', 'title'), ('number', '4,650', '0 indian'), ('day', '3 Jun 2024', 'd b Y'), ('id', 'O002988', '')]
    """
    taken = [False] * len(text)
    found: list[Mention] = []

    def take(kind: Kind, start: int, end: int, style: str) -> None:
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Mention(kind, start, end, text[start:end], style))

    folded = text.casefold().replace("_", " ")
    for word in sorted(set(words), key=lambda w: (-len(w), w)):
        if word.casefold().replace("_", " ") not in folded:
            continue
        pattern = r"(?<!\w)" + re.escape(word).replace("_", "[ _]") + r"(?!\w)"
        for hit in re.finditer(pattern, text, re.IGNORECASE):
            take("word", *hit.span(), _case(hit.group()))
    for pattern_of, style in ((_ISO, "iso"), (_DAY_FIRST, "day first"), (_MONTH_FIRST, "month first")):
        for hit in pattern_of.finditer(text):
            take("day", *hit.span(), _day_style(hit, style))
    for hit in _ID.finditer(text):
        take("id", *hit.span(), "")
    for hit in _NUMBER.finditer(text):
        take("number", *hit.span(), _number_style(hit.group()))
    return sorted(found, key=lambda one: one.start)


def said(mention: Mention, path: str, leaf: Leaf) -> list[str]:
    """Return every way in which a leaf of the facts is what a text mentions, as ``path`` with how to get there."""
    if mention.kind == "number":
        if isinstance(leaf, str):
            return []
        shown = mention.text.replace(",", "")
        decimals, value = len(shown.partition(".")[2]), float(shown)
        near = 0.5 * 10.0**-decimals * 1.0001
        digits = len(shown.replace(".", "").strip("0"))
        return [
            f"{path}*{scale:g}{'-' if leaf < 0 else '+'}"
            for scale in SCALES
            if (scale == 1.0 or digits >= DIGITS_TO_SCALE) and abs(abs(leaf) * scale - value) <= near
        ]
    if not isinstance(leaf, str):
        return []
    if mention.kind == "day":
        day = day_of(leaf)
        return [path] if day is not None and written(day.isoformat(), mention) == mention.text else []
    return [path] if leaf.casefold().replace("_", " ") == mention.text.casefold().replace("_", " ") else []


def value_at(candidate: str, known: Mapping[str, Leaf]) -> Leaf | None:
    """Return what a way found by ``said`` leads to in other facts; None if there is nothing, or it has another sign."""
    path, times, scale = candidate.rpartition("*")
    if not times:
        leaf = known.get(candidate)
        return leaf if isinstance(leaf, str) else None
    leaf = known.get(path)
    if leaf is None or isinstance(leaf, str) or (leaf < 0) != (scale[-1] == "-"):
        return None
    return abs(leaf) * float(scale[:-1])


def written(value: Leaf, mention: Mention) -> str | None:
    """Write a value the way a mention was written; None if it cannot be.

    Examples
    --------
    >>> money, when = mentions("4,650.50 on 3 June")
    >>> written(1234567.891, money), written("2024-11-09", when), written("2024-11-09T20:00:00Z", when)
    ('12,34,567.89', '9 November', '10 November')
    """
    if mention.kind == "number":
        return None if isinstance(value, str) else _number(value, mention.style)
    if not isinstance(value, str):
        return None
    if mention.kind == "day":
        day = day_of(value)
        return None if day is None else _day(day, mention.style)
    if mention.kind == "id":
        return value
    plain = value.replace("_", " ") if "_" not in mention.text else value
    return {"lower": plain.lower(), "upper": plain.upper(), "title": plain[:1].upper() + plain[1:]}.get(
        mention.style, plain
    )


def is_name(leaf: Leaf) -> bool:
    """Return whether a leaf is a text that may be named in an answer: short, with a letter, and no day."""
    return (
        isinstance(leaf, str)
        and SHORTEST_WORD <= len(leaf) <= LONGEST_WORD
        and day_of(leaf) is None
        and any(letter.isalpha() for letter in leaf)
    )


def _case(text: str) -> str:
    if text.islower():
        return "lower"
    if text.isupper() and len(text) > 1:
        return "upper"
    return "title" if text[:1].isupper() else "as is"


def _number_style(text: str) -> str:
    whole, _, part = text.partition(".")
    if "," not in whole:
        return f"{len(part)} plain"
    return f"{len(part)} {'western' if _WESTERN.match(whole) and not _INDIAN.match(whole) else 'indian'}"


def _number(value: float, style: str) -> str:
    decimals, grouping = style.split(" ")
    shown = f"{value:.{decimals}f}"
    if grouping == "plain":
        return shown
    if grouping == "western":
        return f"{value:,.{decimals}f}"
    whole, point, part = shown.partition(".")
    head, groups = whole[:-3], [whole[-3:]]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join(groups) + point + part


def _day_style(hit: re.Match[str], style: str) -> str:
    if style == "iso":
        return "iso" if len(hit.group()) == len("2024-06-03") else "moment"
    day, month = hit.group(1, 2) if style == "day first" else hit.group(2, 1)
    name = "b" if month in _MONTHS else "B"
    number = "dd" if len(day) == 2 and day.startswith("0") else "d"
    year = (" Y" if style == "day first" else ", Y") if hit.group(3) else ""
    if style == "day first" and year and "," in hit.group():
        year = ", Y"
    return (f"{number} {name}" if style == "day first" else f"{name} {number}") + year


def _day(day: date, style: str) -> str | None:
    if style == "moment":  # a moment of facts is not told to the second
        return None
    if style == "iso":
        return day.isoformat()
    names = {
        "dd": f"{day.day:02d}",
        "d": str(day.day),
        "b": _MONTHS[day.month - 1],
        "B": _WHOLE[day.month - 1],
    }
    names["Y"] = str(day.year)
    return re.sub(r"dd|d|b|B|Y", lambda hit: names[hit.group()], style)
