"""How each provider did lately, of all workers and organisations: read from the records now and then, for the router."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from mandi.core.errors import StoreUnavailable
from mandi.llm.routing.recorded import tries
from mandi.llm.routing.track import Track, tracks
from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving")
EVERY_S = 60.0
DAYS = 14
MOST = 5_000  # read anew every minute by every worker; a share of as many is known to 1.4 %


class KnownTracks:
    """Records of providers, at most a minute old.

    Parameters
    ----------
    database : Database
    every_s : float
    """

    def __init__(self, database: Database, every_s: float = EVERY_S) -> None:
        self._database = database
        self._every_s = every_s
        self._known: dict[tuple[str, str], Track] = {}
        self._task: asyncio.Task[None] | None = None

    def __call__(self, provider: str, model: str) -> Track | None:
        """Return the record of a provider's model; None when it was never asked."""
        return self._known.get((provider, model))

    def start(self, now: Any) -> None:
        """Begin to read, in the running loop; ``now`` returns the moment."""
        self._task = asyncio.get_running_loop().create_task(self._keep(now), name="mandi-tracks")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def read(self, now: datetime) -> None:
        """Read the records once."""
        since = now - timedelta(days=DAYS)
        # every try counts for the one that was tried: a provider somebody else stood in for has failed
        self._known = await self._database.aread(lambda session: tracks(tries(session, since, MOST), now))

    async def _keep(self, now: Any) -> None:
        while True:
            try:
                await self.read(now())
            except StoreUnavailable as error:
                LOG.warning("how providers did could not be read: %s", error.message)
            await asyncio.sleep(self._every_s)
