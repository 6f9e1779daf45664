"""A small client of one JSON server: bounded, without proxies or redirects, patient with limits, and silent about secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from mandi.core.address import Secret, checked_key, checked_url
from mandi.core.errors import ConfigError, MandiError
from mandi.core.retry_after import wait_s

if TYPE_CHECKING:
    import httpx

Fault = Literal[
    "unreachable", "timeout", "cut", "refused_key", "rate_limited", "server_error", "refused", "malformed"
]
CONNECTING: tuple[Fault, ...] = ("unreachable", "rate_limited")
"""Faults after which nothing can have been done at the server: a request may always be sent again."""
PASSING: tuple[Fault, ...] = (*CONNECTING, "timeout", "cut", "server_error")
"""Faults that may pass; after some of them it is unknown whether the server acted."""
LARGEST_ANSWER = 16 << 20


class OutboundError(MandiError):
    """A server did not do what it was asked.

    Attributes
    ----------
    fault : str
        One of ``Fault``.
    status : int, optional
        Of HTTP, where there was an answer.
    told : str
        The server's own sentence, without secrets and cut; empty if it said nothing.
    """

    headline = "a server did not do what it was asked"

    def __init__(
        self,
        message: str,
        *,
        fault: Fault,
        status: int | None = None,
        told: str = "",
        retry_after: float | None = None,
        next_command: str | None = None,
    ) -> None:
        self.fault: Fault = fault
        self.status = status
        self.told = told
        self.retry_after = retry_after
        super().__init__(message, next_command=next_command)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a server is asked.

    Attributes
    ----------
    timeout_s : float
        Seconds between two bytes of one exchange.
    connect_s : float
        Seconds for a connection.
    attempts : int
        Tries of one request.
    pause_s : float
        First pause between two tries, in seconds; it doubles, and what the server asks for comes first.
    longest_pause_s : float
        A server that asks for a longer wait is given up at once.
    """

    timeout_s: float = 60.0
    connect_s: float = 5.0
    attempts: int = 4
    pause_s: float = 1.0
    longest_pause_s: float = 120.0


class Outbound:
    """One server.

    Parameters
    ----------
    name : str
        For errors.
    url : str
        http or https; with a key plain http only to this machine or a private network.
    key : Secret or callable, optional
        Sent as a bearer token; a callable is asked before every request, for tokens that expire.
    patience : Patience
    default_path : str, optional
        Added to an address without a path.
    sleep, now : callable
        Seconds; for tests.

    Raises
    ------
    ConfigError
        The address or the key cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        key: Secret | Callable[[], str] | None = None,
        patience: Patience | None = None,
        *,
        default_path: str = "",
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._bearer: Callable[[], str] | None = None
        if callable(key):
            self._bearer = key
        elif (checked := checked_key(key, name)) is not None:
            self._bearer = checked.get_secret_value
        self.url = checked_url(url, name, self._bearer is not None, default_path)
        self.patience = patience or Patience()
        self._sleep, self._now = sleep, now
        self._client: httpx.Client | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        file: Path | None = None,
        form: Mapping[str, str] | None = None,
        again_after: tuple[Fault, ...] = PASSING,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send one request and return the answer's JSON object.

        Parameters
        ----------
        method, path : str
        body : mapping, optional
            Sent as JSON.
        query : mapping, optional
        file, form : optional
            Sent as a multipart form; the file is read while it is sent.
        again_after : tuple of str
            Faults after which the request is sent again. ``CONNECTING`` for a request that must not be done twice.
        headers : mapping, optional

        Raises
        ------
        OutboundError
        """
        pause = self.patience.pause_s
        for attempt in range(1, self.patience.attempts + 1):
            try:
                return self._once(method, path, body, query, file, form, headers)
            except OutboundError as error:
                wait = error.retry_after if error.retry_after is not None else pause
                last = attempt == self.patience.attempts or wait > self.patience.longest_pause_s
                if last or error.fault not in again_after:
                    raise
                self._sleep(wait)
                pause = min(pause * 2, self.patience.longest_pause_s)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        file: Path | None,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        httpx = _httpx()
        token = self._bearer() if self._bearer is not None else ""
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        given: dict[str, Any] = {"headers": sent, "params": dict(query) if query else None}
        try:
            if file is not None:
                with file.open("rb") as opened:
                    named = {"file": (file.name, opened, "application/jsonl")}
                    return self._read(method, path, token, data=dict(form or {}), files=named, **given)
            return self._read(method, path, token, json=body, **given)
        except httpx.HTTPError as error:
            raise self._lost(error) from None

    def _read(self, method: str, path: str, token: str, **given: Any) -> dict[str, Any]:
        with self._opened().stream(method, self.url + path, **given) as response:
            chunks, size = [], 0
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > LARGEST_ANSWER:
                    raise OutboundError(
                        f"{self.name} sent more than {LARGEST_ANSWER} bytes", fault="malformed"
                    )
                chunks.append(chunk)
        told = _json(b"".join(chunks))
        if 200 <= response.status_code < 300:
            if not isinstance(told, dict):
                raise OutboundError(f"{self.name} sent what is no JSON object", fault="malformed")
            return told
        raise self._refused(response.status_code, told, wait_s(response.headers, self._now()), token)

    def _opened(self) -> httpx.Client:
        if self._client is None:
            httpx = _httpx()

            self._client = httpx.Client(
                timeout=httpx.Timeout(self.patience.timeout_s, connect=self.patience.connect_s),
                headers={"Accept": "application/json", "User-Agent": "mandi"},
                follow_redirects=False,
                trust_env=False,
            )
        return self._client

    def _refused(self, status: int, told: Any, wait: float | None, token: str) -> OutboundError:
        fault: Fault = "refused" if 400 <= status < 500 else "malformed"
        if status in (401, 403):
            fault = "refused_key"
        elif status == 429:
            fault = "rate_limited"
        elif status == 408:
            fault = "timeout"
        elif status >= 500:
            fault = "server_error"
        said = _sentence(told)
        if token and token in said:
            said = ""
        return OutboundError(
            f"{self.name} answered {status}" + (f": {said}" if said else ""),
            fault=fault, status=status, told=said, retry_after=wait,
        )  # fmt: skip

    def _lost(self, error: Exception) -> OutboundError:
        httpx = _httpx()
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
            return OutboundError(f"{self.name} could not be reached at {self.url}", fault="unreachable")
        if isinstance(error, httpx.TimeoutException):
            return OutboundError(f"{self.name} sent nothing in time", fault="timeout")
        if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)):
            return OutboundError(f"{self.name} ended the connection before it had answered", fault="cut")
        return OutboundError(f"{self.name} sent what cannot be read", fault="malformed")


def _httpx() -> Any:
    try:
        import httpx
    except ImportError:
        raise ConfigError(
            "asking a server needs httpx, which is not installed", next_command='pip install "mandi[student]"'
        ) from None
    return httpx


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _sentence(told: Any) -> str:
    """Return what an error object says, as one short line; a server's page of HTML says nothing."""
    if isinstance(told, list) and told:
        told = told[0]
    inner = told.get("error", told) if isinstance(told, dict) else None
    said = inner.get("message") if isinstance(inner, dict) else inner
    if not isinstance(said, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in said).split())[:300]
