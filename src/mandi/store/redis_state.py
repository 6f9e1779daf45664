"""Shared state in Redis: optimistic transactions, tried again when another worker was faster."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mandi.core.errors import ConfigError, StoreUnavailable
from mandi.store.keys import checked
from mandi.store.shared_state import Change, Document

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")
PREFIX = "mandi:"
TRIES = 200
LOCKS = 64
PAGE = 500
NEXT = "check that Redis runs and has memory left: redis-cli ping"
# a reply may repeat what it was given: only these words of it are shown
REASONS = (
    "connection refused", "timeout", "timed out", "oom command not allowed", "noauth", "wrongpass", "noperm", "readonly",
    "loading", "misconf", "masterdown", "max number of clients", "name or service not known", "connection closed",
)  # fmt: skip


class RedisState:
    """SharedState on a Redis server, which keeps the time of documents itself.

    Parameters
    ----------
    client : redis.Redis
        As ``RedisState.open`` makes it.
    prefix : str
        Before every key, so that several services may share a server.
    """

    def __init__(self, client: Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix
        # threads of this process queue instead of racing: only other processes can be faster
        self._locks = [threading.Lock() for _ in range(LOCKS)]

    @classmethod
    def open(cls, url: str, prefix: str = PREFIX) -> RedisState:
        """Return the state of a Redis URL; it is connected at first use.

        Raises
        ------
        ConfigError
            The URL is not understood or the client is not installed. The text never holds the URL.
        """
        try:
            import redis
            from redis.backoff import ExponentialBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigError(
                "shared state in Redis needs the package redis", next_command='pip install "mandi[redis]"'
            ) from None
        try:
            client = redis.Redis.from_url(
                url,
                socket_timeout=2.0,
                socket_connect_timeout=2.0,
                health_check_interval=30,
                retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 2),
                client_name="mandi",
            )
        except (ValueError, TypeError):
            raise ConfigError(
                "the Redis URL cannot be understood", allowed="redis://user:password@host:6379/0"
            ) from None
        return cls(client, prefix)

    def __repr__(self) -> str:
        return f"RedisState({self._prefix})"

    def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says."""
        from redis import WatchError

        name = self._prefix + checked(key, ttl_s)
        with self._locks[hash(name) % LOCKS], _answered():
            for attempt in range(TRIES):
                with self._client.pipeline() as pipe:
                    pipe.watch(name)
                    document, result = change(pipe.get(name))  # type: ignore[arg-type]
                    pipe.multi()
                    if document is None:
                        pipe.delete(name)
                    else:
                        pipe.set(name, document, px=_milliseconds(ttl_s))
                    try:
                        pipe.execute()
                    except WatchError:
                        time.sleep(random.uniform(0, 0.0005 * min(attempt, 20)))
                        continue
                    return result
        raise StoreUnavailable(
            f"the document {key} was changed by others {TRIES} times in a row",
            next_command="ask again in a moment",
        )

    def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        with _answered():
            return self._client.get(self._prefix + checked(key))  # type: ignore[return-value]

    def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        with _answered():
            self._client.set(self._prefix + checked(key, ttl_s), document, px=_milliseconds(ttl_s))

    def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        with _answered():
            self._client.delete(self._prefix + checked(key))

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix, by SCAN; the server goes on answering others."""
        pattern = _literally(self._prefix + prefix) + "*"
        seen: set[bytes] = set()  # a scan may meet a key twice
        with _answered():
            for name in self._client.scan_iter(match=pattern, count=PAGE):
                if name not in seen:
                    seen.add(name)
                    yield name.decode()[len(self._prefix) :]

    def check(self) -> None:
        """Raise StoreUnavailable when the server does not answer."""
        with _answered():
            self._client.ping()

    def close(self) -> None:
        """Release connections."""
        self._client.close()


@contextmanager
def _answered() -> Iterator[None]:
    from redis import RedisError

    try:
        yield
    except RedisError as error:
        said = [reason for reason in REASONS if reason in str(error).lower()]
        raise StoreUnavailable(
            f"redis does not answer: {', '.join(said) or type(error).__name__}", next_command=NEXT
        ) from None


def _milliseconds(ttl_s: float | None) -> int | None:
    return None if ttl_s is None else max(1, round(ttl_s * 1000))


def _literally(text: str) -> str:
    return "".join("\\" + sign if sign in "*?[]^-\\" else sign for sign in text)
