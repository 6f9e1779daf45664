"""A breaker: after so many failures in a row a provider rests, and then one call, of all workers, tries it again.

The state is a small document; a change of it is a function of the document and the time, so that any store can apply it
atomically and tests need no clock of their own. The pattern is Nygard's ("Release It!", 2007); the numbers are the issue's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic_core import from_json, to_json

from mandi.llm.provider import ProviderError

Position = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When one provider rests, and for how long.

    Attributes
    ----------
    threshold : int
        Failures in a row, of all workers together, that open it; any success in between starts anew.
    open_s : float
        Seconds it rests.
    probe_s : float
        Seconds a probe may take before another worker may try: longer than any call.
    opens_from_s : float
        A ``Retry-After`` of at least this many seconds opens it at once for that long: the provider said so.
    longest_s : float
        Longest rest a ``Retry-After`` can ask for.
    """

    threshold: int = 5
    open_s: float = 60.0
    probe_s: float = 60.0
    opens_from_s: float = 15.0
    longest_s: float = 600.0

    @property
    def keeps_s(self) -> float:
        """Return how long a document outlives its last change: failures of long ago are forgotten."""
        return max(10 * self.open_s, self.longest_s, 2 * self.probe_s)


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is known of one provider: no document at all is a closed breaker without failures."""

    failures: int = 0
    open_until: float | None = None
    probe_until: float | None = None
    fault: str | None = None

    @classmethod
    def read(cls, document: bytes | None) -> BreakerState:
        """Return the state a document holds."""
        if document is None:
            return cls()
        fields: dict[str, Any] = from_json(document)
        return cls(**fields)

    def document(self) -> bytes | None:
        """Return the state as a document; None for the healthy one."""
        if self == BreakerState():
            return None
        return to_json(
            {"failures": self.failures, "open_until": self.open_until, "probe_until": self.probe_until, "fault": self.fault}
        )  # fmt: skip

    def position(self, now: float) -> Position:
        """Return closed, open, or half open once the rest is over."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half_open"


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a provider may be asked.

    Attributes
    ----------
    allowed, probe : bool
        A probe is the one call that tries a provider after its rest.
    retry_after : float, optional
        Seconds until it may be asked, when it may not.
    """

    allowed: bool
    probe: bool = False
    retry_after: float | None = None


def admit(state: BreakerState, now: float, policy: BreakerPolicy) -> tuple[BreakerState, Admission]:
    """Return whether a call may go, and the state after that: a half-open breaker lends out its one probe.

    Examples
    --------
    >>> rested = BreakerState(failures=5, open_until=60.0)
    >>> admit(rested, 30.0, BreakerPolicy())[1]
    Admission(allowed=False, probe=False, retry_after=30.0)
    >>> lent, first = admit(rested, 61.0, BreakerPolicy())
    >>> first.probe, admit(lent, 61.0, BreakerPolicy())[1].allowed
    (True, False)
    """
    position = state.position(now)
    if position == "closed":
        return state, Admission(allowed=True)
    if position == "open":
        return state, Admission(allowed=False, retry_after=(state.open_until or now) - now)
    if state.probe_until is not None and now < state.probe_until:
        return state, Admission(allowed=False, retry_after=state.probe_until - now)
    return replace(state, probe_until=now + policy.probe_s), Admission(allowed=True, probe=True)


def failed(
    state: BreakerState, now: float, policy: BreakerPolicy, error: ProviderError, *, probe: bool
) -> BreakerState:
    """Return the state after a failure that counts.

    A failure of a call that began before the breaker opened is one more failure, and does not prolong the rest.
    """
    rest = _rest_asked(error, policy)
    failures = state.failures + 1
    if state.open_until is not None and not probe:
        return replace(state, failures=failures, fault=error.fault)
    if probe or rest is not None or failures >= policy.threshold:
        until = now + (policy.open_s if rest is None else rest)
        return BreakerState(failures=failures, open_until=until, fault=error.fault)
    return BreakerState(failures=failures, fault=error.fault)


def succeeded(state: BreakerState, *, probe: bool) -> BreakerState:
    """Return the state after an answer: only the probe closes an open breaker."""
    if state.open_until is not None and not probe:
        return state
    return BreakerState()


def gave_up(state: BreakerState, *, probe: bool) -> BreakerState:
    """Return the state after a call that says nothing about the provider: the probe can be lent again."""
    return replace(state, probe_until=None) if probe else state


def _rest_asked(error: ProviderError, policy: BreakerPolicy) -> float | None:
    asked = error.retry_after
    if error.fault != "rate_limited" or asked is None or asked < policy.opens_from_s:
        return None
    return min(asked, policy.longest_s)
