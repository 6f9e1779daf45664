"""Which calls are added up: those of one organisation, or of all, in the last days; and what counts as an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mandi.serving.observing.seen import FAILED
from mandi.store.records.calls import AiMetric

DECIDED = ("success", *sorted(FAILED))
"""Calls that were to be answered: not those the quota refused, nor those whose caller left."""


@dataclass(frozen=True, slots=True)
class Period:
    """Calls from ``since`` (included) to ``until`` (not included).

    Attributes
    ----------
    organization_id : str, optional
        None adds up all organisations.
    """

    since: datetime
    until: datetime
    organization_id: str | None

    @classmethod
    def last(cls, days: int, now: datetime, organization_id: str | None) -> Period:
        """Return the last days, of 24 hours each, up to and with this moment."""
        return cls(now - timedelta(days=days), now + timedelta(microseconds=1), organization_id)

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions of a query over the records of calls."""
        found: list[sa.ColumnElement[bool]] = [
            AiMetric.created_at >= self.since,
            AiMetric.created_at < self.until,
        ]
        if self.organization_id is not None:
            found.append(AiMetric.organization_id == self.organization_id)
        return found


def counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Return how many rows meet a condition; 0 of none."""
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def share(part: int, whole: int) -> float | None:
    """Return a share, or None of nothing.

    Examples
    --------
    >>> share(1, 4), share(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None


def plain(value: Any) -> float | None:
    """Return a number out of SQL as float; None stays None.

    Examples
    --------
    >>> from decimal import Decimal
    >>> plain(Decimal("0.125000")), plain(None)
    (0.125, None)
    """
    return None if value is None else round(float(value), 6)
