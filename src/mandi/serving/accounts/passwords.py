"""Passwords: hashed with Argon2id off the event loop, and as slow for a name that nobody has."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from mandi.core.errors import ConfigError, UnknownValue

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 12
LONGEST = 128
AT_ONCE = 2  # each takes 64 MiB while it runs
NOBODY = "!"
"""Kept in place of a hash where an account has no password: nothing is its password."""


class Passwords:
    """Hashes and compares passwords.

    Argon2id with the parameters RFC 9106 recommends where memory is scarce (64 MiB, three passes, four lanes), from argon2-cffi.

    Parameters
    ----------
    hasher : PasswordHasher, optional
        With other parameters. Hashes made with older ones stay good and are renewed at the next login.

    Raises
    ------
    ConfigError
        argon2-cffi is not installed.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or _recommended()
        self._limiter = CapacityLimiter(AT_ONCE)
        self._decoy: str | None = None

    async def hashed(self, password: str) -> str:
        """Return the hash of a password, its parameters and salt included."""
        return await run_sync(self._hasher.hash, composed(password), limiter=self._limiter)

    async def matches(self, kept: str | None, password: str) -> tuple[bool, str | None]:
        """Return whether a password is the right one, and a hash with today's parameters where the kept one has others.

        Parameters
        ----------
        kept : str, optional
            None, or NOBODY, where there is no such account or it has no password: takes as long, and is never right.
        password : str
        """
        return await run_sync(self._compared, kept, composed(password), limiter=self._limiter)

    def _compared(self, kept: str | None, password: str) -> tuple[bool, str | None]:
        from argon2.exceptions import InvalidHashError, VerificationError

        if kept is None or kept == NOBODY:
            self._decoy = self._decoy or self._hasher.hash("a password that nobody has")
            against, counts = self._decoy, False
        else:
            against, counts = kept, True
        try:
            self._hasher.verify(against, password)
        except (VerificationError, InvalidHashError):
            return False, None
        if not counts:
            return False, None
        return True, self._hasher.hash(password) if self._hasher.check_needs_rehash(against) else None


def composed(password: str) -> str:
    """Return a password as it is hashed: NFKC, as NIST SP 800-63B asks, so that keyboards may differ.

    Examples
    --------
    >>> composed("e" + chr(0x301)) == chr(0xE9)
    True
    """
    return unicodedata.normalize("NFKC", password)


def check_new(password: str, *names: str | None) -> str:
    """Return a new password if it may be used.

    Parameters
    ----------
    password : str
    *names : str, optional
        Of its user; none of them may be the password, or most of it.

    Raises
    ------
    UnknownValue
        It is too short, too long, or the name. The password is not in the message.

    Examples
    --------
    >>> check_new("correct horse battery", "priya") != ""
    True
    >>> check_new("short")
    Traceback (most recent call last):
    ...
    mandi.core.errors.UnknownValue: the password has 5 characters
      allowed: 12 to 128 characters
    """
    length = len(composed(password))
    if not SHORTEST <= length <= LONGEST:
        raise UnknownValue(
            f"the password has {length} characters", allowed=f"{SHORTEST} to {LONGEST} characters"
        )
    plain = composed(password).casefold()
    for name in names:
        said = composed(name or "").casefold()
        if said and len(plain.replace(said, "")) < SHORTEST // 2:
            raise UnknownValue("the password is the name", allowed="a password without the name")
    if len(set(plain)) < SHORTEST // 2:
        raise UnknownValue("the password repeats few characters", allowed=f"{SHORTEST // 2} different ones")
    return password


def _recommended() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
        from argon2.profiles import RFC_9106_LOW_MEMORY
    except ImportError:
        raise ConfigError(
            "logins need the package argon2-cffi", next_command='pip install "mandi[serving]"'
        ) from None
    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
