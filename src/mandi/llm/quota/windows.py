"""Sliding windows as small buckets: sums over the last hour or day, and when there will be room again.

A window is a dictionary of bucket number to amount. The hour has buckets of one minute and the day of fifteen minutes, so a
window reaches back up to one bucket further than it says: it never forgets too early, and a unit comes back at most one bucket
late. Every time zone's midnight falls on a bucket's edge, because all offsets are whole quarters of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mandi.llm.quota.tiers import Day

Buckets = dict[int, int]
MINUTE_S = 60
QUARTER_S = 900
HOUR_S = 3600
DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that ends now.

    Attributes
    ----------
    bucket_s : int
        Length of a bucket.
    first : int
        Number of the oldest bucket that counts.
    length_s : int
        How long a bucket counts, from its beginning; until the next midnight for a calendar day.
    """

    bucket_s: int
    first: int
    length_s: int

    def used(self, buckets: Buckets) -> int:
        """Return the sum of the buckets that count."""
        return sum(amount for number, amount in buckets.items() if number >= self.first)

    def kept(self, buckets: Buckets) -> Buckets:
        """Return only the buckets that count."""
        return {number: amount for number, amount in buckets.items() if number >= self.first}

    def room_in_s(self, buckets: Buckets, too_much: int, now: float) -> float | None:
        """Return the seconds until so much has left the window; None if the buckets do not hold that much."""
        gone = 0
        for number in sorted(self.kept(buckets)):
            gone += buckets[number]
            if gone >= too_much:
                return self._leaves_at(number) - now
        return None

    def _leaves_at(self, number: int) -> float:
        return number * self.bucket_s + self.length_s


def last_hour(now: float) -> Window:
    """Return the hour that ends now.

    Examples
    --------
    >>> window = last_hour(7200.0)
    >>> window.used({59: 9, 60: 1, 120: 2}), window.room_in_s({60: 1, 120: 2}, 1, 7200.0)
    (3, 60.0)
    """
    return Window(MINUTE_S, int(now // MINUTE_S) - HOUR_S // MINUTE_S, HOUR_S + MINUTE_S)


def day_until(now: float, day: Day, timezone: str) -> Window:
    """Return the day that ends now: twenty-four hours, or since midnight where the organisation is.

    Parameters
    ----------
    now : float
        Seconds since the epoch.
    day : str
        ``trailing`` or ``calendar``.
    timezone : str
        IANA name; UTC if it is not known.

    Examples
    --------
    >>> noon_utc = 1_700_049_600.0
    >>> (noon_utc - day_until(noon_utc, "calendar", "Asia/Kolkata").first * QUARTER_S) / 3600
    17.5
    """
    if day == "trailing":
        return Window(QUARTER_S, int(now // QUARTER_S) - DAY_S // QUARTER_S, DAY_S + QUARTER_S)
    local = datetime.fromtimestamp(now, tz=UTC).astimezone(_zone(timezone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    first = int(midnight // QUARTER_S)
    return _CalendarDay(QUARTER_S, first, DAY_S)


class _CalendarDay(Window):
    __slots__ = ()

    def _leaves_at(self, number: int) -> float:
        return self.first * self.bucket_s + self.length_s


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
