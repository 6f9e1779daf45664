"""Engines of the databases that are understood: how each is opened so that several processes may share it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mandi.core.errors import ConfigError, StoreUnavailable

BACKENDS = ("sqlite", "postgresql")
PATIENCE_S = 5.0  # how long a writer waits for another process, and a caller for a connection
SWITCH_S = 10.0  # how long an opener waits while another one turns the write-ahead log on
READING = "mandi_reading"
KNOWN_URLS = "sqlite:///path/to/file.db, postgresql+psycopg://user:password@host:5432/database"


def engine_for(url: str, patience_s: float = PATIENCE_S) -> sa.Engine:
    """Return an engine for a URL; nothing is connected yet.

    Transactions write, and take an SQLite file for it at once, unless the execution option ``mandi_reading`` is set.

    Raises
    ------
    ConfigError
        The URL is not understood, or its driver is not installed. The text never holds the URL.

    Examples
    --------
    >>> engine_for("mysql://me:secret@host/x")
    Traceback (most recent call last):
    mandi.core.errors.ConfigError: the database URL starts with 'mysql'
      allowed: sqlite:///path/to/file.db, postgresql+psycopg://user:password@host:5432/database
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError("the database URL cannot be understood", allowed=KNOWN_URLS) from None
    if parsed.get_backend_name() not in BACKENDS:
        raise ConfigError(f"the database URL starts with {parsed.drivername!r}", allowed=KNOWN_URLS)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, patience_s)
    return _postgresql(parsed, patience_s)


def place(url: sa.URL) -> str:
    """Return what of a URL anyone may read.

    Examples
    --------
    >>> place(sa.make_url("postgresql+psycopg://me:s3cret@db.example:5432/market?sslpassword=x"))
    'postgresql db.example/market'
    """
    where = "/".join(part for part in (url.host, url.database) if part)
    # an @ that was not written as %40 puts the end of the password into host or database
    return url.get_backend_name() if "@" in where else f"{url.get_backend_name()} {where}"


def _sqlite(url: sa.URL, patience_s: float) -> sa.Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ConfigError(
            "the SQLite URL names no file, and memory is not shared by workers", allowed=KNOWN_URLS
        )
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        json_serializer=_json,
        poolclass=sa.pool.QueuePool,
        pool_size=8,
        max_overflow=8,
        pool_timeout=patience_s,
        connect_args={"timeout": patience_s, "check_same_thread": False},
    )
    folder = Path(url.database).parent

    @sa.event.listens_for(engine, "do_connect")
    def make_folder(dialect: Any, record: Any, arguments: Any, options: Any) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"the folder of {place(url)} cannot be made: {error.strerror}",
                next_command="check who may write there",
            ) from None

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        # transactions are begun by us: the driver would begin a deferred one, which may fail when it turns to writing
        connection.isolation_level = None
        _turn_write_ahead_log_on(connection)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reading = bool(connection.get_execution_options().get(READING))
        if connection.info.get(READING) != reading:
            connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
            connection.info[READING] = reading
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _json(value: Any) -> str:
    from pydantic_core import to_json

    return to_json(value, inf_nan_mode="constants").decode()  # a third of the time of the standard library's


def _turn_write_ahead_log_on(connection: Any) -> None:
    # switching takes the file alone and does not wait for others by itself
    import sqlite3

    end = time.monotonic() + SWITCH_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
            continue
        if mode == "wal":
            return
        raise StoreUnavailable(
            f"the SQLite file keeps its journal mode {mode!r}",
            allowed="a local disk, where SQLite can keep a write-ahead log",
        )


def _postgresql(url: sa.URL, patience_s: float) -> sa.Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        return sa.create_engine(
            url,
            hide_parameters=True,
            pool_size=8,
            max_overflow=4,
            pool_timeout=patience_s,
            pool_pre_ping=True,
            pool_recycle=1_800,
            connect_args={"connect_timeout": 5, "application_name": "mandi"},
        )
    except (ImportError, sa.exc.NoSuchModuleError):
        raise ConfigError(
            f"the driver {url.drivername!r} is not installed", next_command='pip install "mandi[postgres]"'
        ) from None
    except (sa.exc.ArgumentError, TypeError, ValueError):
        raise ConfigError(f"the options of {place(url)} are not those of its driver") from None
