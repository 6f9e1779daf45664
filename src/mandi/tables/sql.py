"""Reads tables from any SQL database by its URL; a secret in it must come from the environment and is never shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mandi.core.errors import ImportRefused
from mandi.tables.contracts import CONTRACTS

if TYPE_CHECKING:
    import sqlalchemy as sa

SECRET = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)
# a driver's message may repeat what it was given: only these words of it are shown
REASONS = (
    "connection refused", "authentication failed", "does not exist", "could not translate host name", "timed out", "timeout",
    "permission denied", "access denied", "no password supplied", "too many connections", "file is not a database",
    "unable to open database file", "database is locked", "no such table", "no such column", "unknown database",
)  # fmt: skip


def engine_at(location: str) -> sa.Engine:
    """Return an engine for a database URL, or for the one that ``env:NAME`` names.

    Raises
    ------
    ImportRefused
        The variable is not set, the URL cannot be understood or holds a secret and is not from the environment, its
        driver is not installed, or an SQLite file is not there. No message holds more of a URL than driver, host and
        database.

    Examples
    --------
    >>> engine_at("env:NO_SUCH_VARIABLE")
    Traceback (most recent call last):
    mandi.core.errors.ImportRefused: the environment variable NO_SUCH_VARIABLE is not set
      next: export NO_SUCH_VARIABLE=postgresql+psycopg://user:password@host:5432/database
    """
    import sqlalchemy as sa

    url = url_at(location)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
        raise ImportRefused(f"no SQLite database at {url.database}", allowed="a file that is there")
    try:
        return sa.create_engine(url)
    except (sa.exc.NoSuchModuleError, ImportError):
        raise ImportRefused(
            f"no driver for {url.drivername}",
            next_command='pip install "mandi[postgres]", or your driver',
        ) from None
    except (sa.exc.ArgumentError, ValueError, TypeError):
        raise ImportRefused(f"the options of {shown(url)} are not those of its driver") from None


def url_at(location: str) -> sa.URL:
    """Return the URL of a location; one that holds a secret must come from the environment.

    Raises
    ------
    ImportRefused
        The variable is not set, the URL cannot be understood, or it stands there with a password.

    Examples
    --------
    >>> url_at("postgresql://me:s3cret@host/market")
    Traceback (most recent call last):
    mandi.core.errors.ImportRefused: the URL of postgresql host/market holds a password, which params.yaml would keep
      allowed: a URL without secrets, or env:NAME
      next: export MARKET_DB=...; mandi import sql env:MARKET_DB
    """
    import sqlalchemy as sa

    named = location.startswith("env:")
    try:
        url = sa.make_url(_from_environment(location) if named else location)
    except (sa.exc.ArgumentError, ValueError):
        raise ImportRefused(
            "the location is not a database URL",
            allowed="dialect+driver://user:password@host:port/database with a port that is a number, or env:NAME",
            next_command="mandi import sql sqlite:///market.db",
        ) from None
    if not named and _has_secret(url):
        raise ImportRefused(
            f"the URL of {shown(url)} holds a password, which params.yaml would keep",
            allowed="a URL without secrets, or env:NAME",
            next_command="export MARKET_DB=...; mandi import sql env:MARKET_DB",
        )
    return url


def shown(url: sa.URL) -> str:
    """Return what of a URL may be read by anyone: driver, host and database.

    Examples
    --------
    >>> import sqlalchemy as sa
    >>> shown(sa.make_url("postgresql+psycopg://me:s3cret@db.example:5432/market?sslpassword=x"))
    'postgresql+psycopg db.example/market'
    """
    place = "/".join(part for part in (url.host, url.database) if part)
    # an @ that was not written as %40 puts the end of the password into host or database
    return url.drivername if "@" in place or not place else f"{url.drivername} {place}"


@contextmanager
def connected(location: str) -> Iterator[sa.Connection]:
    """Connect to the database of a location, for reading.

    Raises
    ------
    ImportRefused
        The database cannot be reached or read.
    """
    import sqlalchemy as sa

    engine = engine_at(location)
    try:
        with engine.connect() as connection:
            yield connection
    except (sa.exc.SQLAlchemyError, ValueError, TypeError, OSError) as error:
        raise ImportRefused(
            f"the database {shown(engine.url)} could not be read: {_reason(error)}",
            next_command="check that it runs, who may read it, and that columns hold what their types say",
        ) from None
    finally:
        engine.dispose()


def names_in(connection: sa.Connection) -> list[str]:
    """Return the names of tables, then of views."""
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    return [*inspector.get_table_names(), *inspector.get_view_names()]


def read_database(location: str) -> dict[str, pd.DataFrame]:
    """Read every table and view whose name has a contract.

    Parameters
    ----------
    location : str
        Database URL, or ``env:NAME``.

    Returns
    -------
    dict of name to DataFrame
        In the order of the contracts, each with ``_file`` (the database) and ``_row`` (as the database gave them).

    Raises
    ------
    ImportRefused
        The database cannot be reached, or holds no table with a contract.
    """
    import sqlalchemy as sa

    frames = {}
    with connected(location) as connection:
        url = connection.engine.url
        there = names_in(connection)
        for name in [name for name in CONTRACTS if name in there]:
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            result = connection.execute(sa.select(table))
            frame = pd.DataFrame(result.fetchall(), columns=list(result.keys()))
            frames[name] = frame.assign(_file=url.database, _row=range(1, len(frame) + 1))
    if not frames:
        raise ImportRefused(
            f"the database {shown(url)} has no table of a name that is known; it has: {', '.join(there) or 'none'}",
            allowed=", ".join(CONTRACTS),
        )
    return frames


def _from_environment(location: str) -> str:
    name = location.removeprefix("env:").strip()
    if not os.environ.get(name):
        raise ImportRefused(
            f"the environment variable {name} is not set",
            next_command=f"export {name}=postgresql+psycopg://user:password@host:5432/database",
        )
    return os.environ[name]


def _has_secret(url: sa.URL) -> bool:
    # odbc_connect is a whole connection string, which may hold PWD=
    texts = [f"{key} {value if 'connect' in key else ''}" for key, value in url.query.items()]
    return bool(url.password) or any(SECRET.search(text) for text in texts)


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    text = str(cause).lower()
    said = [reason for reason in REASONS if reason in text]
    return f"{type(cause).__name__}{', ' + ', '.join(said) if said else ''}"
