"""A streamed answer, read piece by piece: somebody else may be asked until the first piece, and nobody after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from mandi.llm.calls import Attempt
from mandi.llm.messages import Completion, Delta, Prompt
from mandi.llm.path.memory import in_pieces
from mandi.llm.path.passage import Passage
from mandi.llm.path.walk import GRACE_S
from mandi.llm.provider import Provider, ProviderError

Pieces = AsyncGenerator[Delta | Completion, None]
Opened = tuple[Delta | Completion, Pieces]


async def opened(provider: Provider, prompt: Prompt, model: str, left_s: float) -> Opened:
    """Begin a stream and return its first piece that says something, and the rest.

    Raises
    ------
    ProviderError
        It failed before that piece: nothing was said yet, so another provider may be asked.
    """
    pieces = _closable(provider.stream(prompt, model, left_s))
    try:
        while True:
            piece = await anext(pieces)
            if isinstance(piece, Completion) or piece.text or piece.tool_calls:
                return piece, pieces
    except StopAsyncIteration:
        raise ProviderError(provider.name, "cut", "the stream ended before it began") from None
    except BaseException:
        await pieces.aclose()
        raise


async def whole_as_stream(completion: Completion) -> Opened:
    """Return an answer that is whole already as a stream that began."""
    pieces = _again(completion)
    return await anext(pieces), pieces


async def read_on(passage: Passage, opened_stream: Opened, provider: str, idle_s: float) -> Pieces:
    """Yield the first piece and all others; the last item is the completion.

    Raises
    ------
    ProviderError
        The stream failed; what was said is in ``passage.trial.said``.
    """
    piece, rest = opened_stream
    async with aclosing(rest):
        while isinstance(piece, Delta):
            if passage.first_token_ms is None:
                passage.first_token_ms = passage.elapsed_ms()
            if passage.trial is not None:
                passage.trial.said.append(piece.text)
            yield piece
            piece = await _next(passage, rest, provider, idle_s)
        yield piece


def interrupted_attempt(provider: str, model: str, took_ms: float, error: ProviderError) -> Attempt:
    """Return the try that a stream broke in."""
    return Attempt(provider, model, took_ms, error.fault, error.status, error.message)


async def _next(passage: Passage, rest: Pieces, provider: str, idle_s: float) -> Delta | Completion:
    left_s = passage.deadline.left_with(GRACE_S)
    try:
        async with asyncio.timeout(min(left_s, idle_s + GRACE_S)):
            if (
                left_s <= 0.0
            ):  # a stream whose next piece is always there never waits, and would never be late
                raise TimeoutError
            return await anext(rest)
    except StopAsyncIteration:
        raise ProviderError(provider, "cut", "the stream ended before its end mark") from None
    except TimeoutError:
        raise ProviderError(provider, "timeout", "no next piece in time") from None


async def _closable(pieces: AsyncIterator[Delta | Completion]) -> Pieces:
    try:
        async for piece in pieces:
            yield piece
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


async def _again(completion: Completion) -> Pieces:
    for piece in in_pieces(completion):
        yield piece
    yield completion
