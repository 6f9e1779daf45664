"""Figures are counted right, in every worker, with labels that cannot grow without end."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from seen_calls import Told, tried

from mandi.serving.observing.metrics import MOST_NAMES, Metrics

WORKER = """
import sys, time
from mandi.serving.observing.metrics import Metrics
m = Metrics()
for _ in range(int(sys.argv[1])):
    m.begun(0.001); m.ended("POST /x", 200, 0.02)
m.begun(None)
m.spool(3)
print("ready", flush=True)
sys.stdin.read()
"""
READER = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
r = CollectorRegistry(); MultiProcessCollector(r)
print(generate_latest(r).decode())
"""


def figures(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def test_requests() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for status in (200, 200, 503):
        metrics.begun(0.004)
        metrics.ended("POST /x", status, 0.02)
    metrics.begun(None)
    text = figures(registry)
    assert 'mandi_requests_total{operation="POST /x",status="200"} 2.0' in text
    assert 'mandi_requests_total{operation="POST /x",status="503"} 1.0' in text
    assert "mandi_requests_in_flight 1.0" in text
    assert 'mandi_request_seconds_bucket{le="0.025",operation="POST /x"} 3.0' in text
    assert 'mandi_request_seconds_bucket{le="0.01",operation="POST /x"} 0.0' in text
    assert "mandi_queue_wait_seconds_count 3.0" in text


def test_calls() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.called(Told(cache="miss", attempts=(tried(),)))
    metrics.called(
        Told(
            provider="mock", model="analyst-1", route="mock", effective_mode="mock", fallback=True, degraded=True,
            cost_usd=Decimal(0), first_token_ms=None, attempts=(tried(fault="timeout"), tried("anthropic", "cut")),
        )
    )  # fmt: skip
    metrics.shut_off("cost")
    metrics.breaker("openai", "open")
    metrics.alerted("slow")
    text = figures(registry)
    for line in (
        'mandi_ai_calls_total{mode="real",model="m",outcome="success",provider="openai",route="teacher"} 1.0',
        'mandi_ai_calls_total{mode="mock",model="analyst-1",outcome="success",provider="mock",route="mock"} 1.0',
        'mandi_ai_tokens_total{kind="prompt",provider="openai"} 10.0',
        'mandi_ai_cost_usd_total{model="m",provider="openai"} 0.002',
        'mandi_ai_first_token_seconds_count{provider="openai"} 1.0',
        'mandi_ai_cache_total{kind="miss"} 1.0',
        'mandi_ai_fallbacks_total{provider="mock"} 1.0',
        'mandi_ai_degraded_total{provider="mock"} 1.0',
        'mandi_ai_attempts_total{fault="timeout",provider="openai"} 1.0',
        'mandi_ai_attempts_total{fault="none",provider="openai"} 1.0',
        'mandi_ai_breaker{provider="openai"} 2.0',
        'mandi_ai_limits_reached_total{limit="cost"} 1.0',
        'mandi_alerts_total{kind="slow"} 1.0',
    ):
        assert line in text, line
    assert 'mandi_ai_first_token_seconds_count{provider="mock"}' not in text


def test_labels_are_bounded() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for i in range(10 * MOST_NAMES):
        metrics.called(Told(model=f"made-up-{i}" + "x" * 200))
    series = [line for line in figures(registry).splitlines() if line.startswith("mandi_ai_calls_total{")]
    assert len(series) == MOST_NAMES + 1
    assert max(len(line) for line in series) < 250
    assert any('model="other"' in line and line.endswith(f" {9 * MOST_NAMES}.0") for line in series)


def test_workers_are_shown_together(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, n],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in ("3", "4")
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        text = subprocess.run(
            [sys.executable, "-c", READER], env=environment, capture_output=True, text=True, check=True
        ).stdout
    finally:
        for worker in workers:
            worker.communicate("")
    assert 'mandi_requests_total{operation="POST /x",status="200"} 7.0' in text
    assert "mandi_requests_in_flight 2.0" in text
    assert "mandi_spool_records 6.0" in text


def test_a_killed_worker_has_nothing_in_flight(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    command = [sys.executable, "-c", WORKER, "1"]
    started = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ]
    try:
        assert started[0].stdout is not None
        started[0].stdout.readline()
        started[0].kill()
        started[0].wait()
        started.append(
            subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        assert started[1].stdout is not None
        started[1].stdout.readline()
        text = subprocess.run(
            [sys.executable, "-c", READER], env=environment, capture_output=True, text=True, check=True
        ).stdout
    finally:
        for worker in started[1:]:
            worker.communicate("")
    assert "mandi_requests_in_flight 1.0" in text
    assert 'mandi_requests_total{operation="POST /x",status="200"} 2.0' in text  # what was done stays done
