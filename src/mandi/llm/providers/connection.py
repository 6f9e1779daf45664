"""The connections to one server: a pool, one bounded exchange at a time over it, and what went wrong with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from mandi.core.address import Secret, checked_key, checked_url
from mandi.core.retry_after import wait_s
from mandi.llm.provider import ProviderError
from mandi.llm.providers.faults import NotTheShape, answer_fault, connection_fault, is_error, waited

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

LARGEST_REFUSAL = 1 << 16
"""Bytes read of an answer that is not a success: enough for its error object."""


@dataclass(frozen=True, slots=True)
class WireLimits:
    """How long a wire waits and how much it reads.

    Attributes
    ----------
    connect_s : float
        Seconds for a connection.
    idle_s : float
        Seconds between two reads of a stream, the wait for the first one included. A whole answer is written in one go
        after all of it is thought, so only the caller's ``timeout_s`` bounds that wait.
    fair_s : float
        A caller who waits less than this many seconds and runs out of them says nothing about the provider: that fault
        is ``refused_request`` with status 408, which no breaker counts. 0 counts every timeout.
    largest_answer : int
        Bytes of a whole answer or of a whole stream.
    connections : int
        Open at once; more requests wait, within their timeout.
    keepalive_s : float
        Seconds an idle connection is kept: less than the server's own limit, or a request may meet a closing door.
    """

    connect_s: float = 5.0
    idle_s: float = 30.0
    fair_s: float = 0.0
    largest_answer: int = 8 << 20
    connections: int = 256
    keepalive_s: float = 15.0


class Connection:
    """A pool of connections to one server; it opens in the loop of the first request.

    It never retries, follows no redirect, reads no proxy from the environment and keeps no cookie.

    Parameters
    ----------
    name : str
        Of the provider, for errors.
    url : str
    key : Secret, optional
        Sent as a bearer token and shown nowhere.
    limits : WireLimits
    now : callable, optional
        Seconds since 1970, for a date in ``Retry-After``.
    default_path : str, optional
        Added to an address without a path.

    Raises
    ------
    ConfigError
        The address or the key cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        key: Secret | None,
        limits: WireLimits,
        now: Callable[[], float] = time.time,
        default_path: str = "",
    ) -> None:
        self.name = name
        self.limits = limits
        self._key = checked_key(key, name)
        self.url = checked_url(url, name, self._key is not None, default_path)
        self._now = now
        self._session: ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def exchange(
        self, method: str, path: str, body: bytes | None, timeout_s: float, *, events: bool = False
    ) -> _Exchange:
        """Return one exchange as a context: it gives the response of a success and raises ProviderError for any other.

        What is not read to its end when the context is left is closed, connection and all.
        """
        from aiohttp import ClientTimeout

        if timeout_s <= 0:  # the client library takes 0 for no limit at all
            raise TimeoutError
        limits = self.limits
        timeout = ClientTimeout(
            total=timeout_s,
            sock_connect=limits.connect_s if limits.connect_s < timeout_s else None,
            sock_read=limits.idle_s if events and limits.idle_s < timeout_s else None,
        )
        headers = {"Accept": "text/event-stream" if events else "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        opened = self._opened().request(
            method, self.url + path, data=body, headers=headers, timeout=timeout, allow_redirects=False
        )
        return _Exchange(self, opened)

    async def json(self, response: ClientResponse) -> Any:
        """Read an answer.

        Raises
        ------
        NotTheShape, ValueError
            It is not JSON, or too large.
        ProviderError
            It is an error object inside a success.
        """
        if "json" not in response.headers.get("Content-Type", "json"):
            raise NotTheShape("the answer is not called JSON")
        body = await _bounded(response, self.limits.largest_answer)
        if body is None:
            raise NotTheShape(f"the answer is larger than {self.limits.largest_answer} bytes")
        told = from_json(body)
        if is_error(told) and not told.get("choices"):
            raise self.told_error(200, told, response)
        return told

    def told_error(self, status: int, body: Any, response: ClientResponse | None = None) -> ProviderError:
        """Return the error for an error object of the server."""
        wait = wait_s(response.headers, self._now()) if response is not None else None
        secret = self._key.get_secret_value() if self._key is not None else ""
        return answer_fault(self.name, status, body, wait, secret)

    async def refusal(self, response: ClientResponse) -> ProviderError:
        """Return the error for an answer that is not a success."""
        from aiohttp import ClientError

        told: Any = None
        try:
            if "json" in response.headers.get("Content-Type", ""):
                told = from_json(await _bounded(response, LARGEST_REFUSAL) or b"null")
        except (ClientError, ValueError, OSError):  # TimeoutError is an OSError
            told = None  # the status is enough
        return self.told_error(response.status, told, response)

    def fault(self, error: Exception, timeout_s: float) -> ProviderError:
        """Return the error for what an exchange raised."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, NotTheShape):
            return ProviderError(self.name, "malformed", f"{self.name}: {error}")
        if type(error) is TimeoutError:  # the caller's wait; the pool's own timeouts are subclasses
            return waited(self.name, timeout_s, self.limits.fair_s)
        return connection_fault(self.name, error)

    async def close(self) -> None:
        """Close the pool; a later request opens a new one."""
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()

    def _opened(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            from aiohttp import ClientSession, DummyCookieJar, TCPConnector

            self._session = ClientSession(
                connector=TCPConnector(
                    limit=self.limits.connections, keepalive_timeout=self.limits.keepalive_s, ttl_dns_cache=60
                ),
                cookie_jar=DummyCookieJar(),
                headers={"Accept-Encoding": "identity", "User-Agent": "mandi"},
            )
            self._loop = loop
        return self._session


class _Exchange:
    __slots__ = ("_connection", "_opened", "_response")

    def __init__(self, connection: Connection, opened: Any) -> None:
        self._connection = connection
        self._opened = opened

    async def __aenter__(self) -> ClientResponse:
        self._response: ClientResponse = await self._opened
        if self._response.status == 200:
            return self._response
        try:
            raise await self._connection.refusal(self._response)
        finally:
            await self.__aexit__()

    async def __aexit__(self, *_: object) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


async def _bounded(response: ClientResponse, largest: int) -> bytes | None:
    if (response.content_length or 0) > largest:
        return None
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > largest:
            return None
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
