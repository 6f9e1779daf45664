"""Runs the recognisers over a text and settles who keeps which characters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mandi.core.errors import ConfigError
from mandi.feedback.scrub.recognisers import contact, dates, identity, money
from mandi.feedback.scrub.recognisers.base import Rule, look, where

RULES: tuple[Rule, ...] = (
    contact.EMAIL, contact.URL, money.UPI, contact.EMAIL_SPOKEN, *identity.IDENTITY[:-2], money.IBAN, money.IFSC, *money.ACCOUNTS, money.CARD,
    *identity.IDENTITY[-2:], dates.BIRTH, *contact.PHONES, contact.IP, *dates.AGES, dates.DATE, identity.SAID_TO_BE,
)  # fmt: skip
"""In order of precedence."""

KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))
"""What rules can find. Dates of trade are worth having, so ``DATE`` is only looked for when it is asked for."""
USUAL = tuple(kind for kind in KINDS if kind != "DATE")

_ANY = re.compile(r"[0-9@]|://|www\.|\.[a-zA-Z]{2}| dot ")
_SAME = str.maketrans(
    {chr(zero + n): str(n) for zero in (0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0660, 0x06F0, 0xFF10) for n in range(10)}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-") | dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " ") | {"\uff20": "@", "\uff0b": "+"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where personal data stands in a text; it does not hold the data itself.

    Attributes
    ----------
    start, end : int
        Characters of the text that was read.
    kind : str
    """

    start: int
    end: int
    kind: str


def plain(text: str) -> str:
    """Return a text with digits of other scripts, dashes and spaces in their ASCII form, each in its place.

    Examples
    --------
    >>> plain("मोबाइल ९८२०० १२३४५")
    'मोबाइल 98200 12345'
    """
    return text if text.isascii() else text.translate(_SAME)


class Rules:
    """The recognisers of some kinds.

    Parameters
    ----------
    kinds : collection of str
        Of ``KINDS``.

    Raises
    ------
    ConfigError
        A kind is not known.

    Examples
    --------
    >>> Rules().find("PAN ABCPD1234Z, rate 7200")
    [Span(start=4, end=14, kind='PAN')]
    """

    def __init__(self, kinds: Collection[str] = USUAL) -> None:
        if odd := sorted(set(kinds) - set(KINDS)):
            raise ConfigError(f"no rule finds {odd[0]!r}", allowed=", ".join(KINDS))
        self._rules = [rule for rule in RULES if rule.kind in kinds]

    def find(self, text: str) -> list[Span]:
        """Return what the rules find, sorted, without overlaps; time is linear in the length of the text."""
        text = plain(text)
        if not _ANY.search(text):
            return []
        seen = look(text)
        found: list[Span] = []
        for rule in self._rules:
            if rule.gate(seen):
                for match in rule.pattern.finditer(seen.low if rule.lowered else text):
                    place = rule.check(match, text) if rule.check else where(match)
                    if place is not None:
                        found.append(Span(*place, rule.kind))
        return settled(found) if len(found) > 1 else found


def settled(found: Iterable[Span]) -> list[Span]:
    """Return spans without overlaps: of those that overlap, the one named first stays.

    Examples
    --------
    >>> settled([Span(4, 9, "A"), Span(0, 5, "B"), Span(9, 12, "C")])
    [Span(start=4, end=9, kind='A'), Span(start=9, end=12, kind='C')]
    """
    kept: list[Span] = []
    taken: set[int] = set()
    for span in found:
        if not any(k in taken for k in range(span.start, span.end)):
            kept.append(span)
            taken.update(range(span.start, span.end))
    return sorted(kept)
