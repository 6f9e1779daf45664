"""Numbers that states give to people, firms and vehicles."""

from __future__ import annotations

import re

from mandi.feedback.scrub import checks
from mandi.feedback.scrub.recognisers.base import (
    LEFT,
    RIGHT,
    Rule,
    before,
    compact,
    counted,
    says,
    shaped,
    where,
)

CUES = {
    "pan": re.compile(r"\bpan\b|\bincome tax|\bpermanent account|पैन"),
    "aadhaar": re.compile(r"\ba+dh?a+r\b|\ba+dha+a?r\b|\buid(?:ai)?\b|आधार"),
    "vehicle": re.compile(r"\b(?:truck|vehicle|gaa?di|lorry|tempo|trolley|tractor|car|bike|regn|registration|tanker)\b|गाड़ी|ट्रक"),
    "voter": re.compile(r"\bvoter|\bepic\b|\belection|मतदाता"),
    "passport": re.compile(r"\bpassport\b|पासपोर्ट"),
}  # fmt: skip
_PAPERS = frozenset(
    {
        "LOT",
        "INV",
        "REF",
        "TXN",
        "ORD",
        "UTR",
        "AWB",
        "LRN",
        "PON",
        "GRN",
        "BID",
        "QTY",
        "DEL",
        "BAG",
        "WHR",
        "NWR",
        "API",
        "REQ",
    }
)
_UNITS = frozenset(
    {
        "RS",
        "KG",
        "KGS",
        "MT",
        "Q",
        "QT",
        "QTL",
        "T",
        "TO",
        "INR",
        "AT",
        "OR",
        "PER",
        "BAG",
        "TON",
        "IN",
        "AM",
        "PM",
    }
)


def _pan(match: re.Match[str], text: str) -> tuple[int, int] | None:
    found = match[0]
    if not checks.is_pan(compact(found)):
        return None
    cued = bool(CUES["pan"].search(before(text, match.start())))
    apart = len(found) > 10
    if apart and not (found.isupper() and cued):  # "price 1234 t"
        return None
    if not found.isupper() and found[3] not in "pP" and not cued:
        return None
    return match.span()


def _gstin(match: re.Match[str], text: str) -> tuple[int, int] | None:
    return match.span() if checks.is_gstin(compact(match[0])) else None


def _aadhaar(match: re.Match[str], text: str) -> tuple[int, int] | None:
    number = checks.digits(match[0])
    if not checks.is_aadhaar(number):
        return None
    cued = bool(CUES["aadhaar"].search(before(text, match.start())))
    if not cued and counted(text, *match.span()):  # three prices in a row
        return None
    return match.span()


def _vehicle(match: re.Match[str], text: str) -> tuple[int, int] | None:
    found, plate = match[0], compact(match[0])
    if not checks.is_vehicle(plate):
        return None
    letters = re.sub(r"[0-9]", " ", plate).split()
    cued = bool(CUES["vehicle"].search(before(text, match.start())))
    apart = len(found) > len(plate)
    if (
        apart and not cued and (not found.isupper() or (letters[-1] in _UNITS and "-" not in found))
    ):  # "up 20 rs 5000"
        return None
    return match.span() if len(letters) > 1 or "BH" in plate or cued else None


def _voter(match: re.Match[str], text: str) -> tuple[int, int] | None:
    found = compact(match[0])
    if "/" in match[0]:
        return match.span()
    cued = bool(CUES["voter"].search(before(text, match.start())))
    if not checks.is_epic(found) or (not cued and (found[:3] in _PAPERS or not match[0].isupper())):
        return None
    return match.span()


def _ssn(match: re.Match[str], text: str) -> tuple[int, int] | None:
    area, group, serial = match[0].split(match[0][3])
    return (
        None
        if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000"
        else match.span()
    )


def _said_to_be(match: re.Match[str], text: str) -> tuple[int, int] | None:
    """A number that fails its check, beside the word that says what it should be: still a person's, mistyped."""
    start, end = where(match)
    return None if sum(c.isdigit() for c in match[1]) < 5 or counted(text, end, end) else (start, end)


IDENTITY = (
    Rule("GSTIN", re.compile(LEFT + r"(?:[0-9]{2}[ -]?[A-Za-z]{5}[0-9]{4}[A-Za-z][ -]?[0-9A-Za-z][ -]?[0-9A-Za-z][ -]?[0-9A-Za-z]"
                             r"|[0-9]{4}[A-Z]{3}[0-9]{5}[A-Z]{2}[0-9A-Z])(?![0-9A-Za-z_])"), _gstin, lambda look: "aaaaa0000a" in look.shape or "0000aaa00000aa" in look.shape),
    Rule("PAN", re.compile(r"(?<![0-9A-Za-z_])[A-Za-z]{5}[ -]?[0-9]{4}[ -]?[A-Za-z](?![0-9A-Za-z_])"), _pan, lambda look: "aaaaa0000a" in look.shape or ("pan" in look.low and "aaaaa0000a" in look.squeezed)),
    Rule("VEHICLE", re.compile(r"(?<![0-9A-Za-z_])(?:(?i:" + "|".join(sorted(checks.VEHICLE_STATES)) + r")[ -]?[0-9]{1,2}[A-Za-z]?[ -]?[A-Za-z]{0,2}[ -]?[0-9]{4}"
                               r"|2[0-9][ -]?[Bb][Hh][ -]?[0-9]{4}[ -]?[A-Za-z]{1,2})(?![0-9A-Za-z_])"), _vehicle, shaped("0a0000", "0aa0000", "0aaa0000", "aa00000")),
    Rule("DRIVING_LICENCE", re.compile(r"(?<![0-9A-Za-z_])((?:" + "|".join(sorted(checks.VEHICLE_STATES)) + r")[ -]?[0-9]{2}[ -]?(?:19|20)[0-9]{2}[ -]?[0-9]{7})"
                                       r"(?![0-9A-Za-z_])"), None, shaped("aa0000000000000")),
    Rule("VOTER", re.compile(r"(?<![0-9A-Za-z_])(?:[A-Za-z]{3}[ /-]?[0-9]{7}|[A-Z]{2}/[0-9]{2}/[0-9]{3}/[0-9]{6,7})(?![0-9A-Za-z_])"), _voter, shaped("aaa0000000", "aa00000000000")),
    Rule("PASSPORT", re.compile(r"(?:passport|पासपोर्ट)[^0-9\n]{0,40}?(?<![0-9A-Za-z_])([a-pr-wy] ?[1-9][0-9]{5}[1-9])(?![0-9A-Za-z_])"), None, says("passport", "पासपोर्ट"), True),
    Rule("SSN", re.compile(LEFT + r"(?:[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3} [0-9]{2} [0-9]{4})" + RIGHT), _ssn, lambda look: "000-00-0000" in look.shape or "000 00 0000" in look.shape),
    Rule("AADHAAR", re.compile(LEFT + r"[2-9][0-9]{3}([ -]?)[0-9]{4}\1[0-9]{4}" + RIGHT), _aadhaar, shaped("0" * 12)),
)  # fmt: skip
"""In order of precedence: what comes first keeps its characters."""

SAID_TO_BE = Rule(
    "ID_NUMBER",
    re.compile(
        r"(?:\bpan(?: card)?|\ba+dh?a+r(?: card)?|\ba+dhaar(?: card)?|\buid|\bgstin|\bgst (?:no|number|id)|\bvoter(?: id| card)?|\bepic"
        r"|\bpassport|\b(?:driving )?licen[cs]e|\bration card|\bnational id|\bssn|\bsocial security|आधार|पैन|पासपोर्ट)"
        r"(?: ?(?:no|num|number|id|card|is|hai|ka|नंबर|है|कार्ड)\b\.?){0,4}[ :=#(.-]{0,4}"
        r"(?<![0-9A-Za-z_])((?=[a-z]{0,6}[0-9])[a-z0-9](?:[ -]?[a-z0-9]{1,12}){0,5})(?![0-9A-Za-z_])"
    ),
    _said_to_be,
    says(
        "pan",
        "aadh",
        "adha",
        "uid",
        "gst",
        "voter",
        "epic",
        "passport",
        "licen",
        "ration",
        "national id",
        "ssn",
        "social",
        "आधार",
        "पैन",
        "पासपोर्ट",
    ),
    True,
)
