"""What a database's failures mean: try again, give up with a sentence, or leave it to the caller."""

from __future__ import annotations

import sqlite3

import sqlalchemy as sa

from mandi.core.errors import MandiError, StoreUnavailable

# a driver's message may repeat what it was given: only these words of it are shown
REASONS = (
    "database is locked", "database table is locked", "database or disk is full", "disk i/o error",
    "attempt to write a readonly database", "unable to open database file", "file is not a database",
    "database disk image is malformed", "no such table", "no such column", "does not exist", "connection refused",
    "authentication failed", "could not translate host name", "failed to resolve host", "timeout", "too many clients",
    "remaining connection slots", "no space left", "server closed the connection", "the connection is closed",
    "shutting down", "starting up", "no password supplied", "permission denied",
)  # fmt: skip
AGAIN_STATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
BROKEN = ("disk i/o error", "file is not a database", "database disk image is malformed")
MISSING = ("no such table", "no such column", "does not exist")
UPGRADE = "mandi store upgrade"


def may_be_tried_again(error: sa.exc.DBAPIError) -> bool:
    """Return whether the same transaction may succeed a moment later: it lost against another one."""
    state = getattr(error.orig, "sqlstate", None)
    return state in AGAIN_STATES or "database is locked" in str(error.orig).lower()


def writes_while_reading(error: Exception) -> bool:
    """Return whether a function that was to read tried to write: a mistake in the code, not in the store."""
    text = str(getattr(error, "orig", "")).lower()
    return "readonly database" in text or "read-only transaction" in text


def told(error: Exception, where: str) -> MandiError | None:
    """Return the error to raise instead, or None when the mistake is the caller's (a broken constraint, a wrong statement).

    Parameters
    ----------
    error : Exception
    where : str
        Place of the database, without secrets.

    Examples
    --------
    >>> lost = sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
    >>> print(told(lost, "sqlite mandi.db"))
    sqlite mandi.db does not answer: database or disk is full
      next: free some space on its disk
    """
    if isinstance(error, sa.exc.TimeoutError):
        return StoreUnavailable(
            f"{where} does not answer: every connection is in use", next_command="ask again in a moment"
        )
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    reasons = [reason for reason in REASONS if reason in str(error.orig).lower()]
    missing = any(reason in MISSING for reason in reasons) and not error.connection_invalidated
    lost = isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) or error.connection_invalidated
    refused = isinstance(error, sa.exc.ProgrammingError) and missing
    broken = any(reason in BROKEN for reason in reasons)
    if not (lost or refused or broken) or (isinstance(error.orig, sqlite3.Error) and not reasons):
        return None  # to SQLite a misspelt statement is an operational error as well
    said = ", ".join(reasons) or type(error.orig).__name__
    return StoreUnavailable(f"{where} does not answer: {said}", next_command=_next(reasons, where))


def _next(reasons: list[str], where: str) -> str:
    if any("full" in reason or "space" in reason for reason in reasons):
        return "free some space on its disk"
    if any(reason in MISSING for reason in reasons):
        return UPGRADE
    if any("locked" in reason for reason in reasons):
        return f"find the process that holds the file: fuser {where.removeprefix('sqlite ')}"
    return "check that it runs, and who may use it"
