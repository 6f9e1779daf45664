"""Whether the same provider is asked again, and after how long: few times, further apart, never past the deadline.

Waits grow by powers of two and are drawn from the whole interval below ("full jitter"), so that workers who failed together do
not come back together (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015). What a provider asks for in
``Retry-After`` comes first: it is waited for when there is time, and the next provider is asked at once when there is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from mandi.llm.provider import Fault, ProviderError

ANOTHER_MAY: frozenset[Fault] = frozenset({"refused_key", "not_able"})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often is asked.

    Attributes
    ----------
    attempts : int
        Tries at one provider.
    in_all : int
        Tries of one call, whoever is asked.
    base_s, least_s, most_s : float
        The wait before try n + 1 is drawn between ``least_s`` and ``base_s * 2**(n - 1)``, which ends at ``most_s``.
    longest_asked_s : float
        The longest ``Retry-After`` that is waited for.
    """

    attempts: int = 3
    in_all: int = 6
    base_s: float = 1.0
    least_s: float = 0.0
    most_s: float = 10.0
    longest_asked_s: float = 10.0


def wait_before_next(
    retries: Retries, tried: int, error: ProviderError, left_s: float, rng: Random
) -> float | None:
    """Return the seconds to wait before the same provider is asked again, or None to ask the next one at once.

    Parameters
    ----------
    retries : Retries
    tried : int
        Tries at this provider so far, from 1.
    error : ProviderError
        How the last one ended.
    left_s : float
        Seconds of the call that may be spent here.
    rng : Random

    Examples
    --------
    >>> busy = ProviderError("openai", "rate_limited", "429", retry_after=2.0)
    >>> wait_before_next(Retries(), 1, busy, 30.0, Random(0)), wait_before_next(Retries(), 1, busy, 1.0, Random(0))
    (2.0, None)
    >>> wait_before_next(Retries(), 1, ProviderError("openai", "refused_key", "401"), 30.0, Random(0)) is None
    True
    """
    if not error.retryable or tried >= retries.attempts:
        return None
    if error.retry_after is not None:
        wait = max(0.0, error.retry_after)
        return wait if wait <= retries.longest_asked_s and wait < left_s else None
    ceiling = min(retries.most_s, retries.base_s * 2 ** (tried - 1))
    wait = rng.uniform(min(retries.least_s, ceiling), ceiling)
    return wait if wait < left_s else None


def goes_to_next(error: ProviderError) -> bool:
    """Return whether another provider may answer what this one did not.

    A request that cannot be answered by anybody ends the call: its fault is the caller's and is said to the caller.

    Examples
    --------
    >>> goes_to_next(ProviderError("openai", "not_able", "no tools")), goes_to_next(ProviderError("o", "refused_request", "400"))
    (True, False)
    """
    return error.retryable or error.fault in ANOTHER_MAY
