"""Small documents that all workers see and change one at a time: breakers, quotas, the live mode, the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
Document = bytes
Change = Callable[[Document | None], tuple[Document | None, T]]


class SharedState(Protocol):
    """Documents by key with an optional time to live; the same calls on SQLite, PostgreSQL and Redis.

    All methods block; async code calls them through ``in_thread``. Keys are text of at most 200 characters whose first part
    is the namespace: ``quota:org-1``, ``breaker:openai``.
    """

    def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says.

        Parameters
        ----------
        key : str
        change : callable
            Takes the document (None if absent or over) and returns the new one (None removes it) and a result. It is pure:
            it may be called again when another worker was faster.
        ttl_s : float, optional
            Seconds until the document is over; kept for ever if not given.
        """
        ...

    def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        ...

    def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        ...

    def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a prefix, without blocking the server."""
        ...

    def check(self) -> None:
        """Raise StoreUnavailable when the store does not answer."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
