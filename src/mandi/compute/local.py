"""This process: items one after the other, or by threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mandi.compute.base import Rank, Waiting
from mandi.core.errors import ComputeFailed

T = TypeVar("T")


class LocalCompute:
    """Computes here."""

    kind = "local"
    ranks = 0

    def each(
        self, function: Callable[[Any], T], items: Sequence[Any], *, threads: int = 1
    ) -> Iterator[Waiting[T]]:
        """Start a function on every item, by ``threads`` threads; results come in the order of the items.

        Examples
        --------
        >>> [waiting.result() for waiting in LocalCompute().each(abs, [-1, 2], threads=2)]
        [1, 2]
        """
        with ThreadPoolExecutor(threads) as pool:
            yield from [pool.submit(function, item) for item in items]

    def map(self, function: Callable[[Any], T], items: Sequence[Any], *, threads: int = 1) -> list[T]:
        """Return the function of every item, in their order.

        Examples
        --------
        >>> LocalCompute().map(abs, [-1, 2])
        [1, 2]
        """
        if threads > 1 and len(items) > 1:
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(function, items))
        return [function(item) for item in items]

    def together(
        self,
        function: Callable[[Rank, Any], T],
        shares: Sequence[Any],
        prepare: Callable[[int, str], dict[str, Any]] | None = None,
    ) -> T:
        """Refuse: one process is nobody's company.

        Raises
        ------
        ComputeFailed
            Always.
        """
        raise ComputeFailed(
            "this process has no workers that could work together",
            allowed="a compute whose ranks are 1 or more",
            next_command="set compute.kind: dask in params.yaml",
        )

    def close(self) -> None:
        """Nothing was opened."""
