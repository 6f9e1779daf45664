"""``/v1``: chat completions, streamed or not, and the models to ask for, as clients of OpenAI know them."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from mandi.llm.calls import Call, Interrupted, Outcome
from mandi.llm.refusals import EscalationRequired
from mandi.serving.api.answering import (
    Answering,
    Item,
    answers_of,
    caller_of,
    encoder_of,
    handed_over,
    providers_of,
    while_listened,
)  # fmt: skip
from mandi.serving.api.belt import Belt
from mandi.serving.api.call_problems import problem_of_call, told_as_problems
from mandi.serving.api.openai_answers_contracts import ChatCompletionTold, ModelsTold, ModelTold
from mandi.serving.api.openai_contracts import ChatRequest
from mandi.serving.api.openai_embeddings import embeddings_operation
from mandi.serving.api.openai_models import catalogue, chosen, no_model
from mandi.serving.api.openai_prompts import prompt_of
from mandi.serving.api.openai_wire import (
    PING,
    ChunkWriter,
    broken_off,
    headers_of,
    pieces_of,
    whole,
)  # fmt: skip
from mandi.serving.operations import Asked, Operation, Stream
from mandi.serving.problems import Problem

LOG = logging.getLogger("mandi.serving")
CHAT = "/v1/chat/completions"
PATIENCE_S = 10.0
EXAMPLES: Mapping[str, Any] = {
    "a question": {
        "model": "mandi-hybrid",
        "messages": [{"role": "user", "content": "What is a fair price for cotton at Rajkot today?"}],
    },
    "streamed": {
        "model": "mandi-mock",
        "messages": [{"role": "user", "content": "कपास का भाव क्या है?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    },
}


def openai_operations() -> list[Operation]:
    """Return the operations that clients of OpenAI know."""
    return [
        Operation(
            "POST", CHAT, "Answer a conversation, in one body or streamed", _chat, "ai",
            bodies=(ChatRequest,), answers=(ChatCompletionTold,), streams=True, wire="openai", tag="openai",
            problems=(404, 429, 502, 504), examples=EXAMPLES,
        ),
        embeddings_operation(),
        Operation(
            "GET", "/v1/models", "Names to ask for", _models, "ai",
            answers=(ModelsTold,), wire="openai", tag="openai",
        ),
        Operation(
            "GET", "/v1/models/{model:path}", "One of these names", _model, "ai",
            answers=(ModelTold,), wire="openai", tag="openai",
        ),
    ]  # fmt: skip


async def _models(asked: Asked) -> Any:
    return {"object": "list", "data": _listed(asked)}


async def _model(asked: Asked) -> Any:
    name = asked.path["model"]
    for model in _listed(asked):
        if model["id"] == name:
            return model
    raise no_model(name, providers_of(asked.house))


def _listed(asked: Asked) -> list[dict[str, Any]]:
    return list(catalogue(providers_of(asked.house), encoder_of(asked.house) is not None))


async def _chat(asked: Asked) -> Any:
    request: ChatRequest = asked.body
    answers = answers_of(asked.house)
    choice = chosen(request.model, providers_of(asked.house))
    call = Call(
        prompt=prompt_of(request),
        caller=caller_of(asked),
        request_id=asked.request_id,
        endpoint=CHAT,
        mode=choice.mode,
        provider=choice.provider,
        model=choice.model,
    )
    if request.stream:
        return await _streamed(asked, answers, call, choice.name)
    ticket = None
    with told_as_problems():
        try:
            outcome = await while_listened(asked.request, answers.complete(call))
        except EscalationRequired as error:
            outcome, ticket = await handed_over(asked, error, {"endpoint": CHAT})
    body = whole(outcome, choice.name, _now(asked), ticket)
    return Response(to_json(body), media_type="application/json", headers=headers_of(outcome))


async def _streamed(asked: Asked, answers: Answering, call: Call, name: str) -> Stream:
    options = asked.body.stream_options
    with_usage = bool(options and options.include_usage)
    writer = ChunkWriter(f"chatcmpl-{uuid.uuid4().hex}", name, _now(asked), with_usage)
    belt = Belt(answers.stream(call))
    ticket = None
    with told_as_problems():
        try:
            # awaited before any header is sent: what goes wrong until then has a status of its own
            first = await belt.take(PATIENCE_S)
        except EscalationRequired as error:
            outcome, ticket = await handed_over(asked, error, {"endpoint": CHAT})
            first = [*pieces_of(outcome.completion), outcome]
        except asyncio.CancelledError:
            await belt.aclose()
            raise
    last = first[-1] if first else None
    headers = headers_of(last) if isinstance(last, Outcome) else {}
    return Stream(_Events(belt, first, writer, ticket), headers)


class _Events:
    """The events of a stream; closing them stops whoever speaks, also when nobody began to listen."""

    def __init__(
        self, belt: Belt[Item], first: list[Item] | None, writer: ChunkWriter, ticket_id: str | None = None
    ) -> None:
        self._belt = belt
        self._first = first
        self._writer = writer
        self._ticket_id = ticket_id
        self._events = self._given()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._events

    async def __anext__(self) -> bytes:
        return await self._events.__anext__()

    async def aclose(self) -> None:
        await self._events.aclose()
        await self._belt.aclose()

    async def _given(self) -> AsyncGenerator[bytes, None]:
        yield self._writer.opening()
        pieces = self._first
        while pieces is not None:
            yield b"".join(map(self._written, pieces)) if pieces else PING
            if pieces and isinstance(pieces[-1], (Outcome, Interrupted)):
                return
            try:
                pieces = await self._belt.take(PATIENCE_S)
            except Exception as error:
                yield broken_off(problem_of_call(error) or _unforeseen(error))
                return
        yield broken_off(Problem(502, "the answer ended without its end", code="stream_interrupted"))

    def _written(self, item: Item) -> bytes:
        if isinstance(item, Outcome):
            return self._writer.ending(item, self._ticket_id)
        if isinstance(item, Interrupted):
            cut = Problem(502, f"the answer was cut off: {item.reason}", code="stream_interrupted")
            return broken_off(cut, item)
        return self._writer.piece(item)


def _unforeseen(error: Exception) -> Problem:
    LOG.error("a stream ended by an error that was not foreseen", exc_info=error)
    return Problem(500, "something went wrong here; the service log has it", code="internal_error")


def _now(asked: Asked) -> int:
    return int(asked.house.now().timestamp())
