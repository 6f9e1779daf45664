"""Any OpenAI-shaped server over aiohttp: chat completions whole and streamed, embeddings, the list of models."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from pydantic_core import from_json, to_json

from mandi.core.address import Secret
from mandi.llm.messages import Completion, Delta, Embeddings, Prompt, Usage
from mandi.llm.provider import Kind, ProviderError
from mandi.llm.providers.connection import Connection, WireLimits
from mandi.llm.providers.faults import NotTheShape, is_error, no_model, unsayable
from mandi.llm.providers.openai_body import Answer, TokenLimit, chat_request, usage_of, vectors_of
from mandi.llm.providers.sse import EventReader
from mandi.llm.token_estimate import tokens_in

DONE = b"[DONE]"
CHAT = "/chat/completions"


class OpenAIWire:
    """A provider behind an OpenAI-shaped server: OpenAI itself, Ollama, vLLM, llama.cpp, or any other by its address.

    It never retries. One pool of connections serves all its requests in a process. An answer that does not tell its usage
    gets an estimate marked as one.

    Parameters
    ----------
    name : str
        As in routes, logs and metrics.
    url : str
        Up to and with the version, as ``https://api.openai.com/v1``.
    models : sequence of str
        Chat models, the default first; others are ``not_able``.
    key : Secret, optional
        Sent as a bearer token and shown nowhere.
    kind : str, optional
        ``vendor`` or ``local``.
    embedding_models : sequence of str, optional
        The default first.
    token_limit : str, optional
        Name of the field that bounds an answer.
    limits : WireLimits, optional
    default_path : str, optional
        Added to an address without a path, as ``/v1``.
    clock, now : callable, optional
        Seconds that only grow, and seconds since 1970.

    Raises
    ------
    ConfigError
        The address or the key cannot be used.

    Examples
    --------
    >>> OpenAIWire("local", "http://localhost:11434/v1", ["some-model"], kind="local")
    OpenAIWire('local', 'http://localhost:11434/v1', models=('some-model',))
    """

    def __init__(
        self,
        name: str,
        url: str,
        models: Sequence[str],
        *,
        key: Secret | None = None,
        kind: Kind = "vendor",
        embedding_models: Sequence[str] = (),
        token_limit: TokenLimit = "max_tokens",
        limits: WireLimits | None = None,
        default_path: str = "",
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.kind: Kind = kind
        self.embedding_models = tuple(embedding_models)
        self._models = tuple(models)
        self._token_limit: TokenLimit = token_limit
        self._connection = Connection(name, url, key, limits or WireLimits(), now, default_path)
        self._clock = clock

    def __repr__(self) -> str:
        return f"OpenAIWire({self.name!r}, {self._connection.url!r}, models={self._models!r})"

    def models(self) -> Sequence[str]:
        """Return the chat models, the default first."""
        return self._models

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        """Answer in one piece; see ``Provider.complete``."""
        started = self._clock()
        body = self._asked(prompt, model, stream=False)
        answer = Answer(model)
        try:
            async with self._connection.exchange("POST", CHAT, body, timeout_s) as response:
                answer.take_whole(await self._connection.json(response))
            return self._completion(answer, prompt, started)
        except Exception as error:
            failed = self._connection.fault(error, timeout_s)
        raise failed  # outside of the block: what the client library raised holds our headers

    async def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        """Answer in pieces; see ``Provider.stream``.

        A server that answers in one piece all the same gives one piece. When the connection is lost after the vendor said
        why the answer ended, the answer is whole and only its usage is an estimate.
        """
        started = self._clock()
        body = self._asked(prompt, model, stream=True)
        answer = Answer(model)
        failed: ProviderError | None = None
        try:
            async with self._connection.exchange("POST", CHAT, body, timeout_s, events=True) as response:
                if "event-stream" not in response.headers.get("Content-Type", ""):
                    answer.take_whole(await self._connection.json(response))
                    whole = self._completion(answer, prompt, started)
                    yield Delta(whole.text, tuple(enumerate(whole.tool_calls)))
                    yield whole
                    return
                reader = EventReader()
                left = self._connection.limits.largest_answer
                done = False
                while not done:
                    chunk = await response.content.readany()
                    left -= len(chunk)
                    if left < 0:
                        raise NotTheShape(
                            f"the stream is larger than {self._connection.limits.largest_answer} bytes"
                        )
                    for name, data in reader.feed(chunk) if chunk else reader.rest():
                        if data == DONE:
                            done = True
                            break
                        delta = answer.take_event(self._event(name, data, last=not chunk))
                        if delta is not None:
                            yield delta
                    if not chunk:
                        break
                if not done and answer.finish is None:
                    raise ProviderError(self.name, "cut", f"{self.name} ended the stream before its end mark")
                yield self._completion(answer, prompt, started)
                if not response.content.at_eof():
                    await _to_the_end(response)
                return
        except Exception as error:
            failed = self._connection.fault(error, timeout_s)
        if answer.finish is None or failed.fault not in ("cut", "timeout"):
            raise failed
        yield self._completion(answer, prompt, started)

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        """Return a vector of each text; see ``Provider.embed``."""
        if model not in self.embedding_models:
            raise no_model(self.name, model, "embedding model")
        if not texts:
            return Embeddings((), self.name, model)
        started = self._clock()
        try:
            body = to_json({"model": model, "input": list(texts), "encoding_format": "float"})
        except ValueError:
            raise unsayable(self.name) from None
        try:
            async with self._connection.exchange("POST", "/embeddings", body, timeout_s) as response:
                told = await self._connection.json(response)
            vectors = vectors_of(told, len(texts))
            usage = usage_of(told.get("usage")) or Usage(sum(map(tokens_in, texts)), estimated=True)
            return Embeddings(vectors, self.name, model, usage, latency_ms=self._since(started))
        except Exception as error:
            failed = self._connection.fault(error, timeout_s)
        raise failed

    async def listed(self, timeout_s: float) -> tuple[str, ...]:
        """Return the models the server says it has.

        Raises
        ------
        ProviderError
            It did not say.
        """
        try:
            async with self._connection.exchange("GET", "/models", None, timeout_s) as response:
                told = await self._connection.json(response)
            data = told.get("data") if isinstance(told, dict) else None
            if not isinstance(data, list):
                raise NotTheShape("the answer lists no models")
            return tuple(str(m["id"]) for m in data if isinstance(m, dict) and "id" in m)
        except Exception as error:
            failed = self._connection.fault(error, timeout_s)
        raise failed

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        await self._connection.close()

    def _asked(self, prompt: Prompt, model: str, stream: bool) -> bytes:
        if model not in self._models:
            raise no_model(self.name, model)
        try:
            return to_json(chat_request(prompt, model, stream, self._token_limit))
        except (ValueError, TypeError, AttributeError):
            raise unsayable(self.name) from None

    def _event(self, name: str, data: bytes, last: bool) -> Any:
        try:
            event = from_json(data)
        except ValueError:
            if last:
                raise ProviderError(
                    self.name, "cut", f"{self.name} ended the stream inside of an event"
                ) from None
            raise NotTheShape("an event is not JSON") from None
        if name == "error" or is_error(event):
            raise self._connection.told_error(200, event)
        return event

    def _completion(self, answer: Answer, prompt: Prompt, started: float) -> Completion:
        if not answer.seen:
            raise NotTheShape("the stream has no choices")
        return Completion(
            answer.text, self.name, answer.model, answer.calls, answer.ended(bool(prompt.stop)), answer.counted(prompt),
            latency_ms=self._since(started),
        )  # fmt: skip

    def _since(self, started: float) -> float:
        return (self._clock() - started) * 1000


async def _to_the_end(response: Any) -> None:
    # the last bytes of the body come with the end mark or a moment later; once they are read the connection serves again
    try:
        async with asyncio.timeout(0.1):
            while not response.content.at_eof():
                await response.content.readany()
    except Exception:
        response.close()
