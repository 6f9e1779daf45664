"""What a compute does: a function over many items, and one function that all workers run together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from mandi.core.errors import ConfigError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class ComputeParams:
    """Section ``compute`` of params.yaml.

    Attributes
    ----------
    kind : "local" or "dask"
    scheduler : str, optional
        Address of a running Dask scheduler, ``tcp://host:8786``. Without one, workers are started on this machine.
    workers : int
        Processes started; of a running scheduler, how many take part in growing trees.
    """

    kind: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    workers: int = 2

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigError(f"compute.workers is {self.workers}", allowed="1 or more")


class Waiting(Protocol[T_co]):
    """A result to come."""

    def result(self) -> T_co:
        """Wait for the result, and return it or raise what the function raised."""
        ...


@dataclass(frozen=True)
class Rank:
    """The place of one worker among those that run a function together.

    Attributes
    ----------
    number, size : int
        From 0; how many there are.
    addresses : tuple of (host, port)
        Of each rank, a port that was free on its machine a moment ago.
    meeting : dict
        What ``prepare`` returned.
    """

    number: int
    size: int
    addresses: tuple[tuple[str, int], ...]
    meeting: dict[str, Any]


class Compute(Protocol):
    """Somewhere to compute."""

    @property
    def kind(self) -> str:
        """``local`` or ``dask``."""
        ...

    @property
    def ranks(self) -> int:
        """How many workers run a function together; 0 where there are none and work stays in this process."""
        ...

    def each(
        self, function: Callable[[Any], T], items: Sequence[Any], *, threads: int = 1
    ) -> Iterator[Waiting[T]]:
        """Start a function on every item and hand out the results to come, in the order of the items."""
        ...

    def map(self, function: Callable[[Any], T], items: Sequence[Any], *, threads: int = 1) -> list[T]:
        """Return the function of every item, in their order; many small items travel together."""
        ...

    def together(
        self,
        function: Callable[[Rank, Any], T],
        shares: Sequence[Any],
        prepare: Callable[[int, str], dict[str, Any]] | None = None,
    ) -> T:
        """Run one function on as many workers as there are shares, at the same time; return what rank 0 returned."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...
