"""Vendors with shapes of their own, Anthropic and Gemini, through pydantic-ai's direct requests: one try each, no agents."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mandi.core.address import Secret, checked_key, checked_url
from mandi.core.errors import ConfigError
from mandi.llm.messages import Completion, Delta, Embeddings, Prompt, ToolCall, Usage
from mandi.llm.provider import Kind, ProviderError
from mandi.llm.providers.connection import WireLimits
from mandi.llm.providers.faults import NotTheShape, no_model
from mandi.llm.providers.vendor_faults import vendor_fault
from mandi.llm.providers.vendor_http import http_client, listen
from mandi.llm.providers.vendor_turns import (
    ANSWER_TOOL,
    Typed,
    as_text,
    completion,
    parameters,
    settings,
    turns,
)
from mandi.llm.token_estimate import tokens_in

if TYPE_CHECKING:
    from pydantic_ai.models import Model

ClientOf = Callable[[str, str, Any], Any]


class Vendor:
    """A vendor behind its official client, as pydantic-ai drives it; retries of the client are off.

    Parameters
    ----------
    name : str
        As in routes, logs and metrics.
    shape : str
        ``anthropic`` or ``gemini``.
    models : sequence of str
        Chat models, the default first; others are ``not_able``.
    key : Secret
    url : str
        Where the vendor is; always given, so that a variable of the environment cannot send the key elsewhere.
    embedding_models : sequence of str, optional
        Gemini's only.
    limits : WireLimits, optional
    clock : callable, optional
        Seconds that only grow.

    Raises
    ------
    ConfigError
        The extra ``vendors`` is not installed, the shape is unknown, there is no key, or the address cannot be used.
    """

    kind: Kind = "vendor"

    def __init__(
        self,
        name: str,
        shape: str,
        models: Sequence[str],
        *,
        key: Secret,
        url: str,
        embedding_models: Sequence[str] = (),
        limits: WireLimits | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if shape not in _SHAPES:
            raise ConfigError(f'no vendor speaks "{shape}"', allowed=", ".join(_SHAPES))
        checked = checked_key(key, name)
        if checked is None:
            raise ConfigError(f"{name} has no key")
        module, self._client_of, self._typed = _SHAPES[shape]
        _import_client(module)
        self.name = name
        self.embedding_models = tuple(embedding_models) if shape == "gemini" else ()
        self._key = checked
        self._url = checked_url(url, name, has_key=True)
        self._models = tuple(models)
        self._limits = limits or WireLimits()
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._http: Any = None
        self._client: Any = None
        self._made: dict[str, Model] = {}

    def __repr__(self) -> str:
        return f"Vendor({self.name!r}, {self._url!r}, models={self._models!r})"

    def models(self) -> Sequence[str]:
        """Return the chat models, the default first."""
        return self._models

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        """Answer in one piece; see ``Provider.complete``."""
        from pydantic_ai.direct import model_request

        started = self._clock()
        sent = listen()
        try:
            response = await model_request(
                self._model(model, timeout_s),
                turns(prompt, self.name),
                model_settings=settings(prompt, timeout_s, self._limits.idle_s, stream=False),
                model_request_parameters=parameters(prompt, self._typed),
                instrument=False,
            )
            return completion(response, prompt, self.name, self._since(started))
        except Exception as error:
            failed = self._fault(error, timeout_s, bool(sent))
        raise failed  # outside of the block: the clients' errors hold requests with their headers

    async def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        """Answer in pieces; see ``Provider.stream``."""
        from pydantic_ai.direct import model_request_stream

        started = self._clock()
        sent = listen()
        pieces = _Pieces(prompt.answer_schema is not None)
        try:
            async with model_request_stream(
                self._model(model, timeout_s),
                turns(prompt, self.name),
                model_settings=settings(prompt, timeout_s, self._limits.idle_s, stream=True),
                model_request_parameters=parameters(prompt, self._typed),
                instrument=False,
            ) as response:
                async for event in response:
                    delta = pieces.of(event)
                    if delta is not None:
                        yield delta
                whole = completion(response.get(), prompt, self.name, self._since(started), streamed=True)
            yield whole
            return
        except Exception as error:
            failed = self._fault(error, timeout_s, bool(sent))
        raise failed

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        """Return a vector of each text, in batches of no size of our own; see ``Provider.embed``."""
        if model not in self.embedding_models:
            raise no_model(self.name, model, "embedding model")
        if not texts:
            return Embeddings((), self.name, model)
        started = self._clock()
        try:
            async with asyncio.timeout(timeout_s):
                told = await self._opened().aio.models.embed_content(model=model, contents=list(texts))
            vectors = tuple(tuple(e.values or ()) for e in told.embeddings or ())
            if len(vectors) != len(texts) or not vectors[0] or len({len(v) for v in vectors}) != 1:
                raise NotTheShape("the answer does not hold one vector of one length a text")
            usage = Usage(sum(map(tokens_in, texts)), estimated=True)
            return Embeddings(vectors, self.name, model, usage, latency_ms=self._since(started))
        except Exception as error:
            failed = self._fault(error, timeout_s)
        raise failed

    async def listed(self, timeout_s: float) -> tuple[str, ...]:
        """Return the models the vendor says it has.

        Raises
        ------
        ProviderError
            It did not say.
        """
        try:
            async with asyncio.timeout(timeout_s):
                client = self._opened()
                pages = (
                    client.models.list() if hasattr(client, "messages") else await client.aio.models.list()
                )
                names = [str(m.id if hasattr(m, "id") else m.name) async for m in pages]
            return tuple(name.removeprefix("models/") for name in names)
        except Exception as error:
            failed = self._fault(error, timeout_s)
        raise failed

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        http, self._http, self._client, self._made = self._http, None, None, {}
        if http is not None and self._loop is asyncio.get_running_loop():
            await http.aclose()

    def _model(self, model: str, timeout_s: float) -> Model:
        if timeout_s <= 0:
            raise TimeoutError
        if model not in self._models:
            raise no_model(self.name, model)
        client = self._opened()
        if model not in self._made:
            self._made[model] = _model_of(client, model)
        return self._made[model]

    def _opened(self) -> Any:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._http = http_client(self._limits)
            self._client = self._client_of(self._key.get_secret_value(), self._url, self._http)
            self._made = {}
            self._loop = loop
        return self._client

    def _fault(self, error: Exception, timeout_s: float, sent: bool = True) -> ProviderError:
        secret = self._key.get_secret_value()
        return vendor_fault(self.name, error, timeout_s, self._limits.fair_s, secret, sent)

    def _since(self, started: float) -> float:
        return (self._clock() - started) * 1000


class _Pieces:
    def __init__(self, typed: bool) -> None:
        self._typed = typed
        self._calls: dict[
            int, tuple[int, str]
        ] = {}  # part index -> our index and id; the answer's tool is index -1

    def of(self, event: Any) -> Delta | None:
        from pydantic_ai.messages import (
            PartDeltaEvent,
            PartStartEvent,
            TextPart,
            TextPartDelta,
            ToolCallPart,
            ToolCallPartDelta,
        )

        if isinstance(event, PartStartEvent):
            part = event.part
            if isinstance(part, TextPart):
                return Delta(part.content) if part.content else None
            if isinstance(part, ToolCallPart):
                if self._typed and part.tool_name == ANSWER_TOOL:
                    self._calls[event.index] = (-1, "")
                    text = as_text(part.args)
                    return Delta(text) if text else None
                ours = sum(n >= 0 for n, _ in self._calls.values())
                self._calls[event.index] = (ours, part.tool_call_id)
                call = ToolCall(part.tool_call_id, part.tool_name, as_text(part.args))
                return Delta(tool_calls=((ours, call),))
        elif isinstance(event, PartDeltaEvent):
            delta = event.delta
            if isinstance(delta, TextPartDelta):
                return Delta(delta.content_delta) if delta.content_delta else None
            if isinstance(delta, ToolCallPartDelta) and event.index in self._calls:
                ours, known = self._calls[event.index]
                text = as_text(delta.args_delta)
                if not text:
                    return None
                return Delta(text) if ours < 0 else Delta(tool_calls=((ours, ToolCall(known, "", text)),))
        return None


def _import_client(module: str) -> None:
    # when the provider is made, not at its first request: it takes seconds that would stop every other request
    try:
        import_module("pydantic_ai.direct")
        import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{error.name or 'pydantic_ai'} is not installed", next_command='pip install "mandi[vendors]"'
        ) from None


def _anthropic_client(key: str, url: str, http: Any) -> Any:
    from anthropic import AsyncAnthropic

    return AsyncAnthropic(api_key=key, base_url=url, http_client=http, max_retries=0)


def _gemini_client(key: str, url: str, http: Any) -> Any:
    from google.genai.client import Client
    from google.genai.types import HttpOptions, HttpRetryOptions

    options = HttpOptions(base_url=url, httpx_async_client=http, retry_options=HttpRetryOptions(attempts=1))
    return Client(vertexai=False, api_key=key, http_options=options)


def _model_of(client: Any, model: str) -> Model:
    if hasattr(client, "messages"):
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        return AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client))
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    return GoogleModel(model, provider=GoogleProvider(client=client))


_SHAPES: dict[str, tuple[str, ClientOf, Typed]] = {
    "anthropic": ("pydantic_ai.models.anthropic", _anthropic_client, "tool"),
    "gemini": ("pydantic_ai.models.google", _gemini_client, "native"),
}
