"""Stand-ins of personal data: the same person, number or address gets the same one wherever the salt is the same."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache

from mandi.feedback.scrub.checks import digits
from mandi.feedback.scrub.recognisers.base import compact
from mandi.feedback.scrub.rules import plain

LETTERS = "bcdfghjkmnpqrstvwxz"
"""No vowels and no digits: a stand-in is never a word, and never looks like a number to a recogniser."""
SIZE = 6
STAND_IN = re.compile(rf"\[[A-Z][A-Z_]{{1,18}}_[{LETTERS}]{{{SIZE}}}\]")
_LOWER = frozenset({"EMAIL", "URL", "UPI", "IP"})
_WORDS = frozenset({"PERSON", "ADDRESS"})


class Pseudonyms:
    """Makes stand-ins.

    Parameters
    ----------
    salt : str, int or bytes
        Whose data it is: of an organisation, or of a data set. Without it a stand-in cannot be recomputed.

    Examples
    --------
    >>> stand_in = Pseudonyms("organisation 1")
    >>> stand_in("PHONE", "+91 98200 12345") == stand_in("PHONE", "098200-12345")
    True
    >>> bool(STAND_IN.fullmatch(stand_in("PERSON", "Asha Rao"))), stand_in("PERSON", "asha rao") == stand_in("PERSON", "Asha  Rao")
    (True, True)
    """

    def __init__(self, salt: str | int | bytes) -> None:
        key = salt if isinstance(salt, bytes) else str(salt).encode()
        self._key = hashlib.sha256(b"mandi scrub\0" + key).digest()
        self._made = lru_cache(maxsize=16_384)(self._make)

    def __call__(self, kind: str, value: str) -> str:
        """Return the stand-in, as ``[PERSON_hkqvnt]``."""
        return self._made(kind, _canonical(kind, value))

    def _make(self, kind: str, value: str) -> str:
        number = int.from_bytes(hmac.digest(self._key, f"{kind}\0{value}".encode(), "sha256")[:8], "big")
        drawn = []
        for _ in range(SIZE):
            number, place = divmod(number, len(LETTERS))
            drawn.append(LETTERS[place])
        return f"[{kind}_{''.join(drawn)}]"


def _canonical(kind: str, value: str) -> str:
    value = plain(value)
    if kind == "PHONE":
        number = digits(value.lower().partition("x")[0].partition("e")[0]).lstrip("0")
        return number[2:] if len(number) == 12 and number.startswith("91") else number
    if kind in _LOWER:
        return value.lower()
    if kind in _WORDS:
        return " ".join("".join(c if c.isalnum() else " " for c in value.casefold()).split())
    return compact(value)
