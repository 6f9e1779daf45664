"""One name per commodity, however a source spells it."""

from __future__ import annotations

import re
from collections.abc import Mapping

SPELLINGS = {
    "soybean": r"soya ?bean|soybean|soya|soyabeen",
    "tur": r"arhar.*|tur|toor|red gram|pigeon pea.*",
    "cotton": r"cotton|kapas",
}


def commodity_name(text: str, more: Mapping[str, str] | None = None) -> str:
    """Return the canonical name: lower case, words joined by ``_``.

    Parameters
    ----------
    text : str
        As a source spells it.
    more : mapping, optional
        Spellings of one's own -> canonical names; they come first.

    Examples
    --------
    >>> [commodity_name(t) for t in ("Soyabean", "Arhar (Tur/Red Gram)(Whole)", "Iron Ore", "iron_ore")]
    ['soybean', 'tur', 'iron_ore', 'iron_ore']
    >>> commodity_name("Bt-Kapas", {"Bt-Kapas": "cotton"})
    'cotton'
    """
    if more and text in more:
        return more[text]
    plain = " ".join(re.split(r"[\s_]+", text.strip().lower()))
    for name, pattern in SPELLINGS.items():
        if re.fullmatch(pattern, plain):
            return name
    return "_".join(re.findall(r"[a-z0-9]+", plain))
