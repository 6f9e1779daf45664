"""What the implementations of shared state have in common: which keys and times they accept, and a change that waits its turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mandi.core.errors import UnknownValue
from mandi.store.shared_state import Change

LONGEST_KEY = 200


@dataclass(slots=True)
class Wanted:
    """A change that waits for its turn, and what became of it."""

    key: str
    change: Change[Any]
    ttl_s: float | None = None
    done: bool = False
    result: Any = None
    error: BaseException | None = None

    def outcome(self) -> Any:
        """Return what the change said, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return self.result


def checked(key: str, ttl_s: float | None = None) -> str:
    """Return the key, or refuse it.

    Raises
    ------
    UnknownValue
        The key is empty or too long, or the time to live is not above 0.

    Examples
    --------
    >>> checked("quota:org-1")
    'quota:org-1'
    >>> checked("quota:org-1", ttl_s=0)
    Traceback (most recent call last):
    mandi.core.errors.UnknownValue: the time to live of quota:org-1 is 0 s
      allowed: more than 0 seconds, or None
    """
    if not 0 < len(key) <= LONGEST_KEY:
        raise UnknownValue(f"the key has {len(key)} characters", allowed=f"1 to {LONGEST_KEY}")
    if ttl_s is not None and not ttl_s > 0:
        raise UnknownValue(f"the time to live of {key} is {ttl_s} s", allowed="more than 0 seconds, or None")
    return key
