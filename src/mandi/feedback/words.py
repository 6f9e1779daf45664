"""Words on their way into a record or out of it: personal data is put under pseudonyms, whatever the words are nested in."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pandas import DataFrame

NAMING = ("commodity", "market", "state", "variety")
"""Columns whose values name something of trade. Names of partners are none of them: a firm may be called after a person."""


class Words(Protocol):
    """Whoever takes personal data out of texts; doing it twice changes nothing more."""

    def text(self, text: str) -> str:
        """Return a text without personal data."""
        ...

    def value(self, value: Any) -> Any:
        """Return plain data whose texts hold no personal data."""
        ...


class ScrubbedWords:
    """Texts as the scrubber of the project leaves them.

    Parameters
    ----------
    salt : str
        Key of its pseudonyms.
    keep : collection of str
        Names of commodities, markets, states and varieties, which are nobody's; see ``trade_names``.

    Examples
    --------
    >>> words = ScrubbedWords("a salt")
    >>> "98200" in words.text("call +91 98200 12345"), words.value({"price": 7100, "PAN": "none"})
    (False, {'price': 7100, 'PAN': 'none'})
    """

    def __init__(self, salt: str, keep: Collection[str] = ()) -> None:
        from mandi.feedback.scrub import Scrubber

        self._scrubber = Scrubber(salt, keep=keep)

    def text(self, text: str) -> str:
        """Return a text without personal data."""
        return self._scrubber.scrub(text).text

    def value(self, value: Any) -> Any:
        """Return plain data whose texts hold no personal data; names of fields stay."""
        return each_text(value, self.text)


def trade_names(frames: Iterable[DataFrame]) -> frozenset[str]:
    """Return the commodities, markets, states and varieties that tables name: what a scrubber is to keep.

    A variety with a number in its name is left out: "Shankar-6" is cotton, and Shankar is somebody.

    Parameters
    ----------
    frames : iterable of DataFrame
        Of the columns of ``NAMING`` those that are there.

    Examples
    --------
    >>> import pandas as pd
    >>> reports = pd.DataFrame({"commodity": ["iron_ore", "wheat"], "market": ["Barbil", "Sehore"], "variety": ["Fines", "HD-2967"]})
    >>> sorted(trade_names([reports]))
    ['Barbil', 'Fines', 'Sehore', 'iron_ore', 'wheat']
    """
    found = {
        str(name)
        for frame in frames
        for column in NAMING
        if column in frame.columns
        for name in frame[column].dropna().unique()
    }
    return frozenset(name for name in found if name and not re.search(r"\d", name))


def made_once(make: Callable[[], Words]) -> Callable[[], Words]:
    """Return what makes somebody who scrubs at the first call, from whichever thread it comes, and gives the same one ever after.

    Examples
    --------
    >>> made = []
    >>> give = made_once(lambda: made.append("a scrubber"))
    >>> _ = give(), give()
    >>> made
    ['a scrubber']
    """
    lock = threading.Lock()
    found: list[Words] = []

    def give() -> Words:
        with lock:
            if not found:
                found.append(make())
            return found[0]

    return give


def each_text(value: Any, change: Any) -> Any:
    """Return plain data with every text in it changed; the names of fields, numbers and what else there is stay.

    Examples
    --------
    >>> each_text({"a": ["x", 1, {"b": "y"}], "c": None}, str.upper)
    {'a': ['X', 1, {'b': 'Y'}], 'c': None}
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {str(name): each_text(each, change) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [each_text(each, change) for each in value]
    return value
