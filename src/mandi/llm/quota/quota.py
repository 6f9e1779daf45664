"""The books of all organisations in the shared state: reserve before a call, settle after it, in every worker the same."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import uuid4

from mandi.core.errors import StoreUnavailable
from mandi.llm.calls import Caller
from mandi.llm.quota.ledger import (
    KEPT_S,
    Alert,
    Amounts,
    Book,
    Refusal,
    Rules,
    release,
    reserve,
    settle,
    standing,
)
from mandi.llm.quota.tiers import MICROS_A_DOLLAR, TIERS, Allowance, Day, Limit, allowance
from mandi.llm.refusals import BudgetUnknown, QuotaExceeded
from mandi.store.memory_state import AsyncDocuments

log = logging.getLogger(__name__)
WhenDown = Literal["cost_closed", "open", "closed"]
OnAlert = Callable[[str, Alert], None]
MOST_OWED = 10_000


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room taken for one call; ``counted`` is False when the shared state was down and it was let through."""

    key: str
    caller: Caller
    wanted: Amounts
    counted: bool = True


class Quota:
    """Reserves, settles and releases.

    Parameters
    ----------
    state : AsyncDocuments
    tiers : mapping of tier to Allowance
    day : str
        ``trailing`` (twenty-four hours) or ``calendar`` (since midnight in the caller's time zone).
    lease_s : float
        How long a reservation lives that nobody settles; longer than any call.
    alert_at : float
        Share of a limit at which ``on_alert`` is told, once a window and limit; it is told again when the limit is reached.
    when_down : str
        What happens while the shared state does not answer: ``cost_closed`` lets only free calls through, ``open`` all,
        ``closed`` none.
    budget_of : callable, optional
        Daily budget in dollars of a caller's organisation; what the caller brings if not given.
    on_alert : callable, optional
        Gets the organisation and the alert.
    clock : callable
        Seconds since the epoch, the same for all workers.

    Attributes
    ----------
    unchecked : int
        Calls that were let through unchecked since this worker started.
    """

    def __init__(
        self,
        state: AsyncDocuments,
        tiers: Mapping[str, Allowance] = TIERS,
        day: Day = "trailing",
        lease_s: float = 120.0,
        alert_at: float = 0.8,
        when_down: WhenDown = "cost_closed",
        budget_of: Callable[[Caller], Decimal | None] | None = None,
        on_alert: OnAlert | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._tiers = tiers
        self._day = day
        self._lease_s = lease_s
        self._alert_at = alert_at
        self._when_down = when_down
        self._budget_of = budget_of or (lambda caller: caller.daily_budget_usd)
        self._on_alert = on_alert or _log_alert
        self._clock = clock
        self._owed: dict[str, list[tuple[str, Amounts]]] = {}
        self.unchecked = 0

    async def reserve(self, caller: Caller, wanted: Amounts, key: str | None = None) -> Reservation:
        """Take room for a call.

        ``key`` names the reservation, so that a caller who is interrupted while it waits for this can still release it.

        Raises
        ------
        QuotaExceeded
            It does not fit; nothing was taken.
        BudgetUnknown
            The shared state does not answer, and the call may cost money.
        """
        key, rules = key or uuid4().hex, self._rules(caller)

        def change(document: bytes | None) -> tuple[bytes | None, Refusal | None]:
            book = Book.read(document)
            refusal = reserve(book, key, wanted, self._clock(), rules)
            return (document if refusal else book.document()), refusal

        try:
            refusal = await self._state.update(_key(caller), change, KEPT_S)
        except StoreUnavailable:
            return self._unchecked(key, caller, wanted)
        if refusal is not None:
            raise _exceeded(refusal)
        return Reservation(key, caller, wanted)

    async def settle(self, reservation: Reservation, actual: Amounts) -> None:
        """Count what a call really took, more or less than was reserved.

        While the shared state does not answer the amount is owed, and is counted with the organisation's next call here.
        """
        caller, rules = reservation.caller, self._rules(reservation.caller)
        owed = [*self._owed.pop(caller.organization_id, []), (reservation.key, actual)]

        def change(document: bytes | None) -> tuple[bytes | None, list[Alert]]:
            book = Book.read(document)
            alerts = [a for key, amounts in owed for a in settle(book, key, amounts, self._clock(), rules)]
            return book.document(), alerts

        try:
            alerts = await self._state.update(_key(caller), change, KEPT_S)
        except StoreUnavailable:
            log.warning("what %d calls took could not be counted; it is owed", len(owed))
            self._owed[caller.organization_id] = owed[-MOST_OWED:]
            return
        for alert in alerts:
            self._on_alert(caller.organization_id, alert)

    async def release(self, reservation: Reservation) -> None:
        """Give the room of a call back that took nothing."""
        if not reservation.counted:
            return

        def change(document: bytes | None) -> tuple[bytes | None, None]:
            book = Book.read(document)
            release(book, reservation.key)
            return book.document(), None

        try:
            await self._state.update(_key(reservation.caller), change, KEPT_S)
        except StoreUnavailable:
            log.warning("a reservation could not be released; it is over in %g s", self._lease_s)

    async def standing(self, caller: Caller) -> dict[Limit, tuple[int, int, int]]:
        """Return what is used, reserved and allowed, by limit; dollars in millionths."""
        book = Book.read(await self._state.read(_key(caller)))
        return standing(book, self._clock(), self._rules(caller))

    def _rules(self, caller: Caller) -> Rules:
        own = self._budget_of(caller)
        limits = allowance(caller.tier, self._tiers, own)
        return Rules(limits, self._day, caller.timezone, self._lease_s, self._alert_at)

    def _unchecked(self, key: str, caller: Caller, wanted: Amounts) -> Reservation:
        if self._when_down == "closed" or (self._when_down == "cost_closed" and wanted.micros > 0):
            raise BudgetUnknown()
        self.unchecked += 1
        log.warning("the shared state does not answer: a call goes on without a reservation")
        return Reservation(key, caller, wanted, counted=False)


def _exceeded(refusal: Refusal) -> QuotaExceeded:
    scale = MICROS_A_DOLLAR if refusal.limit == "usd_per_day" else 1
    return QuotaExceeded(
        refusal.limit,
        refusal.used / scale,
        refusal.wanted / scale,
        refusal.allowed / scale,
        refusal.retry_after,
    )


def _log_alert(organization_id: str, alert: Alert) -> None:
    word = "is used up" if alert.shut else "is nearly used up"
    log.warning(
        "quota of organisation %s: %s %s (%d of %d)",
        organization_id,
        alert.limit,
        word,
        alert.used,
        alert.allowed,
    )


def _key(caller: Caller) -> str:
    return f"quota:{caller.organization_id}"
