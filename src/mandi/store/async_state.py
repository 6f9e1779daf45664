"""Shared state for a loop: the same calls as coroutines, done on a thread that takes all that wait at once."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, runtime_checkable

from mandi.core.errors import StoreUnavailable
from mandi.store.keys import Wanted, checked
from mandi.store.shared_state import Change, Document, SharedState

T = TypeVar("T")
Item = tuple[Wanted, "asyncio.Future[Any]"]
MOST_AT_ONCE = 256


@runtime_checkable
class Combining(Protocol):
    """A shared state that does many changes at the price of one."""

    def update_all(self, batch: Sequence[Wanted]) -> None:
        """Do changes in their order; each one says for itself what became of it."""
        ...

    def at_once(self, batch: Sequence[Wanted]) -> bool:
        """Do changes without waiting, or do none and return False."""
        ...

    def read_at_once(self, key: str) -> tuple[bool, Document | None]:
        """Return whether a document could be read without waiting, and the document."""
        ...


class AsyncState:
    """The calls of a SharedState as coroutines.

    Changes asked for in one turn of the loop are one transaction. Where a state can do that without waiting (an SQLite
    file nobody else writes to), it is done there and then; else on a thread of its own, where the changes of the meantime
    gather and are done together. A change whose caller was cancelled may be done all the same.

    Parameters
    ----------
    state : SharedState

    Examples
    --------
    >>> import tempfile
    >>> from mandi.store.database import Database
    >>> from mandi.store.schema import upgrade
    >>> from mandi.store.sql_state import SqlState
    >>> folder = tempfile.TemporaryDirectory()
    >>> database = Database.open(f"sqlite:///{folder.name}/mandi.db")
    >>> _ = upgrade(database)
    >>> async def count():
    ...     state = AsyncState(SqlState(database))
    ...     add = lambda old: (b"%d" % (int(old or 0) + 1), int(old or 0) + 1)
    ...     return sorted(await asyncio.gather(*[state.update("counter:calls", add) for _ in range(3)]))
    >>> asyncio.run(count())
    [1, 2, 3]
    >>> database.close(); folder.cleanup()
    """

    def __init__(self, state: SharedState) -> None:
        self.state = state
        self._quick = state if isinstance(state, Combining) else None
        self._gathered: deque[Item] = deque()
        self._queue: queue.SimpleQueue[list[Item] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="mandi-state-read")
        self._worker = threading.Thread(target=self._work, name="mandi-state", daemon=True)
        self._closed = False
        self._worker.start()

    async def update(self, key: str, change: Change[T], ttl_s: float | None = None) -> T:
        """Change one document atomically and return what the change says."""
        if self._closed:
            raise StoreUnavailable("the shared state was closed")
        loop = asyncio.get_running_loop()
        item = Wanted(checked(key, ttl_s), change, ttl_s), loop.create_future()
        self._gathered.append(item)
        loop.call_soon(self._dispatch)
        return await item[1]

    async def read(self, key: str) -> Document | None:
        """Return a document, or None if it is absent or over."""
        if self._quick is not None:
            found, document = self._quick.read_at_once(checked(key))
            if found:
                return document
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.state.read, key)

    async def write(self, key: str, document: Document, ttl_s: float | None = None) -> None:
        """Put a document."""
        await self.update(key, lambda _: (document, None), ttl_s)

    async def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        await self.update(key, lambda _: (None, None))

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix."""
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, lambda: list(self.state.keys(prefix))
        )

    async def check(self) -> None:
        """Raise StoreUnavailable when the store does not answer."""
        await asyncio.get_running_loop().run_in_executor(self._readers, self.state.check)

    async def close(self) -> None:
        """Finish what waits, and close the state below."""
        self._closed = True
        self._dispatch()
        self._queue.put(None)
        await asyncio.to_thread(self._worker.join)
        self._readers.shutdown()
        self.state.close()

    def _dispatch(self) -> None:
        batch: list[Item] = []
        while self._gathered and len(batch) < MOST_AT_ONCE:
            batch.append(self._gathered.popleft())
        if not batch:
            return  # an earlier call in this turn took all of them
        if self._quick is not None and self._quick.at_once([wanted for wanted, _ in batch]):
            _tell(batch)
        else:
            self._queue.put(batch)

    def _work(self) -> None:
        going = True
        while going:
            batch: list[Item] = []
            some = self._queue.get()
            while some is not None:
                batch += some
                if len(batch) >= MOST_AT_ONCE or self._queue.empty():
                    break
                some = self._queue.get_nowait()
            going = some is not None
            if batch:
                self._do([wanted for wanted, _ in batch])
                _tell(batch)

    def _do(self, batch: list[Wanted]) -> None:
        try:
            if isinstance(self.state, Combining):
                self.state.update_all(batch)
                return
            for wanted in batch:
                try:
                    wanted.result = self.state.update(wanted.key, wanted.change, wanted.ttl_s)
                except Exception as error:
                    wanted.error = error
        except Exception as error:
            # the thread outlives every failure; what it could not do is told to those who asked
            for wanted in batch:
                if not wanted.done:
                    wanted.error = error


def _tell(batch: list[Item]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[Item]] = {}
    for item in batch:
        by_loop.setdefault(item[1].get_loop(), []).append(item)
    for loop, group in by_loop.items():
        if loop is asyncio._get_running_loop():
            _resolve(group)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, group)


def _resolve(group: list[Item]) -> None:
    for wanted, future in group:
        if future.done():
            continue  # its caller was cancelled
        if wanted.error is not None:
            future.set_exception(wanted.error)
        else:
            future.set_result(wanted.result)
