"""Rules of alerts: what gives cause to one, and what does not."""

from __future__ import annotations

import pytest
from seen_calls import Told, tried

from mandi.serving.observing.alert_rules import Alert, AlertRules, Recent, budget_alert, percentile
from mandi.serving.settings import Settings

RULES = AlertRules(
    failures_in_a_row=3, error_share=0.3, degraded_share=0.5, p95_seconds=2, least_calls=10, window_seconds=60
)


def kinds(alerts: list[Alert]) -> list[str]:
    return [alert.kind for alert in alerts]


def told(calls: list[Told], at: float = 0.0) -> list[Alert]:
    recent = Recent(RULES)
    for call in calls:
        recent.add(call, at)
    return recent.judged(at)


def test_failures_in_a_row_are_told_once_by_provider() -> None:
    recent = Recent(RULES)
    fail = Told(status="error", attempts=(tried(fault="timeout"),))
    found = [recent.add(fail, i) for i in range(5)]
    assert [kinds(f) for f in found] == [[], [], ["failures_in_a_row"], [], []]
    assert (found[2][0].subject, found[2][0].severity) == ("openai", "critical")


def test_an_answer_between_ends_the_row_and_a_fallback_does_not_hide_it() -> None:
    recent = Recent(RULES)
    hidden = Told(provider="mock", fallback=True, attempts=(tried(fault="cut"), tried("anthropic")))
    assert recent.add(hidden, 0) == recent.add(hidden, 0) == []
    recent.add(Told(attempts=(tried(),)), 0)
    assert recent.add(hidden, 0) == recent.add(hidden, 0) == []
    assert kinds(recent.add(hidden, 0)) == ["failures_in_a_row"]


@pytest.mark.parametrize("fault", ["refused_request", "not_able"])
def test_what_was_asked_is_not_the_providers_fault(fault: str) -> None:
    recent = Recent(RULES)
    assert not any(recent.add(Told(attempts=(tried(fault=fault),)), 0) for _ in range(9))


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([Told()] * 10, []),
        ([Told()] * 7 + [Told(status="timeout")] * 3, ["error_share"]),
        ([Told()] * 8 + [Told(status="partial")] * 2, []),
        ([Told()] * 5 + [Told(degraded=True)] * 5, ["degraded_share"]),
        ([Told()] * 5 + [Told(fallback=True, effective_mode="mock")] * 5, ["degraded_share"]),
        ([Told()] * 5 + [Told(fallback=True)] * 5, []),
        ([Told(latency_ms=2000)] * 10, ["slow"]),
        ([Told(latency_ms=1)] * 19 + [Told(latency_ms=9000)], []),
        ([Told(status="error")] * 9, []),
        ([Told(status="error")] * 9 + [Told(status="refused"), Told(status="cancelled")] * 9, []),
    ],
)
def test_shares_and_times(calls: list[Told], expected: list[str]) -> None:
    assert kinds(told(calls)) == expected


def test_old_calls_do_not_count() -> None:
    recent = Recent(RULES)
    for _ in range(10):
        recent.add(Told(status="error"), 0.0)
    assert kinds(recent.judged(59.0)) == ["error_share"]
    assert recent.judged(61.0) == []


@pytest.mark.parametrize(
    ("share", "subject", "severity"), [(0.8, "o cost 80", "warning"), (1.0, "o cost 100", "critical")]
)
def test_budgets(share: float, subject: str, severity: str) -> None:
    alert = budget_alert("o", "cost", share)
    assert alert is not None
    assert (alert.subject, alert.severity) == (subject, severity)


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([7.0], 0.95) == 7.0


def test_the_settings_decide() -> None:
    rules = AlertRules.of(Settings(alert_error_share=0.1, alert_p95_seconds=3, alert_failures_in_a_row=2))
    assert (rules.error_share, rules.p95_seconds, rules.failures_in_a_row) == (0.1, 3, 2)
