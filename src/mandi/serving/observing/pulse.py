"""Looks every few seconds at what changes without a request: breakers and the spool."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Protocol

from mandi.serving.observing.observer import Watch

LOG = logging.getLogger("mandi.health")
EVERY_S = 5.0


class BreakerViews(Protocol):
    """The breakers, as they are looked at here; each view has ``provider`` and ``position``."""

    async def views(self, providers: Iterable[str]) -> list[Any]:
        """Return the breakers as they are now."""
        ...


class Pulse:
    """A task of a worker that shows breakers and the spool to the figures, and opened breakers to the alerts.

    Parameters
    ----------
    watch : Watch
    breakers : BreakerViews, optional
    providers : iterable of str
    spool : Spool, optional
    every_s : float
    """

    def __init__(
        self,
        watch: Watch,
        breakers: BreakerViews | None = None,
        providers: Iterable[str] = (),
        spool: Any = None,
        every_s: float = EVERY_S,
    ) -> None:
        self._watch, self._breakers, self._spool = watch, breakers, spool
        self._providers = list(providers)
        self._every_s = every_s
        self._was: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._beat(), name="mandi-pulse")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def once(self) -> None:
        """Look once."""
        metrics, alerts = self._watch.metrics, self._watch.alerts
        if self._breakers is not None:
            for view in await self._breakers.views(self._providers):
                if metrics is not None:
                    metrics.breaker(view.provider, view.position)
                if alerts is not None and view.position == "open" and self._was.get(view.provider) != "open":
                    alerts.breaker(view.provider)
                self._was[view.provider] = view.position
        if self._spool is not None and metrics is not None:
            metrics.spool(self._spool.waiting)

    async def _beat(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:
                LOG.exception("the pulse missed a beat")
            await asyncio.sleep(self._every_s)
