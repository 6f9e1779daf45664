"""Figures for Prometheus: requests and calls of language models, counted in every worker and shown together."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.serving.observing.seen import SeenCall

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CALL_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)
BREAKER = {"closed": 0, "half_open": 1, "open": 2}
MOST_NAMES = 40
LONGEST_NAME = 60
OTHER = "other"


class Names:
    """Keeps a label from growing without end: names that are known or came early are kept, later ones are ``other``.

    Examples
    --------
    >>> names = Names(["openai"], most=2)
    >>> names("openai"), names("local"), names("made-up"), names("")
    ('openai', 'local', 'other', 'none')
    """

    def __init__(self, known: Iterable[str] = (), most: int = MOST_NAMES) -> None:
        self._known = {"": "none", **{name: name for name in known}}
        self._most = most + 1

    def __call__(self, name: str) -> str:
        """Return the label of a name."""
        label = self._known.get(name)
        if label is not None:
            return label
        if len(self._known) >= self._most:
            return OTHER
        label = self._known[name] = name[:LONGEST_NAME]
        return label


class Metrics:
    """The figures; one a process, made when a worker starts.

    Parameters
    ----------
    registry : CollectorRegistry, optional
        The one BentoML shows at ``/metrics`` if not given. It writes to files that all workers share when
        ``PROMETHEUS_MULTIPROC_DIR`` was set before prometheus_client was imported, as BentoML does.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        import prometheus_client as p

        _forget_the_dead()
        kind: dict[str, Any] = {"registry": registry or p.REGISTRY}
        self._requests = p.Counter("mandi_requests", "Requests that ended", ["operation", "status"], **kind)
        self._seconds = p.Histogram(
            "mandi_request_seconds", "Time from taking a request up to its last byte", ["operation"],
            buckets=REQUEST_SECONDS, **kind,
        )  # fmt: skip
        self._in_flight = p.Gauge(
            "mandi_requests_in_flight", "Requests being answered", multiprocess_mode="livesum", **kind
        )
        self._waits = p.Histogram(
            "mandi_queue_wait_seconds", "Time from arrival to being taken up", buckets=REQUEST_SECONDS, **kind
        )
        self._calls = p.Counter(
            "mandi_ai_calls",
            "Calls of language models",
            ["provider", "model", "route", "mode", "outcome"],
            **kind,
        )
        self._call_seconds = p.Histogram(
            "mandi_ai_call_seconds", "Time of a call", ["provider"], buckets=CALL_SECONDS, **kind
        )
        self._first = p.Histogram(
            "mandi_ai_first_token_seconds",
            "Time to the first piece of a stream",
            ["provider"],
            buckets=CALL_SECONDS,
            **kind,
        )
        self._tokens = p.Counter("mandi_ai_tokens", "Tokens", ["provider", "kind"], **kind)
        self._cost = p.Counter("mandi_ai_cost_usd", "Cost in US dollars", ["provider", "model"], **kind)
        self._cache = p.Counter("mandi_ai_cache", "Calls by what the cache said", ["kind"], **kind)
        self._fallbacks = p.Counter(
            "mandi_ai_fallbacks", "Answers of another than the first choice", ["provider"], **kind
        )
        self._degraded = p.Counter(
            "mandi_ai_degraded", "Answers that are not what was asked for", ["provider"], **kind
        )
        self._attempts = p.Counter("mandi_ai_attempts", "Tries at providers", ["provider", "fault"], **kind)
        self._breaker = p.Gauge(
            "mandi_ai_breaker",
            "0 closed, 1 half open, 2 open",
            ["provider"],
            multiprocess_mode="mostrecent",
            **kind,
        )
        self._shut = p.Counter(
            "mandi_ai_limits_reached", "Limits that were used up, once a window", ["limit"], **kind
        )
        self._alerts = p.Counter("mandi_alerts", "Alerts raised", ["kind"], **kind)
        self._spool = p.Gauge(
            "mandi_spool_records", "Records waiting for the database", multiprocess_mode="livesum", **kind
        )
        self._providers, self._models, self._limits = Names(), Names(), Names()
        self._of_operation: dict[str, Any] = {}
        self._of_status: dict[tuple[str, int], Any] = {}

    def begun(self, waited_s: float | None) -> None:
        """Count a request in."""
        self._in_flight.inc()
        if waited_s is not None:
            self._waits.observe(waited_s)

    def ended(self, operation: str, status: int, seconds: float) -> None:
        """Count a request out; operations are out of the code, so their names are few."""
        self._in_flight.dec()
        key = (operation, status)
        counter = self._of_status.get(key)
        if counter is None:
            counter = self._of_status[key] = self._requests.labels(operation, str(status))
        counter.inc()
        times = self._of_operation.get(operation)
        if times is None:
            times = self._of_operation[operation] = self._seconds.labels(operation)
        times.observe(seconds)

    def called(self, call: SeenCall) -> None:
        """Count a call of a language model."""
        provider, model = self._providers(call.provider), self._models(call.model)
        self._calls.labels(provider, model, call.route, call.effective_mode, call.status).inc()
        self._call_seconds.labels(provider).observe(call.latency_ms / 1000)
        if call.first_token_ms is not None:
            self._first.labels(provider).observe(call.first_token_ms / 1000)
        self._tokens.labels(provider, "prompt").inc(call.prompt_tokens)
        self._tokens.labels(provider, "completion").inc(call.completion_tokens)
        self._cost.labels(provider, model).inc(float(call.cost_usd))
        self._cache.labels(call.cache).inc()
        if call.fallback:
            self._fallbacks.labels(provider).inc()
        if call.degraded:
            self._degraded.labels(provider).inc()
        for attempt in call.attempts:
            self._attempts.labels(self._providers(attempt.provider), attempt.fault or "none").inc()

    def shut_off(self, limit: str) -> None:
        """Count a limit that was used up; the calls it refuses are counted as calls, by their outcome."""
        self._shut.labels(self._limits(limit)).inc()

    def breaker(self, provider: str, position: str) -> None:
        """Show where a breaker stands: ``closed``, ``half_open`` or ``open``."""
        self._breaker.labels(self._providers(provider)).set(BREAKER[position])

    def alerted(self, kind: str) -> None:
        """Count an alert."""
        self._alerts.labels(kind).inc()

    def spool(self, records: int) -> None:
        """Show how many records wait for the database."""
        self._spool.set(records)


def _forget_the_dead() -> None:
    """What a worker that was killed had in flight is in flight no more."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder is None:
        return
    from prometheus_client.multiprocess import mark_process_dead

    for file in Path(folder).glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            mark_process_dead(int(pid), folder)


@cache
def of_this_process() -> Metrics:
    """Return the figures of this process: its registry takes no second of a name."""
    return Metrics()
