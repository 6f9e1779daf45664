"""What a recogniser of numbers and addresses is made of, and what lies around a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """A text seen four ways, so that a rule that cannot find anything in it is not run.

    Attributes
    ----------
    text, low : str
        As it is; in small letters.
    shape, squeezed : str
        ``0`` for a digit, ``a`` for a letter; squeezed is without what stands between digits of a number.
    """

    text: str
    low: str
    shape: str
    squeezed: str


Gate = Callable[[Look], bool]

LEFT = r"(?<![0-9A-Za-z_+])(?<![0-9][.,:-])"
RIGHT = r"(?![0-9A-Za-z_])(?![.,:-][0-9])"
"""A number neither begins nor ends inside a longer one."""

_MONEY_BEFORE = re.compile(
    r"(?:\brs\.?|\binr|₹|\$|\busd|\bprices?|\brates?|\bbhav|\bbhaav|\bdaam|\bamount|\bbetween|\brange|\bvalue|भाव|रु\.?|\bqty|\bquantity"
    r"|\b(?:order|lot|invoice|bill|ref(?:erence)?|batch|utr|awb|ticket|deal|contract|challan|receipt|request|txn|transaction|lr)"
    r"(?: ?(?:no|num|number|id))?\.?)[\s:=#(-]{0,3}(?:is |was |of |hai |from )?$",
    re.IGNORECASE,
)
_MONEY_AFTER = re.compile(
    r"\s{0,2}(?:/-|/|per\b|rs\b|inr\b|₹|rupees?\b|rupaye\b|rupay\b|quintals?\b|qtl|kgs?\b|tonnes?\b|tons?\b|mt\b|bags?\b|bales?\b|candy\b"
    r"|maund|boris?\b|katte\b|lakhs?\b|crores?\b|रुपये|क्विंटल|%)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rule:
    """A recogniser: a pattern and what else must hold.

    Attributes
    ----------
    kind : str
    pattern : re.Pattern
        Linear in the length of the text; group 1, if there is one, is what is personal.
    check : callable, optional
        Takes the match and the whole text; returns start and end, or None for a near miss.
    gate : callable
        Tells from a ``Look`` whether the rule is worth running.
    lowered : bool
        Whether the pattern reads small letters.
    """

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str], str], tuple[int, int] | None] | None = None
    gate: Gate = lambda look: "0" * 9 in look.squeezed
    lowered: bool = False


_SHAPE = (
    dict.fromkeys(range(128), "a") | {ord(c): "0" for c in "0123456789"} | {ord(c): c for c in " ().+-/:@,\n"}
)
_SQUEEZED = (
    dict.fromkeys(range(128), "a")
    | {ord(c): "0" for c in "0123456789"}
    | dict.fromkeys(map(ord, " ().+-/"), None)
)


def look(text: str) -> Look:
    """Return the four views of a text.

    Examples
    --------
    >>> look("Ph 98-20").shape, look("Ph 98-20").squeezed
    ('aa 00-00', 'aa0000')
    """
    return Look(text, lower(text), text.translate(_SHAPE), text.translate(_SQUEEZED))


def lower(text: str) -> str:
    """Return small letters, each in its place.

    Examples
    --------
    >>> len(lower("İ")), lower("AB")
    (1, 'ab')
    """
    low = text.lower()
    return low if len(low) == len(text) else "".join(c if len(c.lower()) > 1 else c.lower() for c in text)


def anyhow(look: Look) -> bool:
    """Run on every text."""
    return True


def says(*words: str) -> Gate:
    """Return a gate that opens for a text with one of some words, in small letters, and five digits close together."""

    def gate(look: Look) -> bool:
        if "00000" in look.squeezed:
            low = look.low
            for word in words:
                if word in low:
                    return True
        return False

    return gate


def says_any(*words: str) -> Gate:
    """Return a gate that opens for a text with one of some words, in small letters."""

    def gate(look: Look) -> bool:
        low = look.low
        for word in words:  # noqa: SIM110
            if word in low:
                return True
        return False

    return gate


def at(look: Look) -> bool:
    """Run on a text with an @."""
    return "@" in look.text


def shaped(*shapes: str) -> Gate:
    """Return a gate that opens for a text whose squeezed view holds one of some shapes."""

    def gate(look: Look) -> bool:
        squeezed = look.squeezed
        for shape in shapes:  # noqa: SIM110
            if shape in squeezed:
                return True
        return False

    return gate


def compact(text: str) -> str:
    """Return letters and digits alone, in capitals.

    Examples
    --------
    >>> compact("mh-12 ab 1234")
    'MH12AB1234'
    """
    return "".join(c for c in text if c.isalnum()).upper()


def where(match: re.Match[str]) -> tuple[int, int]:
    """Return start and end of group 1, else of the match."""
    return match.span(1 if match.re.groups else 0)


def before(text: str, start: int, reach: int = 40) -> str:
    """Return what stands before a place, on its line, in small letters."""
    return text[max(0, start - reach) : start].rpartition("\n")[2].lower()


def counted(text: str, start: int, end: int) -> bool:
    """Tell whether a number is money, a quantity or the number of a paper by the words beside it.

    Examples
    --------
    >>> counted("rate 61000 62500", 5, 16), counted("61000 62500 per candy", 0, 11), counted("call 61000 62500", 5, 16)
    (True, True, False)
    """
    return bool(_MONEY_AFTER.match(text, end) or _MONEY_BEFORE.search(text[max(0, start - 32) : start]))
