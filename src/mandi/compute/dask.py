"""The workers of a Dask cluster; one that dies is replaced, and the result is the same.

Items are futures: Dask computes again what a dead worker held. A function that all run together cannot go on without one of
them: the others are let go, everybody is waited for, and it runs again from its beginning with the same shares for the same
ranks.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from mandi.compute.base import ComputeParams, Rank, Waiting
from mandi.core.errors import ComputeFailed

T = TypeVar("T")
LOG = logging.getLogger("mandi.compute")
TRIES = 5  # meetings, before it is given up
PATIENCE = 180.0  # seconds to wait for workers to come or to come back
RETURN = 20.0  # of these, before one of our own that does not come back is replaced
ENDING = 10.0  # seconds that the others have to notice by themselves
GRACE = 5.0  # seconds after an error in which a worker may turn out to have died
TOGETHER = "together-"
LOOK = 0.1  # seconds between looks at who is there
BATCHES = 8  # of small items, for each worker


class DaskCompute:
    """Computes on the workers of a cluster.

    Parameters
    ----------
    client : distributed.Client
    ranks : int
        Workers that run a function together.
    cluster : optional
        Closed with the client, where it was started for it.
    """

    kind = "dask"

    def __init__(self, client: Any, ranks: int, cluster: Any = None) -> None:
        self.client = client
        self.ranks = ranks
        self.cluster = cluster

    @classmethod
    def open(cls, params: ComputeParams) -> DaskCompute:
        """Join the scheduler that the settings name, or start workers on this machine.

        Raises
        ------
        ComputeFailed
            No scheduler answers, or too few workers came.
        """
        import distributed

        cluster = None
        if params.scheduler is None:
            # one thread each: libraries that grow trees are given theirs by their own settings
            cluster = distributed.LocalCluster(
                n_workers=params.workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                memory_limit=0,
                silence_logs=logging.ERROR,
            )
        try:
            client = distributed.Client(cluster or params.scheduler, timeout=PATIENCE)
        except (OSError, TimeoutError) as error:
            raise ComputeFailed(
                f"no Dask scheduler answers at {params.scheduler}: {error}",
                allowed="the address of a running scheduler, or null",
                next_command="dask scheduler",
            ) from error
        opened = cls(client, params.workers, cluster)
        try:
            opened._whole(params.workers)
        except ComputeFailed:
            opened.close()
            raise
        return opened

    def each(
        self, function: Callable[[Any], T], items: Sequence[Any], *, threads: int = 1
    ) -> Iterator[Waiting[T]]:
        """Start a function on every item as a future; ``threads`` is a matter of one process and not used."""
        yield from [_Future(future) for future in self.client.map(function, list(items), pure=False)]

    def map(self, function: Callable[[Any], T], items: Sequence[Any], *, threads: int = 1) -> list[T]:
        """Return the function of every item, in their order."""
        if not len(items):
            return []
        size = -(-len(items) // (self.ranks * BATCHES))
        batches = [list(items[start : start + size]) for start in range(0, len(items), size)]
        return [told for batch in self.each(_Batch(function), batches) for told in batch.result()]

    def together(
        self,
        function: Callable[[Rank, Any], T],
        shares: Sequence[Any],
        prepare: Callable[[int, str], dict[str, Any]] | None = None,
    ) -> T:
        """Run one function on as many workers as there are shares, at the same time.

        Parameters
        ----------
        function : callable
            Of a :class:`Rank` and that rank's share; it has to give the same for the same shares.
        shares : sequence
            One per rank; ranks follow the names of the workers.
        prepare : callable, optional
            Of the number of ranks and the scheduler's host; run on the scheduler before every try. What it returns is
            every rank's ``meeting``.

        Returns
        -------
        object
            What rank 0 returned.

        Raises
        ------
        ComputeFailed
            Workers died at every try, or did not come back.
        """
        for tried in range(1, TRIES + 1):
            addresses = self._whole(len(shares))
            told = self._meet(function, shares, addresses, prepare)
            if told is not None:
                return told[0]
            LOG.warning("a worker died while %d worked together; try %d begins anew", len(shares), tried + 1)
            self._freed(addresses)
        raise ComputeFailed(
            f"workers died at each of {TRIES} tries to work together", allowed="workers that stay for one fit"
        )

    def close(self) -> None:
        """Close the client, and the workers where they were started for it."""
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()

    def _whole(self, size: int) -> list[str]:
        """Wait for enough workers; their addresses in the order of their names."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.client.wait_for_workers(size, timeout=min(RETURN, PATIENCE))
                break
            except TimeoutError as error:
                if time.monotonic() > until:
                    raise ComputeFailed(
                        f"fewer than {size} workers came within {PATIENCE:.0f} s",
                        allowed="as many as compute.workers says",
                        next_command="dask worker ADDRESS",
                    ) from error
                # a worker that dies while its nanny is still starting it is not brought back: another takes its place
                if self.cluster is not None and (missing := size - len(self.client.ncores())) > 0:
                    self.cluster.scale(len(self.cluster.workers) + missing)
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return sorted(known, key=lambda address: (str(known[address]["name"]), address))[:size]

    def _meet(
        self,
        function: Callable[[Rank, Any], T],
        shares: Sequence[Any],
        addresses: list[str],
        prepare: Callable[[int, str], dict[str, Any]] | None,
    ) -> tuple[T] | None:
        """Return rank 0's result; nothing where a worker was lost."""
        futures: list[Any] = []
        try:
            meeting = self.client.run_on_scheduler(_Prepared(prepare), len(shares)) if prepare else {}
            places = self.client.run(_free_port, workers=addresses)
            hosts = tuple((_host(address), places[address]) for address in addresses)
            for number, (share, address) in enumerate(zip(shares, addresses, strict=True)):
                sent = self.client.scatter(share, workers=[address], hash=False)
                futures.append(
                    self.client.submit(
                        function, Rank(number, len(shares), hosts, meeting), sent, workers=[address],
                        allow_other_workers=False, pure=False, key=f"{TOGETHER}{number}-{uuid.uuid4().hex}",
                    )
                )  # fmt: skip
            while not all(future.status == "finished" for future in futures):
                if self._lost(addresses):
                    return None
                for future in futures:
                    if future.status in ("error", "cancelled", "lost"):
                        if self._lost(addresses, GRACE):
                            return None
                        future.result()
                time.sleep(LOOK)
            return (futures[0].result(),)
        except (OSError, KeyError, ValueError, TimeoutError) as error:
            # a worker that dies between two of these calls is missed by whichever asks for it next
            if self._lost(addresses, GRACE):
                return None
            raise error
        finally:
            self.client.cancel(futures, force=True)

    def _lost(self, addresses: list[str], within: float = 0.0) -> bool:
        until = time.monotonic() + within
        while True:
            if not set(addresses) <= set(self.client.ncores()):
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK)

    def _freed(self, addresses: list[str]) -> None:
        # who waits inside a library for a peer that is gone may never hear that it is no longer wanted
        until = time.monotonic() + ENDING
        while left := [address for address in addresses if address in self.client.ncores()]:
            told = self.client.run(_at_work, workers=left, on_error="ignore")
            stuck = [address for address, busy in told.items() if busy]
            if not stuck:
                return
            if time.monotonic() > until:
                # not restart_workers: its nanny does not bring back a worker that dies after that
                self.client.run(_leave, workers=stuck, on_error="ignore")
                self._lost(stuck, GRACE)
                return
            time.sleep(LOOK)


class _Future:
    def __init__(self, future: Any) -> None:
        self.future = future

    def result(self) -> Any:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            return self.future.result()
        except (KilledWorker, FutureCancelledError) as error:
            # not the fault of one item: whoever leaves out what could not be computed must not leave this out
            raise ComputeFailed(
                f"workers died too often over one piece of work: {error}", allowed="workers that stay"
            ) from error


class _Batch:
    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __call__(self, items: list[Any]) -> list[Any]:
        return [self.function(item) for item in items]


class _Prepared:
    def __init__(self, prepare: Callable[[int, str], dict[str, Any]]) -> None:
        self.prepare = prepare

    def __call__(self, size: int, dask_scheduler: Any) -> dict[str, Any]:
        return self.prepare(size, _host(dask_scheduler.address))


def _at_work(dask_worker: Any) -> bool:
    return any(str(key).startswith(TOGETHER) for key in dask_worker.active_threads.values())


def _leave() -> None:
    # after the answer has gone out; as sudden as what it follows
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()


def _host(address: str) -> str:
    return address.split("://")[-1].rsplit(":", 1)[0].strip("[]")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
