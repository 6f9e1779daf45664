"""How long a server asks to wait before it is asked again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 24 * 3600.0


def wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds a vendor asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as an HTTP date.

    Parameters
    ----------
    headers : mapping
        Of any spelling, by lower or title case.
    now : float
        Seconds since 1970, for a date.

    Returns
    -------
    float, optional
        From 0 to a day; None if it does not say, or says nonsense.

    Examples
    --------
    >>> wait_s({"Retry-After": "2"}, 0), wait_s({"Retry-After": "Thu, 01 Jan 1970 00:00:30 GMT"}, 10), wait_s({}, 0)
    (2.0, 20.0, None)
    >>> wait_s({"retry-after-ms": "250", "retry-after": "1"}, 0), wait_s({"Retry-After": "soon"}, 0)
    (0.25, None)
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _within(milliseconds / 1000)
    asked = headers.get("retry-after") or headers.get("Retry-After")
    if not asked:
        return None
    seconds = _number(asked)
    if seconds is None:
        try:
            moment = parsedate_to_datetime(asked)
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return _within(seconds)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) != float("inf") and value == value else None


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
