"""Reads tables from any SQL database by its URL; the URL may be kept in an environment variable and is never shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mandi.core.errors import ImportRefused
from mandi.tables.contracts import CONTRACTS

if TYPE_CHECKING:
    import sqlalchemy as sa


def engine_at(location: str) -> sa.Engine:
    """Return an engine for a database URL, or for the one that ``env:NAME`` names.

    Raises
    ------
    ImportRefused
        The variable is not set, the URL cannot be understood, its driver is not installed, or an SQLite file is
        not there. No message holds a password.

    Examples
    --------
    >>> engine_at("env:NO_SUCH_VARIABLE")
    Traceback (most recent call last):
    mandi.core.errors.ImportRefused: the environment variable NO_SUCH_VARIABLE is not set
      next: export NO_SUCH_VARIABLE=postgresql+psycopg://user:password@host:5432/database
    """
    import sqlalchemy as sa

    url = _resolved(location)
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise ImportRefused(
            "the location is not a database URL",
            allowed="dialect+driver://user:password@host:port/database, or env:NAME",
            next_command="mandi import sql sqlite:///market.db",
        ) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).is_file():
        raise ImportRefused(f"no SQLite database at {parsed.database}", allowed="a file that is there")
    try:
        return sa.create_engine(parsed)
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise ImportRefused(
            f"no driver for {parsed.drivername} ({error})",
            next_command='pip install "mandi[postgres]", or your driver',
        ) from None


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

    engine = engine_at(location)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            inspector = sa.inspect(connection)
            there = [*inspector.get_table_names(), *inspector.get_view_names()]
            names = [name for name in CONTRACTS if name in there]
            frames = {}
            for name in names:
                table = sa.Table(name, sa.MetaData(), autoload_with=connection)
                result = connection.execute(sa.select(table))
                frame = pd.DataFrame(result.fetchall(), columns=list(result.keys()))
                frames[name] = frame.assign(_file=engine.url.database, _row=range(1, len(frame) + 1))
    except sa.exc.SQLAlchemyError as error:
        says = _without(str(getattr(error, "orig", None) or error), engine.url.password)
        raise ImportRefused(
            f"the database {shown} could not be read: {says}",
            next_command="check that it runs and who may read it",
        ) from None
    finally:
        engine.dispose()
    if not names:
        raise ImportRefused(
            f"the database {shown} has no table of a name that is known; it has: {', '.join(there) or 'none'}",
            allowed=", ".join(CONTRACTS),
        )
    return frames


def _resolved(location: str) -> str:
    if not location.startswith("env:"):
        return location
    name = location.removeprefix("env:").strip()
    if not os.environ.get(name):
        raise ImportRefused(
            f"the environment variable {name} is not set",
            next_command=f"export {name}=postgresql+psycopg://user:password@host:5432/database",
        )
    return os.environ[name]


def _without(text: str, password: object) -> str:
    first = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return first.replace(str(password), "***") if password else first
