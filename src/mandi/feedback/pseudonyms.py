"""Keyed pseudonyms: the same id is the same name in every export, and nobody without the key finds the id again."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.database import Database

SALT = "learning_salt"
"""Key in system_config under which a service keeps the salt that nobody set."""
LENGTH = 20


class Pseudonyms:
    """Gives names in place of ids.

    Parameters
    ----------
    salt : str

    Examples
    --------
    >>> names = Pseudonyms("a salt")
    >>> names.of("user", "7") == names.of("user", "7"), names.of("user", "7") == names.of("organization", "7")
    (True, False)
    >>> names.of("user", "7").startswith("user-"), len(names.of("user", "7"))
    (True, 25)
    """

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()

    def of(self, kind: str, identity: str) -> str:
        """Return the name of an id: its kind, and a keyed digest of kind and id."""
        digest = hmac.new(self._salt, f"{kind}\x1f{identity}".encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:LENGTH]}"


def salt_of(database: Database) -> str:
    """Return the salt of a service; it is made once, by whoever asks first.

    Parameters
    ----------
    database : Database

    Raises
    ------
    StoreUnavailable
    """
    import sqlalchemy as sa

    from mandi.store.records import SystemConfig

    def look(session: Session) -> str | None:
        kept = session.get(SystemConfig, SALT)
        return None if kept is None else str(kept.value)

    found = database.read(look)
    if found is not None:
        return found
    with suppress(sa.exc.IntegrityError):  # another worker was first: its salt is read below
        database.write(lambda session: session.add(SystemConfig(key=SALT, value=secrets.token_hex(16))))
    return database.read(look) or ""
