"""Records of providers, read from the calls of all workers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mandi.serving.known_tracks import DAYS, KnownTracks
from mandi.store.database import Database
from mandi.store.records import AiMetric
from mandi.store.schema import upgrade

NOW = datetime(2026, 1, 8, tzinfo=UTC)


def _call(number: int, gemini: str | None, days: float = 0.1) -> AiMetric:
    """A call gemini was asked first for; openai stood in where it failed."""
    attempts = [{"provider": "gemini", "model": "flash", "latency_ms": 700.0, "fault": gemini}]
    if gemini is not None:
        attempts.append({"provider": "openai", "model": "mini", "latency_ms": 400.0, "fault": None})
    last = attempts[-1]
    return AiMetric(
        request_id=f"r{number}", generation_id=f"g{number}", organization_id=f"o{number % 3}", user_pseudonym="p",
        endpoint="/v1/chat/completions", task_type="chat", requested_mode="hybrid", effective_mode="hybrid",
        provider=last["provider"], model=last["model"], route="teacher", status="success", cache="miss",
        latency_ms=700, attempts=attempts, created_at=NOW - timedelta(days=days),
    )  # fmt: skip


def test_a_failure_counts_although_somebody_stood_in(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'service.db'}")
    upgrade(database)
    rows = [_call(k, "server_error" if k % 2 else None) for k in range(40)]
    database.write(lambda session: session.add_all([*rows, _call(99, "timeout", DAYS + 1)]))
    known = KnownTracks(database)
    assert known("gemini", "flash") is None
    asyncio.run(known.read(NOW))
    gemini, openai = known("gemini", "flash"), known("openai", "mini")
    assert gemini is not None and openai is not None
    assert gemini.success_rate == pytest.approx(0.5) and openai.success_rate == 1.0
    assert gemini.seen == pytest.approx(40) and gemini.latency_ms == 700.0
    database.close()


def test_many_calls_are_read_without_keeping_them(tmp_path: Path) -> None:
    import tracemalloc

    database = Database.open(f"sqlite:///{tmp_path / 'service.db'}")
    upgrade(database)
    known = KnownTracks(database)
    for begin in range(0, 6_000, 2_000):
        rows = [_call(k, None, days=k / 1000) for k in range(begin, begin + 2_000)]
        database.write(lambda session, rows=rows: session.add_all(rows))
        del rows
        asyncio.run(known.read(NOW))
    tracemalloc.start()
    try:
        asyncio.run(known.read(NOW))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2_000_000, "a page of calls at a time"
    gemini = known("gemini", "flash")
    assert gemini is not None and gemini.success_rate == 1.0 and gemini.seen > 4_000
    database.close()
