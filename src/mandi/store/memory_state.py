"""Shared state of one process: for notebooks, for tests, and for a service that runs one worker and keeps nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import RLock
from typing import Protocol

from mandi.store.shared_state import Change, Document, SharedState, T


class AsyncDocuments(Protocol):
    """The calls of ``SharedState`` as coroutines, as the call path awaits them."""

    async def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says."""
        ...

    async def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        ...

    async def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        ...

    async def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        ...


class MemoryState:
    """Documents in a dictionary; no other process sees them.

    Parameters
    ----------
    clock : callable, optional
        Seconds; decides when a document is over.

    Examples
    --------
    >>> state = MemoryState()
    >>> state.update("seen:a", lambda before: ((before or b"") + b"x", len(before or b"")))
    0
    >>> state.read("seen:a"), list(state.keys("seen:"))
    (b'x', ['seen:a'])
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._documents: dict[str, tuple[Document, float | None]] = {}
        self._lock = RLock()

    def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says."""
        with self._lock:
            after, result = change(self.read(key))
            if after is None:
                self.remove(key)
            else:
                self.write(key, after, ttl_s)
            return result

    def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        with self._lock:
            document, over_at = self._documents.get(key, (None, None))
            if over_at is not None and self._clock() >= over_at:
                del self._documents[key]
                return None
            return document

    def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        with self._lock:
            self._documents[key] = (document, None if ttl_s is None else self._clock() + ttl_s)

    def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        with self._lock:
            self._documents.pop(key, None)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix."""
        with self._lock:
            known = [key for key in self._documents if key.startswith(prefix)]
        yield from (key for key in known if self.read(key) is not None)

    def check(self) -> None:
        """Return: memory always answers."""

    def close(self) -> None:
        """Forget everything."""
        self._documents.clear()


class Awaited:
    """The calls of a state that never waits, as coroutines: no thread is needed for memory."""

    def __init__(self, state: SharedState) -> None:
        self._state = state

    async def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says."""
        return self._state.update(key, change, ttl_s)

    async def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        return self._state.read(key)

    async def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        self._state.write(key, document, ttl_s)

    async def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        self._state.remove(key)
