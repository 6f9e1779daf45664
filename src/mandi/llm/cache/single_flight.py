"""The same question at the same time is asked once: others of this process share the answer, other processes wait for it.

The first one leads. If its answer may be kept everybody who waits gets it; if it fails, those who wait ask for themselves, since
a failure is nobody else's; if it is cancelled, one of those who wait leads. A wait is always bounded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from mandi.core.errors import StoreUnavailable
from mandi.llm.cache.exact import Kept
from mandi.store.memory_state import AsyncDocuments

log = logging.getLogger(__name__)
Look = Callable[[], Awaitable[Kept | None]]


@dataclass(frozen=True, slots=True)
class FlightRules:
    """How long is waited for somebody else's answer.

    Attributes
    ----------
    wait_s : float
        For a leader, of this process or of another.
    lease_s : float
        How long another process believes in a leader that says nothing more.
    look_s : float
        Pause between two looks for another process's answer.
    """

    wait_s: float = 10.0
    lease_s: float = 15.0
    look_s: float = 0.05


class Flight:
    """The lead over one question: land it with the answer, or without one."""

    def __init__(
        self, flights: SingleFlight, key: str, future: asyncio.Future[Kept | None], token: bytes
    ) -> None:
        self._flights = flights
        self._key = key
        self._future = future
        self.token = token

    async def land(self, kept: Kept | None, *, cancelled: bool = False) -> None:
        """Give the answer to those who wait; None lets each ask for itself, and ``cancelled`` lets one of them lead."""
        self._flights.forget(self._key, self._future)
        if not self._future.done():
            if cancelled:
                self._future.cancel()
            else:
                self._future.set_result(kept)
        await self._flights.unlease(self._key, self.token)


class SingleFlight:
    """Lets one call of many lead.

    Parameters
    ----------
    state : AsyncDocuments
        Holds the leases other processes see.
    rules : FlightRules
    """

    def __init__(self, state: AsyncDocuments, rules: FlightRules | None = None) -> None:
        self._state = state
        self._rules = rules or FlightRules()
        self._flying: dict[str, asyncio.Future[Kept | None]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def join(self, key: str, look: Look, wait_s: float) -> Kept | Flight | None:
        """Return the answer of whoever leads, or the lead, or None: ask for yourself and tell nobody.

        Parameters
        ----------
        key : str
            The question.
        look : callable
            Looks into the cache, for an answer of another process.
        wait_s : float
            Longest wait here; the rules may be shorter.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + min(wait_s, self._rules.wait_s)
        while (flying := self._flying.get(key)) is not None:
            done, _ = await asyncio.wait({flying}, timeout=max(0.0, until - loop.time()))
            if not done:
                return None
            if not flying.cancelled():
                return flying.result()
        future: asyncio.Future[Kept | None] = loop.create_future()
        self._flying[key] = future
        flight = Flight(self, key, future, uuid4().hex.encode())
        try:
            return await self._lead(key, flight, future, look, until)
        except BaseException:
            self.forget(key, future)
            future.cancel()
            # not awaited here: who was cancelled cannot wait, and the lease would keep other processes waiting
            task = loop.create_task(self.unlease(key, flight.token))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
            raise

    def forget(self, key: str, future: asyncio.Future[Kept | None]) -> None:
        """Let the next one lead."""
        if self._flying.get(key) is future:
            del self._flying[key]

    async def unlease(self, key: str, token: bytes) -> None:
        """Give up the lease other processes see, if it is still ours."""

        def change(document: bytes | None) -> tuple[bytes | None, None]:
            return (None if document == token else document), None

        try:
            await self._state.update(_lease(key), change, self._rules.lease_s)
        except StoreUnavailable:
            log.warning("a lease could not be given up; it is over in %g s", self._rules.lease_s)

    async def _lead(
        self, key: str, flight: Flight, future: asyncio.Future[Kept | None], look: Look, until: float
    ) -> Kept | Flight:
        leads = await self._lease(key, flight)
        # an answer may have landed between the caller's look into the cache and this lead
        while (kept := await look()) is None:
            if leads or asyncio.get_running_loop().time() >= until:
                return flight
            await asyncio.sleep(self._rules.look_s)
            leads = await self._lease(key, flight)
        await flight.land(kept)
        return kept

    async def _lease(self, key: str, flight: Flight) -> bool:
        token = flight.token

        def change(document: bytes | None) -> tuple[bytes | None, bool]:
            return (token, True) if document is None else (document, document == token)

        try:
            if await self._state.read(_lease(key)) is not None:
                return False
            return await self._state.update(_lease(key), change, self._rules.lease_s)
        except StoreUnavailable:
            return True


def _lease(key: str) -> str:
    return f"flight:{key}"
