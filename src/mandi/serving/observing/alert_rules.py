"""When somebody should be told: pure rules over the calls of the last minutes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mandi.serving.observing.seen import FAILED, NOT_ASKED_OF_US, SeenCall

if TYPE_CHECKING:
    from mandi.serving.settings import Settings

Severity = Literal["warning", "critical"]
Kind = Literal[
    "failures_in_a_row", "error_share", "degraded_share", "slow", "breaker_open", "budget", "drift"
]
MOST_CALLS = 2000


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell.

    Attributes
    ----------
    kind, subject : str
        Together what it is about: the same alert is not given twice in a while.
    figures : mapping of str to number
        Behind the message.
    """

    kind: Kind
    subject: str
    severity: Severity
    message: str
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertRules:
    """From what on an alert is given; shares are in [0, 1], times in seconds.

    Examples
    --------
    >>> AlertRules(failures_in_a_row=3).failures_in_a_row
    3
    """

    failures_in_a_row: int = 5
    error_share: float = 0.25
    degraded_share: float = 0.5
    p95_seconds: float = 10.0
    window_seconds: float = 300.0
    least_calls: int = 20
    cool_down_seconds: float = 900.0

    @classmethod
    def of(cls, settings: Settings) -> AlertRules:
        """Return the rules as the service is set."""
        return cls(
            failures_in_a_row=settings.alert_failures_in_a_row,
            error_share=settings.alert_error_share,
            degraded_share=settings.alert_degraded_share,
            p95_seconds=settings.alert_p95_seconds,
            window_seconds=settings.alert_window_seconds,
            least_calls=settings.alert_least_calls,
            cool_down_seconds=settings.alert_cool_down_seconds,
        )


@dataclass(frozen=True, slots=True)
class Glance:
    """What of one call the rules look at."""

    at: float
    failed: bool
    degraded: bool
    seconds: float


class Recent:
    """The calls of the last minutes that this worker saw.

    Parameters
    ----------
    rules : AlertRules
    """

    def __init__(self, rules: AlertRules) -> None:
        self._rules = rules
        self._calls: deque[Glance] = deque(maxlen=MOST_CALLS)
        self._in_a_row: dict[str, int] = {}

    def add(self, call: SeenCall, now: float) -> list[Alert]:
        """Take a call in and return what it alone gives cause to: a provider that failed once too often in a row.

        Parameters
        ----------
        call : SeenCall
        now : float
            Seconds, of any clock that does not go back.
        """
        if call.status not in NOT_ASKED_OF_US:
            self._calls.append(
                Glance(now, call.status in FAILED, call.degraded or _stood_in(call), call.latency_ms / 1000)
            )
        alerts = []
        for attempt in call.attempts:
            if attempt.fault is None:
                self._in_a_row.pop(attempt.provider, None)
                continue
            if attempt.fault in ("refused_request", "not_able"):
                continue  # what was asked was at fault, not who was asked
            row = self._in_a_row[attempt.provider] = self._in_a_row.get(attempt.provider, 0) + 1
            if row == self._rules.failures_in_a_row:
                alerts.append(
                    Alert(
                        "failures_in_a_row", attempt.provider, "critical",
                        f"{attempt.provider} failed {row} times in a row, last: {attempt.fault}", {"failures": row},
                    )
                )  # fmt: skip
        return alerts

    def judged(self, now: float) -> list[Alert]:
        """Return what the calls of the window give cause to.

        Shares and times of fewer than ``least_calls`` calls give cause to nothing.
        """
        rules = self._rules
        while self._calls and self._calls[0].at < now - rules.window_seconds:
            self._calls.popleft()
        n = len(self._calls)
        if n < rules.least_calls:
            return []
        failed = sum(c.failed for c in self._calls) / n
        degraded = sum(c.degraded for c in self._calls) / n
        p95 = percentile((c.seconds for c in self._calls), 0.95)
        found = [
            (failed >= rules.error_share, Alert(
                "error_share", "calls", "critical", f"{failed:.0%} of {n} calls failed", {"share": failed, "calls": n})),
            (degraded >= rules.degraded_share, Alert(
                "degraded_share", "calls", "warning",
                f"{degraded:.0%} of {n} answers are not what was asked for", {"share": degraded, "calls": n})),
            (p95 >= rules.p95_seconds, Alert(
                "slow", "calls", "warning", f"95 % of {n} calls took up to {p95:.1f} s", {"p95_seconds": p95, "calls": n})),
        ]  # fmt: skip
        return [alert for given, alert in found if given]


def budget_alert(organization_id: str, limit: str, share: float) -> Alert | None:
    """Return the alert of a budget, or None below 80 %.

    Parameters
    ----------
    organization_id : str
    limit : str
        Which limit: calls, tokens, cost.
    share : float
        Used of it; may be above 1.

    Examples
    --------
    >>> budget_alert("org-1", "cost", 0.79), budget_alert("org-1", "cost", 0.8).severity
    (None, 'warning')
    >>> budget_alert("org-1", "cost", 1.02).subject
    'org-1 cost 100'
    """
    if share < 0.8:
        return None
    over = share >= 1
    message = f"{share:.0%} of the {limit} limit is used" + ("; calls are refused" if over else "")
    return Alert(
        "budget", f"{organization_id} {limit} {100 if over else 80}", "critical" if over else "warning", message,
        {"share": share},
    )  # fmt: skip


def breaker_alert(provider: str) -> Alert:
    """Return the alert of a breaker that opened."""
    return Alert(
        "breaker_open", provider, "critical", f"{provider} is left alone for a while: it failed too often"
    )


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed (nearest rank).

    Examples
    --------
    >>> percentile([4, 1, 3, 2], 0.5), percentile([1, 2], 0.95)
    (2, 2)
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered) - 1e-9), 1) - 1]


def _stood_in(call: SeenCall) -> bool:
    return call.fallback and call.effective_mode == "mock"
