"""Tells alerts: each once in a while for all workers, in the log and to a webhook, never in the way of a request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from mandi.core.errors import StoreUnavailable
from mandi.serving.observing.alert_rules import Alert, AlertRules, Recent, breaker_alert, budget_alert
from mandi.serving.observing.logs import FACTS
from mandi.serving.observing.seen import SeenCall

LOG = logging.getLogger("mandi.alerts")
JUDGE_EVERY_S = 1.0
MOST_WAITING = 100
NAMESPACE = "alert:"
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Claims(Protocol):
    """The shared state, as alerts use it: AsyncState has this call."""

    async def update(self, key: str, change: Any, ttl_s: float | None = None) -> Any:
        """Change one document atomically."""
        ...


class Alerts:
    """Gathers what the rules say and tells it from a task of its own.

    Calls of this class return at once and never raise; what cannot be told within ``MOST_WAITING`` alerts is told in the log
    only. Windows are of this worker; that an alert was given is known to all.

    Parameters
    ----------
    rules : AlertRules
    claims : Claims, optional
        Shared by all workers; without it, or while it does not answer, each worker remembers for itself.
    send : callable, optional
        Posts an alert; see ``webhook``. It raises when it could not.
    raised : callable, optional
        Told the kind of each alert that was given.
    clock : callable
        Seconds, of a clock that does not go back.
    """

    def __init__(
        self,
        rules: AlertRules,
        claims: Claims | None = None,
        send: Send | None = None,
        raised: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rules = rules
        self._recent = Recent(rules)
        self._claims = claims
        self._send = send
        self._raised = raised
        self._clock = clock
        self._judged_at = clock()
        self._mine: dict[str, float] = {}
        self._waiting: asyncio.Queue[Alert] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def called(self, call: SeenCall) -> None:
        """Look at a call that ended."""
        now = self._clock()
        alerts = self._recent.add(call, now)
        if now - self._judged_at >= JUDGE_EVERY_S:
            self._judged_at = now
            alerts += self._recent.judged(now)
        for alert in alerts:
            self.give(alert)

    def budget(self, organization_id: str, limit: str, share: float) -> None:
        """Look at a budget of which a share is used."""
        if (alert := budget_alert(organization_id, limit, share)) is not None:
            self.give(alert)

    def breaker(self, provider: str) -> None:
        """Note that a breaker opened."""
        self.give(breaker_alert(provider))

    def give(self, alert: Alert) -> None:
        """Put an alert among those that wait to be told; a worker does not ask the others about what it told just now."""
        key = _key(alert)
        until = self._mine.get(key)
        if until is not None and self._clock() < until:
            return
        if len(self._mine) >= 10 * MOST_WAITING:
            self._mine = {k: t for k, t in self._mine.items() if t > self._clock()}
        self._mine[key] = self._clock() + self.rules.cool_down_seconds
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a thread without a loop: nothing may wait here, so only the log is told
            self._tell_log(alert)
            return
        try:
            self._waiting.put_nowait(alert)
        except asyncio.QueueFull:
            self._tell_log(alert)
            return
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._tell_all(), name="mandi-alerts")

    async def settle(self) -> None:
        """Wait until everything that was given is told."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def close(self, patience_s: float = 2.0) -> None:
        """Tell what waits, as far as that can be done in a moment."""
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=patience_s)
            self._task.cancel()

    async def _tell_all(self) -> None:
        while not self._waiting.empty():
            alert = self._waiting.get_nowait()
            try:
                if await self._is_first(alert):
                    self._tell_log(alert)
                    await self._tell_webhook(alert)
            except Exception:
                LOG.exception("an alert could not be told")

    async def _is_first(self, alert: Alert) -> bool:
        if self._claims is None:
            return True
        try:
            claimed = await self._claims.update(_key(alert), _claim, self.rules.cool_down_seconds)
        except StoreUnavailable:
            return True  # twice is better than never
        return bool(claimed)

    def _tell_log(self, alert: Alert) -> None:
        level = logging.ERROR if alert.severity == "critical" else logging.WARNING
        facts = {"alert": alert.kind, "subject": alert.subject, **alert.figures}
        LOG.log(level, alert.message, extra={FACTS: facts})
        if self._raised is not None:
            self._raised(alert.kind)

    async def _tell_webhook(self, alert: Alert) -> None:
        if self._send is None:
            return
        told = {
            "kind": alert.kind, "subject": alert.subject, "severity": alert.severity, "message": alert.message,
            "figures": alert.figures, "at": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        try:
            await self._send(told)
        except Exception as error:  # the address may hold a key: only the kind of failure is told
            LOG.warning("the webhook of alerts did not take one: %s", type(error).__name__)


def _key(alert: Alert) -> str:
    return f"{NAMESPACE}{alert.kind}:{alert.subject}"[:200]


def _claim(document: bytes | None) -> tuple[bytes | None, bool]:
    return (b"1", True) if document is None else (document, False)
