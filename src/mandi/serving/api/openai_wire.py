"""Answers in the bytes of OpenAI's wire: one body, or one event a piece with all but its text written beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from mandi.llm.calls import Interrupted, Outcome
from mandi.llm.messages import Completion, Delta, ToolCall, Usage
from mandi.serving.problems import Problem

DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"


def told_of(outcome: Outcome, ticket_id: str | None = None) -> dict[str, Any]:
    """Return what is said of an answer beside it: who gave it, why they were asked, what it cost.

    Parameters
    ----------
    outcome : Outcome
    ticket_id : str, optional
        Of a question that waits for a person.
    """
    said = outcome.completion
    return {
        "generation_id": outcome.generation_id,
        "requested_mode": outcome.requested_mode,
        "effective_mode": outcome.effective_mode,
        "provider": said.provider,
        "model": said.model,
        "route": outcome.route,
        "route_reason": outcome.route_reason,
        "fallback": outcome.fallback,
        "fallback_reason": outcome.fallback_reason,
        "degraded": outcome.degraded,
        "confidence": outcome.confidence,
        "cost_usd": round(float(outcome.cost_usd), 6),
        "cache": outcome.cache,
        "usage_estimated": said.usage.estimated,
        "latency_ms": round(outcome.latency_ms, 1),
        "first_token_ms": None if outcome.first_token_ms is None else round(outcome.first_token_ms, 1),
        "ticket_id": ticket_id,
    }


def headers_of(outcome: Outcome) -> dict[str, str]:
    """Return the headers that say who answered, for whoever reads no bodies."""
    return {
        "x-mandi-mode": outcome.effective_mode,
        "x-mandi-provider": outcome.completion.provider,
        "x-mandi-fallback": "true" if outcome.fallback else "false",
    }


def whole(outcome: Outcome, name: str, created: int, ticket_id: str | None = None) -> dict[str, Any]:
    """Return a chat completion.

    Parameters
    ----------
    outcome : Outcome
    name : str
        Model as it was asked for; ``mandi`` says which one answered.
    created : int
        Seconds since 1970.
    ticket_id : str, optional
    """
    said = outcome.completion
    turn: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    if said.tool_calls:
        turn["tool_calls"] = [_call(c) for c in said.tool_calls]
    elif not said.text:
        turn["content"] = ""
    choice = {"index": 0, "message": turn, "logprobs": None, "finish_reason": said.finish}
    return {
        "id": f"chatcmpl-{outcome.generation_id}",
        "object": "chat.completion",
        "created": created,
        "model": name,
        "choices": [choice],
        "usage": usage_of(said.usage),
        "mandi": told_of(outcome, ticket_id),
    }


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return the tokens of a call.

    Examples
    --------
    >>> usage_of(Usage(10, 5))["total_tokens"]
    15
    """
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


class ChunkWriter:
    """Writes the events of one stream.

    Parameters
    ----------
    answer_id : str
        The same in every event.
    name : str
        Model as it was asked for.
    created : int
        Seconds since 1970.
    with_usage : bool
        End with an event of the tokens.

    Examples
    --------
    >>> writer = ChunkWriter("chatcmpl-1", "mandi", 0, with_usage=False)
    >>> writer.text("hi").decode().partition('"choices":')[2]
    '[{"index":0,"delta":{"content":"hi"},"logprobs":null,"finish_reason":null}]}\\n\\n'
    """

    __slots__ = ("_after", "_before", "_head", "_usage")

    def __init__(self, answer_id: str, name: str, created: int, with_usage: bool) -> None:
        head = {"id": answer_id, "object": "chat.completion.chunk", "created": created, "model": name}
        self._head = b"data: " + to_json(head)[:-1]
        self._usage = with_usage
        self._before = self._head + b',"choices":[{"index":0,"delta":{"content":'
        self._after = b'},"logprobs":null,"finish_reason":null}]' + self._no_usage + b"}\n\n"

    def opening(self) -> bytes:
        """Return the event that says who speaks."""
        return self._choice({"role": "assistant", "content": "", "refusal": None}, None)

    def text(self, text: str) -> bytes:
        """Return the event of a piece of text."""
        return self._before + json_text(text) + self._after

    def piece(self, delta: Delta) -> bytes:
        """Return the event of a piece: text, or pieces of tool calls."""
        if not delta.tool_calls:
            return self.text(delta.text) if delta.text else b""
        words = {"content": delta.text} if delta.text else {}
        return self._choice({**words, "tool_calls": [_piece(i, c) for i, c in delta.tool_calls]}, None)

    def ending(self, outcome: Outcome, ticket_id: str | None = None) -> bytes:
        """Return the events after the last piece, the end mark included."""
        told = {"mandi": told_of(outcome, ticket_id)}
        finish = outcome.completion.finish
        if not self._usage:
            return self._choice({}, finish, told) + DONE
        last = {"choices": [], "usage": usage_of(outcome.completion.usage), **told}
        return self._choice({}, finish) + self._head + b"," + to_json(last)[1:] + b"\n\n" + DONE

    @property
    def _no_usage(self) -> bytes:
        return b',"usage":null' if self._usage else b""

    def _choice(
        self, delta: Mapping[str, Any], finish: str | None, more: Mapping[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        rest = to_json({"choices": [choice], **(more or {})})[1:-1]
        return self._head + b"," + rest + self._no_usage + b"}\n\n"


def broken_off(problem: Problem, interrupted: Interrupted | None = None) -> bytes:
    """Return the event that ends a stream that failed; no end mark follows, so that nobody takes it for whole.

    Parameters
    ----------
    problem : Problem
    interrupted : Interrupted, optional
        What is known of the answer that was cut off.
    """
    body = problem.as_openai()
    if interrupted is not None:
        body["mandi"] = {
            "generation_id": interrupted.generation_id, "provider": interrupted.provider, "fault": interrupted.fault,
        }  # fmt: skip
    return b"data: " + to_json(body) + b"\n\n"


def pieces_of(completion: Completion) -> Iterable[Delta]:
    """Give a whole answer as the pieces of a stream."""
    if completion.text:
        yield Delta(completion.text)
    if completion.tool_calls:
        yield Delta(tool_calls=tuple(enumerate(completion.tool_calls)))


def json_text(text: str) -> bytes:
    """Return a text as JSON; half of a letter of two parts, as a vendor's pieces may cut it, is written as its escape.

    Examples
    --------
    >>> json_text("कपास").decode(), json_text(chr(0xD83D))
    ('"कपास"', b'"\\\\ud83d"')
    """
    try:
        return to_json(text)
    except (PydanticSerializationError, UnicodeEncodeError):
        return json.dumps(text).encode()


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _piece(index: int, call: ToolCall) -> dict[str, Any]:
    head = {"id": call.id, "type": "function"} if call.id else {}
    name = {"name": call.name} if call.name else {}
    return {"index": index, **head, "function": {**name, "arguments": call.arguments}}
