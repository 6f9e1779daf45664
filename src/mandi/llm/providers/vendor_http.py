"""The HTTP client under the vendors' own clients: bounded, without proxies or redirects, and it tells that a request went out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

from mandi.llm.providers.connection import WireLimits
from mandi.llm.providers.faults import NotTheShape

_SENT: ContextVar[list[bool] | None] = ContextVar("sent", default=None)


def http_client(limits: WireLimits) -> Any:
    """Return an ``httpx2.AsyncClient`` for the running loop.

    Parameters
    ----------
    limits : WireLimits
        All of them are kept but ``fair_s``, which is about faults.
    """
    import httpx2

    class Bounded(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            response.stream = Counted(response.stream)
            return response

    class Counted(httpx2.AsyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = limits.largest_answer
            async for chunk in self._stream:
                left -= len(chunk)
                if left < 0:
                    raise NotTheShape(f"the answer is larger than {limits.largest_answer} bytes")
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    pool = httpx2.Limits(max_connections=limits.connections, keepalive_expiry=limits.keepalive_s)
    return httpx2.AsyncClient(
        transport=Bounded(limits=pool, trust_env=False),
        timeout=httpx2.Timeout(limits.idle_s, connect=limits.connect_s),
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
        event_hooks={"request": [_note]},
    )


def listen() -> list[bool]:
    """Return a list that is filled when a request of this task goes out; what fails before that is in the prompt."""
    sent: list[bool] = []
    _SENT.set(sent)
    return sent


async def _note(request: Any) -> None:
    sent = _SENT.get()
    if sent is not None:
        sent.append(True)
