"""``/v1/embeddings``: vectors of texts, by the service's own encoder or by the provider whose model is named."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from anyio.to_thread import run_sync

from mandi.llm.calls import Call
from mandi.llm.messages import Message, Prompt
from mandi.llm.token_estimate import tokens_in
from mandi.serving.api.answering import answers_of, caller_of, encoder_of, providers_of
from mandi.serving.api.call_problems import told_as_problems
from mandi.serving.api.openai_answers_contracts import EmbeddingsTold
from mandi.serving.api.openai_contracts import EmbeddingsRequest
from mandi.serving.api.openai_models import ENCODER, chosen_encoder, no_model
from mandi.serving.operations import Asked, Operation
from mandi.serving.problems import BAD_REQUEST, Problem, Refused

EMBEDDINGS = "/v1/embeddings"
FEW_LETTERS = 2000  # encoded sooner than a thread is found
MOST_LETTERS = 250_000  # a quarter of a second of one core


def embeddings_operation() -> Operation:
    """Return the operation."""
    return Operation(
        "POST", EMBEDDINGS, "Vectors of texts", _embeddings, "ai",
        bodies=(EmbeddingsRequest,), answers=(EmbeddingsTold,), wire="openai", tag="openai",
        problems=(404, 429, 502, 504),
        examples={"two texts": {"model": ENCODER, "input": ["cotton, 28 mm", "பருத்தி, 28 மி.மீ"]}},
    )  # fmt: skip


def as_base64(vector: Sequence[float] | np.ndarray) -> str:
    """Return a vector as clients of OpenAI read it: little-endian float32 in base64.

    Examples
    --------
    >>> as_base64([1.0, 0.0])
    'AACAPwAAAAA='
    """
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


async def _embeddings(asked: Asked) -> Any:
    request: EmbeddingsRequest = asked.body
    if request.model == ENCODER:
        vectors, tokens, told = await _own(asked, request)
    else:
        vectors, tokens, told = await _others(asked, request)
    if request.dimensions not in (None, len(vectors[0])):
        raise Refused(
            Problem(
                BAD_REQUEST,
                f"{request.model} has vectors of {len(vectors[0])}",
                "dimensions",
                str(len(vectors[0])),
            )
        )
    shown = as_base64 if request.encoding_format == "base64" else _plain
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": i, "embedding": shown(v)} for i, v in enumerate(vectors)],
        "model": request.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        "mandi": told,
    }


async def _own(asked: Asked, request: EmbeddingsRequest) -> tuple[Any, int, dict[str, Any]]:
    encoder = encoder_of(asked.house)
    if encoder is None:
        raise no_model(ENCODER, providers_of(asked.house))
    texts = request.input
    letters = sum(map(len, texts))
    if letters > MOST_LETTERS:
        allowed = f"{MOST_LETTERS} letters in all"
        raise Refused(Problem(BAD_REQUEST, f"{letters} letters in one request", "input", allowed))
    if letters <= FEW_LETTERS:
        vectors = encoder.encode(texts)
    else:
        vectors = await run_sync(encoder.encode, texts, limiter=asked.house.one_at_a_time)
    told = {"provider": "mandi", "model": ENCODER, "cost_usd": 0.0, "usage_estimated": True}
    return vectors, sum(map(tokens_in, texts)), told


async def _others(asked: Asked, request: EmbeddingsRequest) -> tuple[Any, int, dict[str, Any]]:
    choice = chosen_encoder(request.model, providers_of(asked.house))
    if request.dimensions is not None:
        raise Refused(Problem(BAD_REQUEST, "dimensions would not reach whoever answers", "dimensions"))
    call = Call(
        prompt=Prompt(tuple(Message("user", text) for text in request.input), task="embedding"),
        caller=caller_of(asked),
        request_id=asked.request_id,
        endpoint=EMBEDDINGS,
        provider=choice.provider,
        model=choice.model,
    )
    with told_as_problems():
        found = await answers_of(asked.house).embed(call)
    made = found.embeddings
    told = {
        "generation_id": found.generation_id,
        "requested_mode": found.requested_mode,
        "effective_mode": found.effective_mode,
        "provider": made.provider,
        "model": made.model,
        "cache": found.cache,
        "cost_usd": round(float(found.cost_usd), 6),
        "usage_estimated": made.usage.estimated,
    }
    return made.vectors, made.usage.prompt_tokens, told


def _plain(vector: Any) -> list[float]:
    return [float(x) for x in vector]
