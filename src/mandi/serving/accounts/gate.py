"""The gate: who asks, by key or token; remembered for seconds, and forgotten sooner when somebody is shut out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mandi.core.errors import MandiError
from mandi.serving.accounts import principals, sessions
from mandi.serving.accounts.secrets import digest, kind_of, new_secret, shown_in, unknown

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.requests import HTTPConnection

    from mandi.serving.operations import Principal
    from mandi.store.async_state import AsyncState
    from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving.accounts")
REMEMBERED_S = 5.0
HEARD_EVERY_S = 1.0
TOUCHED_EVERY_S = 60.0
MOST_REMEMBERED = 10_000
CHANGES = "accounts:changed"


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    since: float
    until: float


class AccountsGate:
    """Lets in who shows a good key or token.

    A key that was looked up is believed for five seconds. Whoever shuts somebody out says so in the shared state, which each
    worker reads once a second; where the shared state does not answer, the five seconds hold.

    Parameters
    ----------
    database : Database
    state : AsyncState
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, database: Database, state: AsyncState, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._state = state
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._age = 0  # counts how often everything was forgotten
        self._heard: bytes | None = None
        self._heard_at = float("-inf")
        self._touched: dict[str, float] = {}
        self._beside: set[asyncio.Task[None]] = set()

    async def admit(self, connection: HTTPConnection) -> Principal:
        """Return who asks.

        Raises
        ------
        Refused
            401; no key or token, or one that is not known, over or revoked, or whose user or organisation is not active.
        StoreUnavailable
            It has to be looked up and the database does not answer.
        """
        shown = shown_in(connection)
        kind = kind_of(shown)
        if kind is None or kind == "refresh":
            raise unknown("this is not a key", connection)
        now, hashed = self._clock(), digest(shown)
        await self._hear(now)
        known = self._known.get(hashed)
        if known is None or not known.since <= now < known.until:
            known = await self._looked_up(kind, hashed, now)
            if known is None:
                raise unknown("this key is not known, or no longer good", connection)
        if known.principal.key_id is not None:
            self._touch(known.principal.key_id, now)
        return known.principal

    async def announce(self) -> None:
        """Tell all workers, this one at once, that somebody was shut out or may do something else."""
        self._forget()
        try:
            await self._state.write(CHANGES, new_secret("key").encode())
        except MandiError as error:
            LOG.warning("other workers hear of a change in %.0f s: %s", REMEMBERED_S, error.message)

    async def settle(self) -> None:
        """Wait for what was begun beside the requests."""
        while self._beside:
            await asyncio.gather(*self._beside)

    async def _hear(self, now: float) -> None:
        if 0 <= now - self._heard_at < HEARD_EVERY_S:
            return
        self._heard_at = now
        try:
            told = await self._state.read(CHANGES)
        except MandiError:
            return  # what is remembered is over in seconds anyway
        if told != self._heard:
            self._heard = told
            self._forget()

    def _forget(self) -> None:
        self._known.clear()
        self._age += 1

    async def _looked_up(self, kind: str, hashed: str, now: float) -> _Known | None:
        age, moment = self._age, datetime.fromtimestamp(now, UTC)
        until = now + REMEMBERED_S
        if kind == "access":
            began = sessions.read(await self._state.read(sessions.place(hashed)), now)
            if began is None:
                return None
            principal = await self._database.aread(
                lambda session: principals.of_session(session, began.user_id, began.family, moment)
            )
            until = min(until, began.until)
        else:
            found = await self._database.aread(lambda session: principals.of_key(session, hashed, moment))
            principal, ends = found if found else (None, None)
            if ends is not None:
                until = min(until, ends.timestamp())
        if principal is None:
            return None
        known = _Known(principal, now, until)
        if age == self._age:  # else it was looked up before a change that is already known
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[hashed] = known
        return known

    def _touch(self, key_id: str, now: float) -> None:
        if 0 <= now - self._touched.get(key_id, float("-inf")) < TOUCHED_EVERY_S:
            return
        if len(self._touched) >= MOST_REMEMBERED:
            self._touched.clear()
        self._touched[key_id] = now
        task = asyncio.create_task(self._note_use(key_id, datetime.fromtimestamp(now, UTC)))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _note_use(self, key_id: str, at: datetime) -> None:
        try:
            await self._database.awrite(lambda session: _used(session, key_id, at))
        except Exception as error:  # nobody waits for this, so nobody else would hear of it
            LOG.warning("the last use of a key was not noted: %s", type(error).__name__)


def _used(session: Session, key_id: str, at: datetime) -> Any:
    import sqlalchemy as sa

    from mandi.store.records import ApiKey

    earlier = at - timedelta(seconds=TOUCHED_EVERY_S)
    session.execute(
        sa.update(ApiKey)
        .where(ApiKey.id == key_id, sa.or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= earlier))
        .values(last_used_at=at)
    )
