"""Where a provider is and with which key: addresses and secrets are checked once, when the provider is made."""

from __future__ import annotations

import ipaddress
from typing import Protocol
from urllib.parse import urlsplit

from mandi.core.errors import ConfigError


class Secret(Protocol):
    """A key that does not show itself, as ``pydantic.SecretStr``."""

    def get_secret_value(self) -> str:
        """Return the key."""
        ...


def checked_url(url: str, provider: str, has_key: bool, default_path: str = "") -> str:
    """Return the address of a provider without its last slash.

    Parameters
    ----------
    url : str
        http or https; no user, no query.
    provider : str
        Its name, for the error.
    has_key : bool
        With a key plain http is allowed to this machine, to private addresses and to names of one word only: elsewhere the
        key would be read by whoever carries it.
    default_path : str, optional
        Added when the address has no path, as ``/v1``.

    Raises
    ------
    ConfigError
        The address cannot be used; it is not repeated when it may hold a password.

    Examples
    --------
    >>> checked_url("http://localhost:11434/", "local", False, "/v1")
    'http://localhost:11434/v1'
    >>> checked_url("http://api.example.com/v1", "compatible", True)
    Traceback (most recent call last):
        ...
    mandi.core.errors.ConfigError: the address of compatible would carry its key over plain http to api.example.com
      allowed: https, or http to this machine or a private network
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(
            f"the address of {provider} cannot be read", allowed="http(s)://host[:port]/path"
        ) from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"the address of {provider} cannot be used", allowed="http(s)://host[:port]/path")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(
            f"the address of {provider} holds a user, a query or a fragment",
            allowed="http(s)://host[:port]/path",
        )
    if has_key and parts.scheme == "http" and not is_private(host):
        raise ConfigError(
            f"the address of {provider} would carry its key over plain http to {host}",
            allowed="https, or http to this machine or a private network",
        )
    path = parts.path.rstrip("/") or default_path
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_private(host: str) -> bool:
    """Return whether a host is this machine, a private address, or a name that is not known outside.

    Examples
    --------
    >>> [is_private(h) for h in ("127.0.0.1", "10.0.0.5", "::1", "ollama", "llm.internal", "8.8.8.8", "example.com")]
    [True, True, True, True, True, False, False]
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
    return address.is_private or address.is_loopback


def checked_key(key: Secret | None, provider: str) -> Secret | None:
    """Return the key, or None when it is empty.

    Raises
    ------
    ConfigError
        It holds blanks or letters that no header carries; the key is not repeated.
    """
    if key is None or not key.get_secret_value():
        return None
    value = key.get_secret_value()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(f"the key of {provider} holds blanks or letters that no key has")
    return key
