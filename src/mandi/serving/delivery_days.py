"""Days a want can be delivered on, as India counts them, and how moments are handed to the features."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from mandi.features.ranking.hard_constraints import INDIA


def india_day(moment: datetime) -> date:
    """Return the day a moment falls on in India.

    Examples
    --------
    >>> india_day(datetime(2024, 6, 3, 18, 30, tzinfo=UTC))
    datetime.date(2024, 6, 4)
    """
    return (moment.astimezone(UTC) + INDIA.item()).date()


def from_today(first: date, today: date, notes: list[str]) -> date:
    """Return the first day of delivery, moved to today where it is over; a note says so.

    Examples
    --------
    >>> notes = []
    >>> from_today(date(2024, 6, 1), date(2024, 6, 3), notes), notes
    (datetime.date(2024, 6, 3), ['deliver_from 2024-06-01 is over: delivery from 2024-06-03'])
    """
    if first < today:
        notes.append(f"deliver_from {first} is over: delivery from {today}")
    return max(first, today)


def stamp(moment: date | datetime) -> np.datetime64:
    """Return a day or a moment as the features hold it: nanoseconds, UTC.

    Examples
    --------
    >>> str(stamp(date(2024, 6, 3)))
    '2024-06-03T00:00:00.000000000'
    """
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(moment, "ns")
