"""Sees every request and every call of a language model, and tells the log, the figures and the alerts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mandi.serving.observing.logs import FACTS, REQUESTS
from mandi.serving.observing.seen import FAILED, SeenCall

if TYPE_CHECKING:
    from mandi.serving.observing.alerts import Alerts
    from mandi.serving.observing.metrics import Metrics
    from mandi.serving.operations import Principal

LOG = logging.getLogger(REQUESTS)
CALLS = logging.getLogger("mandi.calls")


class Watch:
    """The observer of a house.

    Parameters
    ----------
    metrics : Metrics, optional
        None when performance is not monitored.
    alerts : Alerts, optional
    """

    def __init__(self, metrics: Metrics | None = None, alerts: Alerts | None = None) -> None:
        self.metrics = metrics
        self.alerts = alerts

    def begun(self, operation: str, waited_s: float | None) -> None:
        """Note that a request was taken up, and how long it waited before."""
        if self.metrics is not None:
            self.metrics.begun(waited_s)

    def ended(
        self, operation: str, status: int, seconds: float, request_id: str, principal: Principal | None
    ) -> None:
        """Note how a request ended; a stream ends with its last byte."""
        if self.metrics is not None:
            self.metrics.ended(operation, status, seconds)
        level = logging.WARNING if status >= 500 else logging.INFO
        if LOG.isEnabledFor(level):
            facts: dict[str, object] = {
                "request_id": request_id, "operation": operation, "status": status, "ms": round(seconds * 1000, 2),
            }  # fmt: skip
            if principal is not None:
                facts["organization_id"] = principal.organization_id
                facts["pseudonym"] = principal.pseudonym
            LOG.log(level, "request", extra={FACTS: facts})

    def called(self, call: SeenCall) -> None:
        """Note how a call of a language model ended; only names, times and counts of it are looked at."""
        if self.metrics is not None:
            self.metrics.called(call)
        if self.alerts is not None:
            self.alerts.called(call)
        level = logging.WARNING if call.status in FAILED else logging.INFO
        if CALLS.isEnabledFor(level):
            facts = {
                "organization_id": call.organization_id, "provider": call.provider, "model": call.model,
                "route": call.route, "requested_mode": call.requested_mode, "effective_mode": call.effective_mode,
                "outcome": call.status, "fallback": call.fallback, "degraded": call.degraded, "cache": call.cache,
                "tokens_in": call.prompt_tokens, "tokens_out": call.completion_tokens, "usd": float(call.cost_usd),
                "ms": round(call.latency_ms, 1), "faults": [a.fault for a in call.attempts if a.fault],
            }  # fmt: skip
            CALLS.log(level, "call", extra={FACTS: facts})
