"""Keeps what was made from the same things: a search fits a member on the same rows trial after trial.

Nothing is kept unless :func:`remembering` is open, and then only by what the thing was made from, value by value. What is kept is
handed out again as it is, so it must not be changed after it was made.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")
MOST = 200  # things of one name; the one not asked for longest goes first
_KEPT: ContextVar[dict[str, OrderedDict[bytes, Any]] | None] = ContextVar("kept", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Keep what :func:`remembered` makes until the block ends; a block inside another shares what that one keeps.

    Examples
    --------
    >>> with remembering():
    ...     first = remembered("list", lambda: [1], "a", 1)
    ...     first is remembered("list", lambda: [1], "a", 1), first is remembered("list", lambda: [1], "a", 2)
    (True, False)
    """
    if _KEPT.get() is not None:
        yield
        return
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def remembered(name: str, make: Callable[[], Made], *parts: Any) -> Made:
    """Return what was made from the same parts before, or make it.

    Parameters
    ----------
    name : str
        What kind of thing it is.
    make : callable
        Gives the same for the same parts: it reads nothing else that changes, and draws by a seed.
    parts : arrays, numbers, texts, dataclasses, and lists, tuples and mappings of them
        All that decides it.

    Raises
    ------
    TypeError
        A part is of another kind: its value cannot be told.

    Examples
    --------
    >>> remembered("list", lambda: [1], "a") is remembered("list", lambda: [1], "a")
    False
    """
    kept = _KEPT.get()
    if kept is None:
        return make()
    mine = kept.setdefault(name, OrderedDict())
    whole = hashlib.blake2b(digest_size=20)
    _told(whole.update, parts)
    key = whole.digest()
    if key in mine:
        mine.move_to_end(key)
    else:
        mine[key] = make()
        if len(mine) > MOST:
            mine.popitem(last=False)
    found: Made = mine[key]
    return found


def _told(tell: Callable[[bytes], None], part: Any) -> None:
    # every value is told with its kind and its length, so that no two lists of parts read alike
    if isinstance(part, np.ndarray):
        tell(f"array {part.dtype.str} {part.shape} ".encode())
        if part.dtype.hasobject:
            _told(tell, part.ravel().tolist())
        else:
            tell(np.ascontiguousarray(part).tobytes())
    elif isinstance(part, list | tuple):
        tell(f"{len(part)} of ".encode())
        for one in part:
            _told(tell, one)
    elif isinstance(part, Mapping):
        _told(tell, [[key, part[key]] for key in sorted(part, key=repr)])
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        tell(type(part).__qualname__.encode())
        _told(tell, {field.name: getattr(part, field.name) for field in dataclasses.fields(part)})
    elif part is None or isinstance(part, str | bytes | bool | int | float | np.generic):
        text = repr(part)
        tell(f"{type(part).__name__} {len(text)} {text} ".encode())
    else:
        raise TypeError(f"{type(part).__name__} cannot be told by its value")
