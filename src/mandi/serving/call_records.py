"""What the gateway says of every call, kept as a record off the path of the request and shown to whoever watches."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from mandi.llm.path.record import CallRecord
from mandi.store.records import AiMetric

if TYPE_CHECKING:
    from mandi.serving.observing.observer import Watch
    from mandi.store.spool import Spool

LOG = logging.getLogger("mandi.serving")
AS_THEY_ARE = (
    "request_id", "generation_id", "organization_id", "user_pseudonym", "endpoint", "task_type", "requested_mode",
    "effective_mode", "status", "created_at", "conversation_id", "assistant", "language", "provider", "model", "route", "route_reason", "fallback",
    "fallback_reason", "degraded", "cache", "confidence", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd",
    "error_message",
)  # fmt: skip


class CallBook:
    """Keeps records of calls; when they cannot be kept the answer is given all the same, and the log says so.

    Parameters
    ----------
    spool : Spool, optional
        None where usage is not logged.
    watch : Watch, optional
    confidences, decisions : bool
        Keep the confidence of an answer, and why who gave it was chosen.
    """

    def __init__(
        self,
        spool: Spool | None,
        watch: Watch | None = None,
        *,
        confidences: bool = True,
        decisions: bool = True,
    ) -> None:
        self._spool = spool
        self._watch = watch
        self._confidences, self._decisions = confidences, decisions

    async def record(self, record: CallRecord) -> None:
        """Keep a record."""
        if self._watch is not None:
            self._watch.called(record)
        if self._spool is None:
            return
        try:
            row = row_of_call(record if self._decisions else without_decision(record))
            if not self._confidences:
                row.confidence = None
            await self._spool.add(row)
        except Exception:  # an answer is not lost because nobody could write it down
            LOG.exception(
                "the record of a call could not be kept", extra={"generation_id": record.generation_id}
            )


def row_of_call(record: CallRecord) -> AiMetric:
    """Return the row of a call.

    Parameters
    ----------
    record : CallRecord
    """
    features = dict(record.prompt_features or {})
    if record.decision:
        features["decision"] = record.decision
    return AiMetric(
        **{name: getattr(record, name) for name in AS_THEY_ARE},
        latency_ms=round(record.latency_ms),
        first_token_ms=None if record.first_token_ms is None else round(record.first_token_ms),
        attempts=[dataclasses.asdict(attempt) for attempt in record.attempts],
        prompt_features=features or None,
    )


def without_decision(record: CallRecord) -> CallRecord:
    """Return a record that does not tell why who answered was chosen; who it was is of the answer itself.

    Parameters
    ----------
    record : CallRecord
    """
    return dataclasses.replace(record, route_reason="", decision=None)
