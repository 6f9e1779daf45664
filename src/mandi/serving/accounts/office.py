"""All that accounts need while the service runs, opened once a worker: gate, logins, limits, passwords."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from mandi.serving.accounts.gate import AccountsGate
from mandi.serving.accounts.login_limits import LoginLimits
from mandi.serving.accounts.passwords import Passwords
from mandi.serving.accounts.sessions import Sessions
from mandi.serving.problems import CONFLICT, UNAVAILABLE, Problem, Refused

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.serving.house import House
    from mandi.store.async_state import AsyncState
    from mandi.store.database import Database

T = TypeVar("T")
ROOM = "accounts"


@dataclass(frozen=True)
class Office:
    """Keeps the accounts.

    Attributes
    ----------
    database : Database
        Upgraded.
    clock : callable
        Seconds since 1970.
    """

    database: Database
    gate: AccountsGate
    sessions: Sessions
    limits: LoginLimits
    passwords: Passwords
    clock: Callable[[], float]

    @classmethod
    def open(
        cls,
        database: Database,
        state: AsyncState,
        clock: Callable[[], float] = time.time,
        passwords: Passwords | None = None,
    ) -> Office:
        """Return the accounts of a database.

        Parameters
        ----------
        database : Database
        state : AsyncState
        clock : callable
        passwords : Passwords, optional
            With other parameters than those recommended.
        """
        gate = AccountsGate(database, state, clock)
        return cls(
            database=database,
            gate=gate,
            sessions=Sessions(database, state, gate.announce, clock),
            limits=LoginLimits(state, clock),
            passwords=passwords or Passwords(),
            clock=clock,
        )

    def furnish(self, house: House) -> None:
        """Put the gate and the room of accounts into a house."""
        house.gate = self.gate
        house.rooms[ROOM] = self

    def now(self) -> datetime:
        """Return this moment."""
        return datetime.fromtimestamp(self.clock(), UTC)

    async def read(self, look: Callable[[Session], T]) -> T:
        """Read from the database."""
        return await self.database.aread(look)

    async def write(self, change: Callable[[Session], T]) -> T:
        """Change the database.

        Raises
        ------
        Refused
            409; somebody else took a name at the same moment.
        """
        from sqlalchemy.exc import IntegrityError

        try:
            return await self.database.awrite(change)
        except IntegrityError:
            raise Refused(Problem(CONFLICT, "this name was taken meanwhile", None, "another one")) from None


def office_of(house: House) -> Office:
    """Return the accounts of a house.

    Raises
    ------
    Refused
        503; they are not open.
    """
    office = house.rooms.get(ROOM)
    if not isinstance(office, Office):
        raise Refused(
            Problem(UNAVAILABLE, "the accounts of this service are not open", None, None, "mandi serve")
        )
    return office
