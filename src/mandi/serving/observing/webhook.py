"""Posts alerts as signed JSON to an address outside, and to no address inside unless that is allowed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_core import to_json

from mandi.core.errors import ConfigError

if TYPE_CHECKING:
    from aiohttp import ClientSession

SIGNATURE = "x-mandi-signature"
MOMENT = "x-mandi-timestamp"
TRIES = 3
PAUSE_S = 1.0
PATIENCE_S = 5.0


class NotTaken(Exception):
    """The webhook answered, and did not take the alert."""


class InsideAddress(Exception):
    """The webhook's name leads into this network."""


class Webhook:
    """Where alerts are posted.

    A request is tried ``TRIES`` times with pauses; redirects are not followed. The signature is the hexadecimal HMAC-SHA256 of
    the timestamp, a full stop and the body, so that a receiver can refuse what is forged or old.

    Parameters
    ----------
    url : SecretStr
        http or https; it may hold a key and is never shown.
    secret : SecretStr, optional
        Signs; without it nothing is signed.
    private : bool
        Addresses of this network and this machine are allowed.
    sleep, clock : callable
        Seconds.

    Raises
    ------
    ConfigError
        The address is of another kind, or is inside and that is not allowed.
    """

    def __init__(
        self,
        url: SecretStr,
        secret: SecretStr | None = None,
        private: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("MANDI_ALERT_WEBHOOK_URL is no web address", allowed="https://...")
        if not private and _literal_inside(parts.hostname):
            raise ConfigError(
                "MANDI_ALERT_WEBHOOK_URL is an address of this network",
                allowed="one outside",
                next_command="set MANDI_ALERT_PRIVATE_ADDRESSES=true",
            )
        self._url, self._secret, self._private = url, secret, private
        self._sleep, self._clock = sleep, clock
        self._session: ClientSession | None = None

    def __repr__(self) -> str:
        return "Webhook(***)"

    async def __call__(self, alert: dict[str, Any]) -> None:
        """Post an alert.

        Raises
        ------
        NotTaken, InsideAddress, aiohttp.ClientError, TimeoutError
            After the last try.
        """
        body = to_json(alert)
        for attempt in range(TRIES):
            try:
                await self._post(body)
                return
            except InsideAddress:
                raise
            except Exception:
                if attempt == TRIES - 1:
                    raise
            await self._sleep(PAUSE_S * 4**attempt)

    async def close(self) -> None:
        """Release connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: bytes) -> None:
        import aiohttp

        if self._session is None or self._session.closed:
            resolver = None if self._private else _outside_only()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=2, resolver=resolver),
                timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
                trust_env=False,
            )
        try:
            async with self._session.post(
                self._url.get_secret_value(), data=body, headers=self._headers(body), allow_redirects=False
            ) as response:
                if response.status >= 300:
                    raise NotTaken(f"status {response.status}")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.__cause__, InsideAddress) or isinstance(error.os_error, _InsideOsError):
                raise InsideAddress("the name of the webhook leads into this network") from None
            raise

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"content-type": "application/json", "user-agent": "mandi-alerts"}
        if self._secret is not None:
            moment = str(int(self._clock()))
            headers[MOMENT] = moment
            headers[SIGNATURE] = signature(self._secret, moment, body)
        return headers


def signature(secret: SecretStr, moment: str, body: bytes) -> str:
    """Return the signature of a body at a moment.

    Examples
    --------
    >>> signature(SecretStr("k"), "1700000000", b"{}")[:15]
    'sha256=c6ef4734'
    """
    key = secret.get_secret_value().encode()
    return "sha256=" + hmac.new(key, moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_inside(address: str) -> bool:
    """Return whether an IP address is of this machine, this network, or nowhere in the public one.

    Examples
    --------
    >>> [is_inside(a) for a in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "8.8.8.8")]
    [True, True, True, True, True, False]
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return not (mapped or found).is_global or found.is_multicast


class _InsideOsError(OSError):
    pass


def _literal_inside(host: str) -> bool:
    try:
        return is_inside(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _outside_only() -> Any:
    from aiohttp.abc import AbstractResolver, ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class OutsideOnly(AbstractResolver):
        """Resolves names and refuses what leads inside: checked where the connection is made, not before."""

        def __init__(self) -> None:
            self._names = ThreadedResolver()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await self._names.resolve(host, port, family)
            if any(is_inside(one["host"]) for one in found):
                raise _InsideOsError("the name leads into this network")
            return found

        async def close(self) -> None:
            await self._names.close()

    return OutsideOnly()
