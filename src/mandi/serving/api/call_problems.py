"""How a call without an answer is told: the status, the code and the headers clients of language models act on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from mandi.core.errors import MandiError
from mandi.llm.calls import Attempt
from mandi.llm.provider import ProviderError
from mandi.llm.refusals import BudgetUnknown, NobodyAnswered, NoProvider, QuotaExceeded
from mandi.serving.problems import BAD_REQUEST, TOO_MANY, UNAVAILABLE, Problem, Refused, problem_of

BAD_GATEWAY = 502
OUT_OF_TIME = 504
RATE = "rate_limit_exceeded"
QUOTA = "insufficient_quota"
ASKED_WRONGLY = frozenset({"refused_request", "not_able"})


def problem_of_call(error: Exception) -> Problem | None:
    """Return what a caller is told of an error of the gateway; None for an error nobody foresaw.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    Problem
        429 with Retry-After when the caller's own limit is reached (``x-should-retry: false`` when waiting a moment does not
        help); 400, 404 or 413 when everybody who was asked found the question itself wrong; 504 when time ran out; 503 when
        nobody can be asked now; 502 when those who were asked failed.

    Examples
    --------
    >>> problem_of_call(NobodyAnswered((Attempt("openai", "m", 3.0, fault="server_error", status=500),))).status
    502
    >>> told = problem_of_call(QuotaExceeded("calls_per_hour", 100, 1, 100, 12.3))
    >>> told.status, told.code, told.headers["retry-after"]
    (429, 'rate_limit_exceeded', '13')
    """
    if isinstance(error, Refused):
        return error.problem
    if isinstance(error, QuotaExceeded):
        return _of_quota(error)
    if isinstance(error, NobodyAnswered):
        return _of_nobody(error)
    if isinstance(error, ProviderError):
        tried = Attempt(error.provider, "", 0.0, error.fault, error.status, error.message)
        return _of_nobody(NobodyAnswered((tried,), retry_after=error.retry_after))
    if isinstance(error, (NoProvider, BudgetUnknown)):
        return Problem(
            UNAVAILABLE, error.message, None, error.allowed, error.next_command, code="unavailable"
        )
    if isinstance(error, MandiError):
        return problem_of(error)
    return None


@contextmanager
def told_as_problems() -> Iterator[None]:
    """Tell an error of the gateway as its problem; an error nobody foresaw goes on as it is.

    Raises
    ------
    Refused
        In place of the error.
    """
    try:
        yield
    except Exception as error:
        problem = problem_of_call(error)
        if problem is None:
            raise
        raise Refused(problem) from error


def retry_after(seconds: float | None) -> dict[str, str]:
    """Return the header that says when to ask again; empty when nobody knows.

    Examples
    --------
    >>> retry_after(0.2), retry_after(None)
    ({'retry-after': '1'}, {})
    """
    return {} if seconds is None else {"retry-after": str(max(1, math.ceil(seconds)))}


def _of_quota(error: QuotaExceeded) -> Problem:
    rate = error.limit == "calls_per_hour"
    headers = retry_after(error.retry_after)
    if not rate or error.retry_after is None:
        headers["x-should-retry"] = "false"
    return Problem(
        TOO_MANY, error.message, None, error.allowed, error.next_command,
        headers=headers, code=RATE if rate else QUOTA,
    )  # fmt: skip


def _of_nobody(error: NobodyAnswered) -> Problem:
    faults = [a for a in error.attempts if a.fault]
    wrong = faults and all(a.fault in ASKED_WRONGLY for a in faults)
    if wrong:
        last = faults[-1]
        said = last.status if last.status in (404, 413) else None
        return Problem(
            said or BAD_REQUEST, error.message, None, None, None,
            code="not_able" if last.fault == "not_able" else "refused_by_provider",
        )  # fmt: skip
    if error.out_of_time or (faults and all(a.fault == "timeout" for a in faults)):
        status = OUT_OF_TIME
    elif not faults or all(a.fault == "rate_limited" for a in faults):
        status = UNAVAILABLE
    else:
        status = BAD_GATEWAY
    return Problem(
        status, error.message, None, error.allowed, error.next_command,
        headers=retry_after(error.retry_after), code="nobody_answered",
    )  # fmt: skip
