"""What each tier of customers may use, and the limits of one organisation."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

log = logging.getLogger(__name__)
Limit = Literal["calls_per_hour", "tokens_per_day", "usd_per_day"]
Day = Literal["trailing", "calendar"]
MICROS_A_DOLLAR = 1_000_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """Limits of an organisation.

    Attributes
    ----------
    calls_per_hour : int
        In the sixty minutes before now.
    tokens_per_day : int
        In and out, of all providers.
    usd_per_day : Decimal
        What providers charge.
    """

    calls_per_hour: int
    tokens_per_day: int
    usd_per_day: Decimal

    @property
    def micros_per_day(self) -> int:
        """Return the dollars of a day in millionths."""
        return as_micros(self.usd_per_day)


TIERS: dict[str, Allowance] = {
    "free": Allowance(100, 50_000, Decimal(5)),
    "pro": Allowance(1_000, 500_000, Decimal(50)),
    "enterprise": Allowance(10_000, 5_000_000, Decimal(500)),
}


def as_micros(usd: Decimal) -> int:
    """Return dollars as millionths, rounded up: what is charged is never counted too low.

    Examples
    --------
    >>> as_micros(Decimal("0.0000001")), as_micros(Decimal("1.5"))
    (1, 1500000)
    """
    return math.ceil(usd * MICROS_A_DOLLAR)


def as_usd(micros: int) -> Decimal:
    """Return millionths of a dollar as dollars.

    Examples
    --------
    >>> as_usd(1500000)
    Decimal('1.5')
    """
    return Decimal(micros) / MICROS_A_DOLLAR


def allowance(
    tier: str, tiers: Mapping[str, Allowance] = TIERS, usd_per_day: Decimal | None = None
) -> Allowance:
    """Return what an organisation of a tier may use; an unknown tier is the smallest one.

    Parameters
    ----------
    tier : str
    tiers : mapping
        Limits by tier, ``free`` among them.
    usd_per_day : Decimal, optional
        A budget of the organisation's own, in place of the tier's.

    Examples
    --------
    >>> allowance("gold").calls_per_hour, allowance("pro", usd_per_day=Decimal(2)).usd_per_day
    (100, Decimal('2'))
    """
    if tier not in tiers:
        log.warning("tier %r is not known; the limits of free apply", tier)
    found = tiers.get(tier, tiers["free"])
    return found if usd_per_day is None else replace(found, usd_per_day=usd_per_day)
