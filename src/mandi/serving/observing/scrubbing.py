"""Takes out of a line of text whatever looks like a key, a password, an address or a number of a person or a firm."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mandi.feedback.scrub.rules import Rules

OUT = "***"
KINDS = ("AADHAAR", "BANK_ACCOUNT", "CARD", "EMAIL", "GSTIN", "IFSC", "PAN", "PHONE", "UPI", "VOTER")
"""What the checked recognisers take out of a line; addresses of machines and pages are worth having in a log."""
SHORTEST_SECRET = 6
FEWEST_DIGITS = 4  # a PAN has four
SHORT = 80  # lines of the code itself come again and again
OUR_ID = re.compile(r"[0-9a-f]{32}")
_KEYS = r"\b(?:sk|pk|rk|mk|gsk|xai|hf|ghp|gho|github_pat|xox[abprs])[-_][A-Za-z0-9_-]{8,}|\bAIza[A-Za-z0-9_-]{20,}|\bAKIA[A-Z0-9]{12,}"
_TOKEN_OF_PARTS = r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"
_LONG = r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{40,}"
_EMAIL = r"[^\s@<>\"'=:,;()\[\]{}/]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_PHONE_ABROAD = r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)"
_PHONE_INDIA = r"(?<![\w.,+-])(?:0|91[ -]?)?[6-9]\d{4}[ -]?\d{5}(?![\w]|[.,-]\d)"
PLAIN = re.compile("|".join((_KEYS, _TOKEN_OF_PARTS, _LONG, _EMAIL, _PHONE_ABROAD, _PHONE_INDIA)))
SCHEMES = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}")
USERS_OF_URLS = re.compile(r"(?<=://)[^/\s@'\"]+@")
NAMED = re.compile(
    r"""(?ix) ( ["']? \b [a-z_-]{0,30}
        (?: passwor[dt] | passwd | pwd | secret | api[_-]?key | authorization | credentials? | cookie
          | (?:access|refresh|session|bearer|auth|id)[_-]token | (?<![a-z_-])(?:token|key|sig|signature)(?=["']?\s*=) )
        [a-z_-]{0,30} ["']? \s{0,3} [:=] \s{0,3} )
        ( "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s,;&)}\]"']+ )"""
)
CONTENTS = re.compile(
    r"\[parameters: .*?\](?=\n|$|\s*\(Background)|input_value=.*?(?=, input_type=)", re.DOTALL
)
"""What a database or a check of shapes quotes of the data it choked on."""


class Scrubber:
    """Scrubs text; the secrets of this service are taken out wherever they stand, whatever they look like.

    Parameters
    ----------
    secrets : iterable of str
        Values that must never be seen.

    Examples
    --------
    >>> scrub = Scrubber(["swordfish"])
    >>> scrub("Bearer mk_0123456789abcdef told a@b.in the word swordfish on +91 98200 12345")
    'Bearer *** told *** the word *** on ***'
    >>> scrub('postgresql://me:pw@db/mandi {"password": "x y", "total_tokens": 12} 4,512.50')
    'postgresql://***@db/mandi {"password": ***, "total_tokens": 12} 4,512.50'
    >>> scrub("seller ABCPD1234Z, GSTIN 27AAPFU0939F1ZV, a/c 50100234567891 and a lot of 27AAPFU0939F1ZW")
    'seller ***, GSTIN ***, a/c *** and a lot of 27AAPFU0939F1ZW'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._rules = Rules(KINDS)
        self._short = lru_cache(maxsize=2048)(self._scrubbed)

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        if OUR_ID.fullmatch(text):
            return text
        return self._short(text) if len(text) <= SHORT else self._scrubbed(text)

    def _scrubbed(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(OUT, text)
        text = CONTENTS.sub(OUT, text)
        text = USERS_OF_URLS.sub(f"{OUT}@", text)
        text = SCHEMES.sub(rf"\1 {OUT}", text)
        text = NAMED.sub(rf"\1{OUT}", text)
        text = PLAIN.sub(OUT, text)
        if sum(map(text.count, "0123456789")) < FEWEST_DIGITS and "@" not in text:
            return text
        for span in reversed(self._rules.find(text)):
            text = text[: span.start] + OUT + text[span.end :]
        return text
