"""Tables of names and the places they stand for, as "package.module:attribute": what is not asked for is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mandi.core.errors import UnknownValue, nearest


def looked_up(name: str, places: Mapping[str, str], what: str) -> Any:
    """Import what a name stands for; without an attribute, the module itself.

    Parameters
    ----------
    name : str
    places : mapping of name to "package.module" or "package.module:attribute"
    what : str
        How the error calls it: a model, a counter, ...

    Raises
    ------
    UnknownValue
        The name is not in the table; the nearest one is named.

    Examples
    --------
    >>> looked_up("units", {"units": "mandi.core.units:KG"}, "table")["quintal"]
    100.0
    """
    if name not in places:
        raise UnknownValue(f'no {what} "{name}"{nearest(name, places)}', allowed=", ".join(places))
    module, _, attribute = places[name].partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found
