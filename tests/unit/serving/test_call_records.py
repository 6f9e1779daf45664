"""Records of calls are kept whole, or without what the settings leave out, and never in the way of an answer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mandi.llm.calls import Attempt
from mandi.llm.path.record import CallRecord
from mandi.serving.call_records import CallBook
from mandi.store.records import AiMetric

RECORD = CallRecord(
    request_id="r", generation_id="g", organization_id="o", user_pseudonym="p", endpoint="/x", task_type="chat",
    requested_mode="hybrid", effective_mode="real", status="success", created_at=datetime(2026, 3, 2, tzinfo=UTC),
    provider="openai", model="m", route="student", route_reason="0.91 is over 0.75", confidence=0.91,
    cost_usd=Decimal("0.01"), latency_ms=12.6, first_token_ms=3.2, attempts=(Attempt("openai", "m", 12.0),),
    prompt_features={"length": 9}, decision={"policy": "confidence"},
)  # fmt: skip


class Kept(list[AiMetric]):
    async def add(self, row: AiMetric) -> None:
        self.append(row)


class Full:
    async def add(self, row: AiMetric) -> None:
        raise OSError("no space left")


def kept(**options: bool) -> AiMetric:
    spool: Any = Kept()
    asyncio.run(CallBook(spool, **options).record(RECORD))
    (row,) = spool
    return row


def test_whole() -> None:
    row = kept()
    assert (row.confidence, row.route, row.route_reason) == (0.91, "student", "0.91 is over 0.75")
    assert (row.latency_ms, row.first_token_ms) == (13, 3)
    assert row.prompt_features == {"length": 9, "decision": {"policy": "confidence"}}
    assert row.attempts[0]["provider"] == "openai"


def test_without_confidence() -> None:
    row = kept(confidences=False)
    assert (row.confidence, row.route_reason) == (None, "0.91 is over 0.75")


def test_without_decisions() -> None:
    row = kept(decisions=False)
    assert (row.confidence, row.route_reason, row.prompt_features) == (0.91, "", {"length": 9})


def test_a_full_disk_does_not_cost_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    full: Any = Full()
    asyncio.run(CallBook(full).record(RECORD))
    assert "could not be kept" in caplog.text
