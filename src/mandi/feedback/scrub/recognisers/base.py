"""What a recogniser of numbers and addresses is made of, and what lies around a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Gate = Literal["any", "at", "digits", "long", "mixed"]
"""What a text must hold before a rule is worth running: an @, a digit, seven digits close together, letters beside digits."""

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
    gate : str
        See ``Gate``.
    """

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[re.Match[str], str], tuple[int, int] | None] | None = None
    gate: Gate = "long"


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
