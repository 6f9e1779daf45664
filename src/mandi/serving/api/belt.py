"""A stream read in a task of its own, so that whoever passes it on can wait for it with patience, and stop it for sure."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Belt(Generic[T]):
    """What a source gives, in its order.

    The source runs from its first piece to its last in one task: its deadlines and its tidying up stay in one place, whichever
    task takes from the belt. It waits while ``most`` pieces lie here, so a slow reader never fills the memory.

    Parameters
    ----------
    source : async iterator
        Closed when it ends, fails or is stopped.
    most : int
        Pieces that may wait.

    Examples
    --------
    >>> async def three():
    ...     for n in range(3):
    ...         yield n
    >>> async def taken():
    ...     belt, seen = Belt(three()), []
    ...     while (pieces := await belt.take(1.0)) is not None:
    ...         seen += pieces
    ...     return seen
    >>> asyncio.run(taken())
    [0, 1, 2]
    """

    def __init__(self, source: AsyncIterator[T], most: int = 64) -> None:
        self._source = source
        self._most = most
        self._ready: deque[T] = deque()
        self._failure: Exception | None = None
        self._ended = False
        self._waiting: asyncio.Future[None] | None = None
        self._full: asyncio.Future[None] | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def take(self, patience_s: float) -> list[T] | None:
        """Return all pieces that lie ready, waiting for the first of them.

        Parameters
        ----------
        patience_s : float
            How long to wait, seconds.

        Returns
        -------
        list
            Empty when none came in time; None when there are no more.

        Raises
        ------
        Exception
            What the source raised, once what it gave before has been taken.
        """
        if not self._ready and not self._ended:
            await self._wait(patience_s)
        pieces = list(self._ready)
        self._ready.clear()
        if self._full is not None and not self._full.done():
            self._full.set_result(None)
        if pieces or not self._ended:
            return pieces
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return None

    async def aclose(self) -> None:
        """Stop the source and wait until it has tidied up; nothing happens when it has ended."""
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._end()  # a task that was stopped before it began has ended nothing

    async def _wait(self, patience_s: float) -> None:
        loop = asyncio.get_running_loop()
        waiting = self._waiting = loop.create_future()
        timer = loop.call_later(patience_s, _wake, waiting)
        try:
            await waiting
        finally:
            timer.cancel()
            self._waiting = None

    async def _run(self) -> None:
        try:
            async for piece in self._source:
                self._ready.append(piece)
                _wake(self._waiting)
                if len(self._ready) >= self._most:
                    self._full = asyncio.get_running_loop().create_future()
                    await self._full
        except Exception as failure:
            self._failure = failure
        finally:
            await self._end()

    async def _end(self) -> None:
        self._ended = True
        _wake(self._waiting)
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
