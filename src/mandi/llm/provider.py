"""Whoever answers stands behind one interface, and whatever goes wrong with it has one of a few names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from mandi.core.errors import MandiError
from mandi.llm.messages import Completion, Delta, Embeddings, Prompt

Kind = Literal["vendor", "local", "student", "mock"]
Fault = Literal[
    "rate_limited",  # 429
    "server_error",  # 5xx
    "timeout",  # no answer, or no next byte, in time
    "unreachable",  # no connection
    "malformed",  # not the shape the wire promises: broken JSON, wrong content type, empty choices
    "cut",  # the stream ended before it was complete
    "refused_key",  # 401, 403: our key, not the caller's
    "refused_request",  # 400, 404, 413, 422: what was asked cannot be answered by anybody
    "not_able",  # this provider does not do this: tools, embeddings, a model it does not have
]
RETRYABLE: frozenset[Fault] = frozenset(
    {"rate_limited", "server_error", "timeout", "unreachable", "malformed", "cut"}
)
THE_PROVIDERS_OWN: frozenset[Fault] = RETRYABLE | {"refused_key"}


class ProviderError(MandiError):
    """A provider did not answer.

    Parameters
    ----------
    provider : str
        Its name.
    fault : str
        One of ``Fault``.
    message : str
        What happened, without keys, bodies or addresses of the caller.
    status : int, optional
        HTTP status, where there was one.
    retry_after : float, optional
        Seconds the provider asks to wait.

    Examples
    --------
    >>> error = ProviderError("openai", "rate_limited", "429", status=429, retry_after=2.0)
    >>> error.retryable, error.counts
    (True, True)
    >>> ProviderError("openai", "refused_request", "404", status=404).counts
    False
    """

    headline = "a provider did not answer"

    def __init__(
        self,
        provider: str,
        fault: Fault,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.provider = provider
        self.fault: Fault = fault
        self.status = status
        self.retry_after = retry_after
        super().__init__(message)

    @property
    def retryable(self) -> bool:
        """Whether asking again, or asking another, may help."""
        return self.fault in RETRYABLE

    @property
    def counts(self) -> bool:
        """Whether the breaker counts it: never what the caller did wrong."""
        return self.fault in THE_PROVIDERS_OWN


class Provider(Protocol):
    """One source of answers: a vendor, a local server, the student or the analyst.

    Attributes
    ----------
    name : str
        As in routes, logs and metrics.
    kind : str
        ``vendor`` and ``local`` are asked over a wire, ``student`` and ``mock`` answer in this process.
    """

    name: str
    kind: Kind

    def models(self) -> Sequence[str]:
        """Return the models it is configured for, the default first."""
        ...

    async def complete(self, prompt: Prompt, model: str, timeout_s: float) -> Completion:
        """Answer.

        Raises
        ------
        ProviderError
            It did not; an answer that is not complete is an error too. It never retries by itself.
        """
        ...

    def stream(self, prompt: Prompt, model: str, timeout_s: float) -> AsyncIterator[Delta | Completion]:
        """Answer in pieces; the last item is the whole completion, whose text is the pieces joined.

        ``timeout_s`` bounds the whole stream, the wait for its first byte included.

        Raises
        ------
        ProviderError
            Before the first piece or in the middle; a stream that ends without its end mark is ``cut``.
        """
        ...

    async def embed(self, texts: Sequence[str], model: str, timeout_s: float) -> Embeddings:
        """Return a vector of each text.

        Raises
        ------
        ProviderError
            It cannot (``not_able``) or did not.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
