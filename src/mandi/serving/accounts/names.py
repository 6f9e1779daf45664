"""Names of people and organisations, addresses and time zones: read simply, and written one way."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import TypeAliasType

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler, JsonValue
    from pydantic_core import CoreSchema

MARKS = "._-@+"
LONGEST_NAME, LONGEST_ADDRESS, LONGEST_TITLE = 50, 100, 100
_LETTERS = r"\p{L}\p{M}\p{N}._@+-"
# classes are spelled out: blanks and controls are others to each reader of a pattern
_NOT_IN_ADDRESS = r"@,;<>\s\x00-\x1f\x7f-\x9f\ufeff"
_UNSEEN = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff" + "\U000f0000-\U0010ffff"
)
_BLANK = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
USER_NAME = rf"^[{_LETTERS}]*[\p{{L}}\p{{N}}][{_LETTERS}]*$"
EMAIL = rf"^[^{_NOT_IN_ADDRESS}]{{1,64}}@[^{_NOT_IN_ADDRESS}]+\.[^{_NOT_IN_ADDRESS}.]{{2,}}$"
TITLE = rf"^[^{_UNSEEN}]*[^{_UNSEEN}{_BLANK}][^{_UNSEEN}]*$"
r"""What the contract says of names; ``\p`` is of its dialect, ECMA 262, and Python has no such classes."""


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
    return _within(LONGEST_NAME, name)


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
    if not re.fullmatch(EMAIL[1:-1], given):
        raise ValueError("this is not an e-mail address, for example priya@example.org is one")
    return _within(LONGEST_ADDRESS, address)


def title(given: str) -> str:
    """Return a name that people read: NFC, one space between words, nothing that cannot be seen.

    Raises
    ------
    ValueError
        It holds control characters, or others that no font has, or nothing.

    Examples
    --------
    >>> title("  Narmada   Traders ")
    'Narmada Traders'
    """
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not re.fullmatch(TITLE[1:-1], given):
        raise ValueError("a name has letters and nothing that cannot be seen")
    return _within(LONGEST_TITLE, name)


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
    if given not in _zones():
        raise ValueError(f'there is no time zone "{given}", for example Asia/Kolkata is one')
    return given


@cache
def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones() - {"localtime"})  # the machine's own, whichever that is


def _within(most: int, text: str) -> str:
    if len(text) > most:  # a letter written one way may be several
        raise ValueError(f"{len(text)} characters once it is written one way; allowed: {most}")
    return text


def _shaped(pattern: str) -> dict[str, JsonValue]:
    return {"pattern": pattern}


class _AnyZone:
    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": sorted(_zones())}


UserName = Annotated[
    str,
    Field(min_length=2, max_length=LONGEST_NAME, json_schema_extra=_shaped(USER_NAME)),
    AfterValidator(user_name),
]
Email = Annotated[
    str,
    Field(min_length=5, max_length=LONGEST_ADDRESS, json_schema_extra=_shaped(EMAIL)),
    AfterValidator(email_address),
]
Title = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TITLE, json_schema_extra=_shaped(TITLE)),
    AfterValidator(title),
]
Zone = TypeAliasType("Zone", Annotated[str, AfterValidator(zone), _AnyZone()])
