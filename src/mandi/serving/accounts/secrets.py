"""The random texts that let somebody in: how they are made, told apart, hashed, and read from a request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Literal

from mandi.serving.problems import UNAUTHORIZED, Problem, Refused

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

Kind = Literal["key", "access", "refresh"]
PREFIXES: dict[Kind, str] = {"key": "mk_", "access": "mt_", "refresh": "mr_"}
BYTES = 32  # 256 bits are 43 characters of base64url
SHOWABLE = re.compile(r"[A-Za-z0-9_-]{43,128}")
READING = ("GET", "HEAD")
HOW = "mandi key create, then -H 'Authorization: Bearer KEY'"


def new_secret(kind: Kind) -> str:
    """Return a new secret of 256 random bits, with the prefix of its kind.

    Parameters
    ----------
    kind : str
        ``key`` of a program, ``access`` of a session, ``refresh`` to go on with a session.

    Examples
    --------
    >>> len(new_secret("key")), new_secret("access")[:3]
    (46, 'mt_')
    """
    return PREFIXES[kind] + secrets.token_urlsafe(BYTES)


def kind_of(secret: str) -> Kind | None:
    """Return the kind of a secret, None where it cannot be one.

    Keys that an operator brought along need no prefix.

    Examples
    --------
    >>> kind_of("mt_" + 43 * "a"), kind_of(64 * "0"), kind_of("secret")
    ('access', 'key', None)
    """
    if not SHOWABLE.fullmatch(secret):
        return None
    return next((kind for kind, prefix in PREFIXES.items() if secret.startswith(prefix)), "key")


def digest(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256, in hexadecimal.

    256 random bits cannot be guessed from it, so that a slow hash would only cost time at each request.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def same(kept: str, shown: str) -> bool:
    """Return whether two digests are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest(kept.encode(), shown.encode())


def shown_in(connection: HTTPConnection) -> str:
    """Return the secret a request shows.

    It is read from ``Authorization: Bearer``, else from ``x-api-key``. A browser that reads a page may give it as the
    password of ``Authorization: Basic``; anything that changes something may not, so that no other site can make it do so.

    Raises
    ------
    Refused
        401; none is shown, or not in a way that counts.
    """
    given = connection.headers.get("authorization")
    if given is None:
        key = connection.headers.get("x-api-key")
        if key is None:
            raise unknown("no key was given", connection)
        return key.strip()
    scheme, _, value = given.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        if connection.scope.get("method") not in READING:
            raise unknown("a password is for reading pages; a change needs the key itself", connection)
        return _password(value.strip())
    raise unknown("this kind of authorization is not known here", connection)


def unknown(why: str, connection: HTTPConnection) -> Refused:
    """Return the refusal of somebody whose key or token is missing or not good; what was shown is not repeated.

    Parameters
    ----------
    why : str
    connection : HTTPConnection
        A browser that reads a page is told to ask its user for a password; the key is one.
    """
    reads = connection.scope.get("method") in READING
    page = reads and "text/html" in connection.headers.get("accept", "")
    told = 'Basic realm="mandi: any name, a key as the password", charset="UTF-8"'
    challenge = told if page else 'Bearer realm="mandi"'
    return Refused(
        Problem(
            UNAUTHORIZED, why, None, "an API key, or the token of a login", HOW,
            headers={"www-authenticate": challenge}, code="invalid_api_key",
        )
    )  # fmt: skip


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
