"""How long a call may take altogether, and how much of that one provider gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited.

    Attributes
    ----------
    total_s : float
        For the whole call, retries and everybody who is asked after the first included.
    attempt_s : float
        For one try: until its answer, or its first piece when it streams.
    kept_s : float
        Kept back from a try while somebody else may still be asked.
    fair_s : float
        A try that had less time than this does not count against its provider when it is late: the time was ours.
    """

    total_s: float = 30.0
    attempt_s: float = 20.0
    kept_s: float = 2.0
    fair_s: float = 5.0


class Deadline:
    """The end of a call on a clock that only grows.

    Parameters
    ----------
    seconds : float
        From now.
    clock : callable, optional
        The running loop's own clock if not given.

    Examples
    --------
    >>> deadline = Deadline(30.0, clock=lambda: 100.0)
    >>> deadline.at, deadline.left_s, deadline.is_over
    (130.0, 30.0, False)
    >>> deadline.for_attempt(Patience(), others_wait=True), deadline.for_attempt(Patience(attempt_s=60), others_wait=True)
    (20.0, 28.0)
    """

    def __init__(self, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self.at = self._clock() + seconds

    @property
    def left_s(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.at - self._clock())

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left."""
        return self.left_s <= 0.0

    def left_with(self, grace_s: float) -> float:
        """Return the seconds left when somebody may be late by so much, never below zero."""
        return max(0.0, self.at + grace_s - self._clock())

    def for_attempt(self, patience: Patience, *, others_wait: bool) -> float:
        """Return the seconds one try gets: less than all when somebody else may still be asked."""
        left = self.left_s
        if others_wait:
            left = max(left - patience.kept_s, min(left, patience.kept_s) / 2)
        return min(patience.attempt_s, left)
