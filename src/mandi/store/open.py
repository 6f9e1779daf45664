"""Chooses where shared state lives: in Redis when there is a URL of one, else in the database of records."""

from __future__ import annotations

from mandi.core.errors import ConfigError
from mandi.store.async_state import AsyncState
from mandi.store.database import Database
from mandi.store.shared_state import SharedState

REDIS = ("redis://", "rediss://", "unix://")


def open_state(url: str | None, database: Database) -> SharedState:
    """Return the shared state of a service.

    Parameters
    ----------
    url : str, optional
        Of a Redis server; without one the state is a table of the database.
    database : Database

    Raises
    ------
    ConfigError
        The URL is not one of Redis, or its client is not installed.

    Examples
    --------
    >>> open_state("memcached://here", database=None)
    Traceback (most recent call last):
    mandi.core.errors.ConfigError: the URL of shared state starts with 'memcached'
      allowed: redis://, rediss://, unix://, or none to keep it in the database
    """
    if not url:
        from mandi.store.sql_state import SqlState

        return SqlState(database)
    if not url.startswith(REDIS):
        raise ConfigError(
            f"the URL of shared state starts with {url.partition('://')[0][:20]!r}",
            allowed=f"{', '.join(REDIS)}, or none to keep it in the database",
        )
    from mandi.store.redis_state import RedisState

    return RedisState.open(url)


def in_thread(state: SharedState) -> AsyncState:
    """Return the calls of a shared state as coroutines, done on a thread of their own."""
    return AsyncState(state)
