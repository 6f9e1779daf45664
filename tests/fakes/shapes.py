"""The wire formats of the vendors: what is answered to a request, as bodies and as events."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import to_json

from .behaviour import Behaviour, pieces

Event = tuple[str, Any]  # name (empty for none) and data: an object, or text sent as it is
GEMINI = re.compile(r"/v1(?:beta)?/models/([^/:]+):(\w+)")
MODELS = ["fake-small", "fake-large", "fake-embed"]
STATUS_NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip
ANTHROPIC_ERRORS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
                    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}  # fmt: skip
OPENAI_ERRORS = {400: ("invalid_request_error", None), 401: ("invalid_request_error", "invalid_api_key"),
                 404: ("invalid_request_error", "model_not_found"), 429: ("requests", "rate_limit_exceeded")}  # fmt: skip


def wire_of(path: str, headers: dict[str, str]) -> str:
    """Return whose wire a request speaks: openai, anthropic or gemini."""
    if "anthropic-version" in headers or path.startswith("/v1/messages"):
        return "anthropic"
    if path.startswith("/v1beta") or GEMINI.match(path):
        return "gemini"
    return "openai"


def error_body(wire: str, status: int, retry_after: str | None = None) -> Any:
    """Return the error object a vendor sends with a status; its sentence quotes a key, as real ones do."""
    sentence = "Incorrect API key provided: sk-test*****quoted. The prompt was too private to repeat."
    if wire == "anthropic":
        kind = ANTHROPIC_ERRORS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": sentence}, "request_id": "req_1"}
    if wire == "gemini":
        error: dict[str, Any] = {
            "code": status,
            "message": sentence,
            "status": STATUS_NAMES.get(status, "INTERNAL"),
        }
        if retry_after is not None:
            error["details"] = [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"}
            ]
        return {"error": error}
    kind, code = OPENAI_ERRORS.get(status, ("server_error", None))
    return {"error": {"message": sentence, "type": kind, "param": None, "code": code}}


def whole(wire: str, path: str, asked: Any, behaviour: Behaviour) -> Any:
    """Return the body of an answer in one piece."""
    if path.endswith("/models"):
        return _models(wire)
    if path.endswith("/embeddings"):
        return _embeddings(asked, behaviour)
    gemini = GEMINI.match(path)
    if gemini and gemini[2] == "batchEmbedContents":
        return {"embeddings": [{"values": _vector(n, behaviour)} for n in range(len(asked["requests"]))]}
    text = behaviour.said(asked)
    return {"openai": _openai, "anthropic": _anthropic, "gemini": _gemini}[wire](path, asked, behaviour, text)


def events(wire: str, path: str, asked: Any, behaviour: Behaviour) -> list[Event]:
    """Return the events of a streamed answer; the first and the last ones of each vendor carry what that vendor says there."""
    made = {"openai": _openai_events, "anthropic": _anthropic_events, "gemini": _gemini_events}[wire]
    told: list[Event] = made(path, asked, behaviour, behaviour.said(asked))
    if behaviour.error_after is not None:
        error = error_body(wire, behaviour.error_status)
        told = [*told[: behaviour.error_after], ("error" if wire == "anthropic" else "", error)]
    return told


def event_bytes(event: Event, behaviour: Behaviour) -> bytes:
    """Return an event as it goes over the wire."""
    name, data = event
    end = behaviour.newline
    head = f"event: {name}{end}" if name else ""
    body = data if isinstance(data, str) else to_json(data).decode()
    comment = f": keep-alive{end}{end}" if behaviour.comments else ""
    return f"{comment}{head}data: {body}{end}{end}".encode()


def _models(wire: str) -> Any:
    if wire == "gemini":
        return {
            "models": [
                {"name": f"models/{m}", "supportedGenerationMethods": ["generateContent"]} for m in MODELS
            ]
        }
    if wire == "anthropic":
        data = [
            {"type": "model", "id": m, "display_name": m, "created_at": "2026-01-01T00:00:00Z"}
            for m in MODELS
        ]
        return {"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
    return {
        "object": "list",
        "data": [{"id": m, "object": "model", "created": 1, "owned_by": "fake"} for m in MODELS],
    }


def _vector(n: int, behaviour: Behaviour) -> list[float]:
    return [float(n + k) for k in range(behaviour.vector_length)]


def _embeddings(asked: Any, behaviour: Behaviour) -> Any:
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = [
        {"object": "embedding", "index": n, "embedding": _vector(n, behaviour)}
        for n in reversed(range(len(texts)))
    ]
    body = {"object": "list", "model": asked["model"], "data": [] if behaviour.empty else data}
    if behaviour.usage:
        body["usage"] = {"prompt_tokens": 3 * len(texts), "total_tokens": 3 * len(texts)}
    return body


def _openai_calls(behaviour: Behaviour) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(behaviour.tool_calls)
    ]


def _openai_usage(text: str) -> dict[str, Any]:
    said = max(len(pieces(text)), 1)
    return {"prompt_tokens": 11, "completion_tokens": said, "total_tokens": 11 + said,
            "prompt_tokens_details": {"cached_tokens": 2}}  # fmt: skip


def _openai(path: str, asked: Any, behaviour: Behaviour, text: str) -> Any:
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if behaviour.tool_calls:
        message["tool_calls"] = _openai_calls(behaviour)
    finish = ("tool_calls" if behaviour.tool_calls else behaviour.finish_reason) if behaviour.finish else None
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"],
        "choices": [] if behaviour.empty else [{"index": 0, "message": message, "finish_reason": finish}],
    }  # fmt: skip
    if behaviour.usage:
        body["usage"] = _openai_usage(text)
    return body


def _openai_events(path: str, asked: Any, behaviour: Behaviour, text: str) -> list[Event]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> Event:
        choices = [] if behaviour.empty else [{"index": 0, "delta": delta, "finish_reason": finish}]
        return "", {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"],
                    "choices": choices}  # fmt: skip

    told = [chunk({"role": "assistant", "content": ""})]
    told += [chunk({"content": piece}) for piece in pieces(text)]
    for n, call in enumerate(_openai_calls(behaviour)):
        arguments = call["function"]["arguments"]
        half = len(arguments) // 2
        first = {
            **call,
            "index": n,
            "function": {"name": call["function"]["name"], "arguments": arguments[:half]},
        }
        told.append(chunk({"tool_calls": [first]}))
        told.append(chunk({"tool_calls": [{"index": n, "function": {"arguments": arguments[half:]}}]}))
    if behaviour.finish:
        told.append(chunk({}, "tool_calls" if behaviour.tool_calls else behaviour.finish_reason))
    if behaviour.usage and (asked.get("stream_options") or {}).get("include_usage"):
        told.append(("", {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"],
                          "choices": [], "usage": _openai_usage(text)}))  # fmt: skip
    if behaviour.done:
        told.append(("", "[DONE]"))
    return told


def _anthropic_blocks(behaviour: Behaviour, text: str) -> list[dict[str, Any]]:
    from pydantic_core import from_json

    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    blocks += [
        {"type": "tool_use", "id": f"toolu_{n}", "name": name, "input": from_json(arguments)}
        for n, (name, arguments) in enumerate(behaviour.tool_calls)
    ]
    return [] if behaviour.empty else blocks


def _anthropic_end(behaviour: Behaviour) -> str | None:
    if not behaviour.finish:
        return None
    named = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    return "tool_use" if behaviour.tool_calls else named.get(behaviour.finish_reason, behaviour.finish_reason)


def _anthropic(path: str, asked: Any, behaviour: Behaviour, text: str) -> Any:
    said = max(len(pieces(text)), 1)
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"],
        "content": _anthropic_blocks(behaviour, text), "stop_reason": _anthropic_end(behaviour), "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": said, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 0},
    }  # fmt: skip


def _anthropic_events(path: str, asked: Any, behaviour: Behaviour, text: str) -> list[Event]:
    start = _anthropic(path, asked, behaviour, text)
    start = {**start, "content": [], "stop_reason": None, "usage": {**start["usage"], "output_tokens": 1}}
    told: list[Event] = [
        ("message_start", {"type": "message_start", "message": start}),
        ("ping", {"type": "ping"}),
    ]
    for n, block in enumerate(_anthropic_blocks(behaviour, text)):
        is_text = block["type"] == "text"
        empty = {"type": "text", "text": ""} if is_text else {**block, "input": {}}
        told.append(
            ("content_block_start", {"type": "content_block_start", "index": n, "content_block": empty})
        )
        if is_text:
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(text)]
        else:
            arguments = to_json(block["input"]).decode()
            half = len(arguments) // 2
            deltas = [
                {"type": "input_json_delta", "partial_json": p} for p in (arguments[:half], arguments[half:])
            ]
        told += [
            ("content_block_delta", {"type": "content_block_delta", "index": n, "delta": d}) for d in deltas
        ]
        told.append(("content_block_stop", {"type": "content_block_stop", "index": n}))
    if behaviour.finish:
        end = {"stop_reason": _anthropic_end(behaviour), "stop_sequence": None}
        usage = {"output_tokens": max(len(pieces(text)), 1)}
        told.append(("message_delta", {"type": "message_delta", "delta": end, "usage": usage}))
    if behaviour.done:
        told.append(("message_stop", {"type": "message_stop"}))
    return told


def _gemini_chunk(path: str, behaviour: Behaviour, parts: list[dict[str, Any]], last: bool, said: int) -> Any:
    named = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if last and behaviour.finish:
        candidate["finishReason"] = named.get(behaviour.finish_reason, behaviour.finish_reason)
    model = GEMINI.match(path)
    body: dict[str, Any] = {
        "candidates": [] if behaviour.empty else [candidate],
        "modelVersion": model[1] if model else "?", "responseId": "r1",
    }  # fmt: skip
    if behaviour.usage:
        body["usageMetadata"] = {"promptTokenCount": 11, "candidatesTokenCount": said, "totalTokenCount": 11 + said,
                                 "cachedContentTokenCount": 2}  # fmt: skip
    return body


def _gemini_parts(behaviour: Behaviour) -> list[dict[str, Any]]:
    from pydantic_core import from_json

    return [
        {"functionCall": {"name": name, "args": from_json(arguments)}}
        for name, arguments in behaviour.tool_calls
    ]


def _gemini(path: str, asked: Any, behaviour: Behaviour, text: str) -> Any:
    parts = ([{"text": text}] if text else []) + _gemini_parts(behaviour)
    return _gemini_chunk(path, behaviour, parts, True, max(len(pieces(text)), 1))


def _gemini_events(path: str, asked: Any, behaviour: Behaviour, text: str) -> list[Event]:
    parts: list[dict[str, Any]] = [{"text": piece} for piece in pieces(text)] + _gemini_parts(behaviour)
    said = max(len(pieces(text)), 1)
    return [
        ("", _gemini_chunk(path, behaviour, [part], n == len(parts) - 1, said))
        for n, part in enumerate(parts or [{}])
    ]
