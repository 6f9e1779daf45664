"""How a person is reached: mail, telephone, pages and machines on the net."""

from __future__ import annotations

import ipaddress
import re

from mandi.feedback.scrub.checks import digits
from mandi.feedback.scrub.recognisers.base import LEFT, RIGHT, Rule, at, counted, says, where

_GAP = r"[ -]{1,3}"
_COUNTRY = r"(?:(?:\(?(?:\+|00) ?91\)?|\(?91\)?)[ -]{0,3}(?:\(0\))?0?|0[ -]?)?"
_MOBILE = "|".join(
    r"[6-9]" + rest
    for rest in (
        r"[0-9]{9}",
        rf"[0-9]{{4}}{_GAP}[0-9]{{5}}",
        rf"[0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}",
        rf"[0-9]{{3}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{3}}",
        rf"[0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}",
        rf"[0-9]{{3}}{_GAP}[0-9]{{6}}",
        rf"[0-9]{{5}}{_GAP}[0-9]{{4}}",
        rf"[0-9]{{2}}{_GAP}[0-9]{{7}}",
        rf"[0-9](?:{_GAP}[0-9]{{2}}){{4}}",
    )
)
_EXTENSION = r"(?: ?(?:x|ext\.?|extn\.?) ?[0-9]{1,6})?"
_SAYS_PHONE = r"(?:\b(?:phone|ph|mob|mobile|tel|telephone|cell|whats ?app|call|fax|dial|contact no|contact number|phn|sms|text me)\b|फोन|मोबाइल|कॉल)"
_TLD = r"(?:com|in|org|net|edu|gov|io|info|biz|co|us|uk|de|fr|ai|app|dev|me|tv)"


_NORTH = re.compile(r"000\)? ?[-.]?000[-. ]0000")
_DOMAIN = re.compile(rf"[a-z0-9]\.{_TLD}\b")


def _closed(match: re.Match[str]) -> tuple[int, int]:
    """The number in "(98200 12345)" does not begin with the bracket."""
    return match.start() + (match[0][0] == "(" and ")" not in match[0]), match.end()


def _abroad(match: re.Match[str], text: str) -> tuple[int, int] | None:
    return _closed(match) if 8 <= len(digits(match[0].partition("x")[0].partition("e")[0])) <= 15 else None


def _mobile(match: re.Match[str], text: str) -> tuple[int, int] | None:
    if counted(text, *match.span()):
        return None
    return _closed(match)


def _area(match: re.Match[str], text: str) -> tuple[int, int] | None:
    size = len(digits(match[0]))
    return _closed(match) if 9 <= size <= 12 and not counted(text, *match.span()) else None


def _said(match: re.Match[str], text: str) -> tuple[int, int] | None:
    size, (start, end) = len(digits(match[1])), where(match)
    return (start, end) if 7 <= size <= 15 and not counted(text, end, end) else None


def _ip(match: re.Match[str], text: str) -> tuple[int, int] | None:
    try:
        ipaddress.ip_address(match[0])
    except ValueError:
        return None
    return match.span()


def _url(match: re.Match[str], text: str) -> tuple[int, int] | None:
    found = match[0].rstrip(".,;:!?)'\"]}>")
    return match.start(), match.start() + len(found)


EMAIL = Rule(
    "EMAIL",
    re.compile(
        r"(?<![\w.%+@-])[\w.%+'&-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,6}[A-Za-z]{2,24}(?![\w@-])"
    ),
    gate=at,
)
EMAIL_SPOKEN = Rule(
    "EMAIL",
    re.compile(
        r"(?<![\w.@-])[\w.%+-]{2,64}(?: ?[\[(] ?at ?[\])] ?| at )[a-z0-9-]{2,63}(?:(?: ?[\[(] ?dot ?[\])] ?| dot )[a-z]{2,8}){1,2}(?!\w)"
    ),
    gate=lambda look: " dot " in look.low or "[at]" in look.low or "(at)" in look.low or "[dot]" in look.low,
    lowered=True,
)
URL = Rule(
    "URL",
    re.compile(rf"(?:(?<![\w@])(?:https?|ftp)://[^\s<>\"']{{2,2048}}|(?<![\w@.-])www\.[^\s<>\"']{{3,2048}}|(?<![\w@.-])(?:[a-z0-9-]{{2,63}}\.){{1,3}}{_TLD}(?:/[^\s<>\"']{{0,2048}})?(?![\w@.-]\w|\w|@))"),
    _url,
    lambda look: "://" in look.low or "www." in look.low or _DOMAIN.search(look.low) is not None,
    True,
)  # fmt: skip
IP = Rule(
    "IP",
    re.compile(
        r"(?<![\w.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.[0-9])"
    ),
    _ip,
    lambda look: look.text.count(".") > 2 or look.text.count(":") > 1,
)
PHONES = (
    Rule("PHONE", re.compile(rf"{LEFT}(?:{_COUNTRY})(?:{_MOBILE})(?![0-9A-Za-z_])(?![.,:-][0-9])(?! ?- ?[0-9]{{2}})".replace("(?<![0-9A-Za-z_+])", "(?<![0-9A-Za-z_])", 1)), _mobile, lambda look: "0" * 10 in look.squeezed),
    Rule("PHONE", re.compile(rf"(?<![0-9A-Za-z_])(?<![0-9][.,:-])(?:\+ ?91[ -]{{1,2}}|\(0|0)(?:[1-8][0-9]\)?[ -]{{1,3}}[2-8][0-9]{{7}}|[1-8][0-9]{{2}}\)?[ -]{{1,3}}[2-8][0-9]{{6}}|[1-8][0-9]{{3}}\)?[ -]{{1,3}}[2-8][0-9]{{5}}){RIGHT}"), _mobile, lambda look: "0" * 10 in look.squeezed),
    Rule("PHONE", re.compile(rf"(?<![\w+])\(?\+ ?[1-9][0-9]{{0,2}}\)?(?:[ ().-]{{0,3}}[0-9]){{6,13}}{_EXTENSION}(?![0-9A-Za-z_])"), _abroad, lambda look: "+" in look.text and "0" * 7 in look.squeezed),
    Rule("PHONE", re.compile(rf"(?<![\w+])00[1-9][0-9]{{0,2}}(?:[ ().-]{{1,3}}[0-9]{{1,8}}){{2,6}}{_EXTENSION}(?![0-9A-Za-z_])"), _abroad, lambda look: "00" in look.text and "0" * 9 in look.squeezed),
    Rule("PHONE", re.compile(rf"{LEFT}\(?0[0-9]{{1,4}}\)?(?:[ /-]{{1,3}}[0-9]{{2,8}}){{1,4}}{_EXTENSION}{RIGHT}"), _area, lambda look: "0" in look.text and "0" * 9 in look.squeezed),
    Rule("PHONE", re.compile(rf"{LEFT}(?:\+?1[ .-])?(?:\([0-9]{{3}}\) ?|[0-9]{{3}}[.-])[0-9]{{3}}[ .-][0-9]{{4}}{_EXTENSION}{RIGHT}"), None, lambda look: "0000000000" in look.squeezed and _NORTH.search(look.shape) is not None),
    Rule("PHONE", re.compile(rf"{_SAYS_PHONE}[^0-9+(]{{0,24}}(\(?\+?[0-9](?:[ ().-]{{0,2}}[0-9]){{6,14}}{_EXTENSION}){RIGHT}"), _said, says("ph", "mob", "tel", "cell", "whats", "call", "fax", "dial", "contact", "sms", "text me", "फोन", "मोबाइल", "कॉल"), True),
)  # fmt: skip
