"""Days of birth, ages, and dates of any kind for whoever asks for them."""

from __future__ import annotations

import re

from mandi.feedback.scrub.recognisers.base import LEFT, RIGHT, Rule, anyhow, says_any, where

_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_DAY = r"(?:[0-3]?[0-9](?:st|nd|rd|th)?)"
_YEAR = r"(?:(?:19|20)[0-9]{2}|'?[0-9]{2})"
ANY_DATE = (
    rf"(?:[0-9]{{4}}[-/.][01]?[0-9][-/.][0-3]?[0-9]|[0-3]?[0-9](?P<sep>[-/.])[0-3]?[0-9](?P=sep){_YEAR}"
    rf"|{_DAY} ?-?(?:of )?{_MONTH}(?:,? ?-?{_YEAR})?|{_MONTH} {_DAY}(?:,? {_YEAR})?|{_MONTH},? (?:19|20)[0-9]{{2}})"
)
_PEOPLE = re.compile(
    r"\s{0,2}(?:man|woman|male|female|boy|girl|farmer|trader|patient|person|lady|gentleman|guy|son|daughter|widow|caucasian|american|indian)\b",
    re.IGNORECASE,
)


def _born(match: re.Match[str], text: str) -> tuple[int, int] | None:
    return match.span("date")


def _aged(match: re.Match[str], text: str) -> tuple[int, int] | None:
    start, end = where(match)
    years = int(match[1])
    if match[0][0].isdigit() and years < 13 and not _PEOPLE.match(text, match.end()):
        return None  # a crop may be three years old
    return (start, end) if 0 < years <= 120 else None


BIRTH = Rule(
    "BIRTH_DATE",
    re.compile(
        rf"(?:\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born(?: on)?|janam? ?(?:tithi|din|tareekh))|जन्म ?(?:तिथि|दिन|तारीख)?)"
        rf"[^0-9\n]{{0,16}}?(?P<date>(?<![0-9A-Za-z]){ANY_DATE})(?![0-9A-Za-z])"
    ),
    _born,
    says_any("dob", "d.o.b", "birth", "born", "janam", "जन्म"),
    True,
)
AGES = (
    Rule("AGE", re.compile(r"(?<![0-9A-Za-z_.,/-])([0-9]{1,3})(?=(?:[ -]{0,2}(?:years?|yrs?)[ -]{1,2}(?:old\b|of age\b)| ?y/?o\b| saal (?:ka|ki|ke) (?:hoon|hu|hai|aadmi)))"), _aged, says_any("year", "yr", "y/o", "yo ", "age ", "age:", "aged", "age=", "umar", "umr", "saal "), True),
    Rule("AGE", re.compile(r"\b(?:age[ds]?|umar|umr)(?: is| of| hai)?[ :=-]{1,3}([0-9]{1,3})(?![0-9A-Za-z_%/]|[.,][0-9]| ?(?:days?|months?|weeks?|din|hours?)\b)"), _aged, says_any("year", "yr", "y/o", "yo ", "age ", "age:", "aged", "age=", "umar", "umr", "saal "), True),
)  # fmt: skip
DATE = Rule(
    "DATE",
    re.compile(
        rf"{LEFT}(?:{ANY_DATE}(?:,? [0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?)?|(?:19|20)[0-9]{{2}}){RIGHT}"
    ),
    lambda m, t: m.span(),
    anyhow,
    True,
)
