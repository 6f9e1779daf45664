"""Server-sent events of an answer in a conversation; the id of each is the number of letters that have arrived with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from mandi.serving.api.openai_wire import json_text, told_of

if TYPE_CHECKING:
    from mandi.llm.calls import Outcome
    from mandi.serving.conversations.turns import Begun
    from mandi.store.records import AiMetric, Message

_TOKEN = b'\ndata: {"type":"token","content":'
KEPT_LATER = (
    "requested_mode",
    "effective_mode",
    "provider",
    "model",
    "fallback",
    "fallback_reason",
    "degraded",
    "cache",
)
"""What a message does not hold itself, and the record of its call does."""


def token(text: str, arrived: int) -> bytes:
    """Return the event of a piece of text.

    Examples
    --------
    >>> token("भाव", 3).decode()
    'id: 3\\ndata: {"type":"token","content":"भाव"}\\n\\n'
    """
    return b"id: %d" % arrived + _TOKEN + json_text(text) + b"}\n\n"


def done(metadata: Mapping[str, Any], arrived: int) -> bytes:
    """Return the last event of a whole answer."""
    return _event({"type": "done", "metadata": metadata}, arrived)


def failed(error: str, code: str | None, arrived: int, **more: Any) -> bytes:
    """Return the last event of an answer that ended early: what happened, and what to ask to have it anew."""
    return _event({"type": "error", "error": error, "code": code, **more}, arrived)


def metadata_of(
    begun: Begun, outcome: Outcome, sources: Sequence[Mapping[str, Any]], ticket_id: str | None = None
) -> dict[str, Any]:
    """Return what is said of an answer beside it.

    Parameters
    ----------
    begun : Begun
    outcome : Outcome
    sources : sequence of mapping
        What the models said.
    ticket_id : str, optional
        Of a question that waits for a person.
    """
    return {
        "message_id": begun.message_id,
        "request_id": begun.request_id,
        "status": "complete",
        "replayed": False,
        "tokens": outcome.completion.usage.total_tokens,
        **told_of(outcome, ticket_id),
        "sources": list(sources),
    }


def metadata_again(message: Message, call: AiMetric | None) -> dict[str, Any]:
    """Return what is kept of an answer that was given before; None is what is not known any more, or not yet.

    Parameters
    ----------
    message : Message
    call : AiMetric, optional
        What was measured of its call.
    """
    measured = {name: getattr(call, name) if call is not None else None for name in KEPT_LATER}
    first_ms = call.first_token_ms if call is not None else None
    return {
        "message_id": message.id,
        "request_id": message.request_id,
        "status": message.status,
        "replayed": True,
        "generation_id": message.generation_id,
        "tokens": message.tokens_used,
        "cost_usd": round(float(message.cost_usd), 6),
        "latency_ms": message.latency_ms,
        "first_token_ms": None if first_ms is None else float(first_ms),
        **measured,
        "route": message.route_decision,
        "route_reason": call.route_reason if call is not None else None,
        "confidence": message.confidence_score,
        "usage_estimated": None,
        "ticket_id": None,
        "sources": list(message.sources),
    }


def again(message: Message, call: AiMetric | None, after: int) -> bytes:
    """Return the events of an answer that was given before, from a letter on.

    Parameters
    ----------
    message : Message
    call : AiMetric, optional
    after : int
        Letters that have arrived.
    """
    text, arrived = message.content[after:], len(message.content)
    told = token(text, arrived) if text else b""
    metadata = metadata_again(message, call)
    if message.status == "complete":
        return told + done(metadata, arrived)
    return told + failed(
        "the answer ended early", "stream_interrupted", arrived,
        hint='send the message again with its request_id and {"continue": true} to have it answered anew',
        metadata=metadata,
    )  # fmt: skip


def _event(told: Mapping[str, Any], arrived: int) -> bytes:
    return b"id: %d\ndata: " % arrived + to_json(told) + b"\n\n"
