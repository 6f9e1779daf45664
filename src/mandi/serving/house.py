"""Everything a worker holds while it serves: opened once when it starts, handed to every operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from anyio import CapacityLimiter

from mandi.core.errors import DataNotFound, MandiError
from mandi.serving.problems import TOO_MANY, UNAVAILABLE, Problem, Refused
from mandi.serving.snapshot import MAKE_IT, ServingParams

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from mandi.serving.desk import Desk
    from mandi.serving.operations import Principal

NO_DESK = DataNotFound("no champion is loaded", next_command=MAKE_IT)


class Gate(Protocol):
    """Says who is asking."""

    async def admit(self, connection: HTTPConnection) -> Principal:
        """Return who asks.

        Raises
        ------
        Refused
            401: no key or token, or one that is not known, over or revoked.
        """
        ...


class ClosedGate:
    """Lets nobody in: the gate of a service whose accounts are not open, and why they are not."""

    def __init__(self, why: str = "the accounts of this service are not open") -> None:
        self._why = why

    async def admit(self, connection: HTTPConnection) -> Principal:
        """Refuse."""
        raise Refused(Problem(UNAVAILABLE, self._why, None, None, "mandi serve"))


class Observer(Protocol):
    """Sees every request begin and end."""

    def begun(self, operation: str, waited_s: float | None) -> None:
        """Note that a request was taken up, and how long it waited before."""
        ...

    def ended(
        self, operation: str, status: int, seconds: float, request_id: str, principal: Principal | None
    ) -> None:
        """Note how a request ended; a stream ends with its last byte."""
        ...


class Blind:
    """Sees nothing."""

    def begun(self, operation: str, waited_s: float | None) -> None:
        """Do nothing."""

    def ended(
        self, operation: str, status: int, seconds: float, request_id: str, principal: Principal | None
    ) -> None:
        """Do nothing."""


def utc_now() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)


@dataclass
class House:
    """What operations work with.

    Attributes
    ----------
    gate : Gate
        Says who is asking.
    desk : Desk, optional
        The champions; None with ``why`` when there are none.
    one_at_a_time : CapacityLimiter
        Models answer in one worker thread: a long batch must not keep health checks waiting.
    rooms : mapping
        What parts of the service keep for themselves, by their name: accounts, gateway, conversations, ...
    """

    gate: Gate
    desk: Desk | None = None
    why: MandiError = NO_DESK
    observer: Observer = field(default_factory=Blind)
    now: Callable[[], datetime] = utc_now
    one_at_a_time: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    rooms: dict[str, Any] = field(default_factory=dict)
    _rows_in_hand: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def in_hand(self, organization_id: str, rows: int, most: int) -> Iterator[None]:
        """Count rows of an organisation that wait for the models: one thread answers all organisations in their turn.

        Parameters
        ----------
        organization_id : str
        rows : int
        most : int
            That one organisation may have here at once; a single request is always let in.

        Raises
        ------
        Refused
            429.
        """
        held = self._rows_in_hand[organization_id]
        if held and held + rows > most:
            said = f"{held} rows of your organisation are being answered"
            raise Refused(Problem(TOO_MANY, said, "rows", f"{most} at once", headers={"retry-after": "1"}))
        self._rows_in_hand[organization_id] += rows
        try:
            yield
        finally:
            self._rows_in_hand[organization_id] -= rows
            if not self._rows_in_hand[organization_id]:
                del self._rows_in_hand[organization_id]

    @property
    def most_kib(self) -> int:
        """Largest body of a request, KiB."""
        return self.desk.limits.max_body_kib if self.desk else ServingParams().max_body_kib
