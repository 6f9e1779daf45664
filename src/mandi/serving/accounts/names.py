"""Names of people and organisations, addresses and time zones: read simply, and written one way."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

MARKS = "._-@+"
EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>.]{2,}")


def user_name(given: str) -> str:
    """Return the name of a user as it is kept: NFC, without capitals.

    Letters of any script with their marks, digits, and ``. _ - @ +``.

    Raises
    ------
    ValueError
        It holds something else.

    Examples
    --------
    >>> user_name("Priya.K")
    'priya.k'
    """
    name = unicodedata.normalize("NFC", given).lower()
    if strange := next((c for c in name if unicodedata.category(c)[0] not in "LMN" and c not in MARKS), None):
        raise ValueError(f"{strange!r} is not for a name; allowed: letters, digits, . _ - @ +")
    if not any(unicodedata.category(c)[0] in "LN" for c in name):
        raise ValueError("a name has letters or digits")
    return name


def email_address(given: str) -> str:
    """Return an e-mail address without capitals.

    Raises
    ------
    ValueError
        It has not the shape of one.

    Examples
    --------
    >>> email_address("Priya@Example.org")
    'priya@example.org'
    """
    address = unicodedata.normalize("NFC", given).lower()
    if not EMAIL.fullmatch(address) or any(unicodedata.category(c) == "Cc" for c in address):
        raise ValueError("this is not an e-mail address, for example priya@example.org is one")
    return address


def title(given: str) -> str:
    """Return a name that people read: NFC, one space between words, nothing that cannot be seen.

    Raises
    ------
    ValueError
        It holds control characters, or nothing.

    Examples
    --------
    >>> title("  Narmada   Traders ")
    'Narmada Traders'
    """
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in name) or not name:
        raise ValueError("a name has letters and nothing that cannot be seen")
    return name


def zone(given: str) -> str:
    """Return the name of a time zone.

    Raises
    ------
    ValueError
        There is no such zone.

    Examples
    --------
    >>> zone("Asia/Kolkata")
    'Asia/Kolkata'
    """
    from zoneinfo import available_timezones

    if given not in available_timezones():
        raise ValueError(f'there is no time zone "{given}", for example Asia/Kolkata is one')
    return given


UserName = Annotated[str, Field(min_length=2, max_length=50), AfterValidator(user_name)]
Email = Annotated[str, Field(min_length=5, max_length=100), AfterValidator(email_address)]
Title = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(title)]
Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(zone)]
