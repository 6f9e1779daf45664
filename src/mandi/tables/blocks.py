"""Rows of numbers too many for memory: float32 matrices in files, read one block at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Data = tuple[Any, NDArray[np.float64], NDArray[np.float64]]  # matrix or blocks, target, weight
N = TypeVar("N", bound=np.generic)


@dataclass(frozen=True)
class Blocks:
    """A matrix in files of rows, or every ``of``-th of their rows from the ``first`` on.

    Attributes
    ----------
    paths : tuple of Path
        Seen under these names by everybody who reads them.
    sizes : tuple of int
        Rows of each file.
    first, of : int
        Of each file the rows first, first + of, ... are meant.
    """

    paths: tuple[Path, ...]
    sizes: tuple[int, ...]
    first: int = 0
    of: int = 1

    def __len__(self) -> int:
        return sum(self.lengths())

    def __iter__(self) -> Iterator[Matrix]:
        return (self.read(number) for number in range(len(self.paths)))

    def lengths(self) -> list[int]:
        """Return the rows meant of each file."""
        return [len(range(self.first, size, self.of)) for size in self.sizes]

    def read(self, number: int) -> Matrix:
        """Read the rows meant of one file."""
        found: Matrix = np.load(self.paths[number], allow_pickle=False)
        return np.ascontiguousarray(found[self.first :: self.of])

    def bounds(self) -> list[tuple[int, int]]:
        """Return where each file's rows begin and end among all rows meant."""
        ends = np.cumsum(self.lengths()).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    def share(self, first: int, of: int) -> Blocks:
        """Return every ``of``-th row of each file: one worker's share."""
        return Blocks(self.paths, self.sizes, first, of)

    def of_rows(self, values: NDArray[N]) -> NDArray[N]:
        """Return of one value per row of the files those of the rows meant."""
        ends = np.cumsum(self.sizes)[:-1]
        return np.concatenate([part[self.first :: self.of] for part in np.split(values, ends)])


def write_block(path: Path, matrix: Matrix) -> None:
    """Put a block in place whole.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "b.npy"
    >>> write_block(path, np.ones((4, 2), np.float32))
    >>> [len(Blocks((path,), (4,))), len(Blocks((path,), (4,), 1, 3))]
    [4, 1]
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.with_name(f".{path.stem}-{os.getpid()}.npy")
    np.save(begun, matrix, allow_pickle=False)
    begun.replace(path)


def over(matrix: Any, function: Callable[[Matrix], NDArray[N]]) -> NDArray[N]:
    """Return a function of a matrix's rows: at once in memory, block by block in files."""
    if isinstance(matrix, Blocks):
        return np.concatenate([function(block) for block in matrix if len(block)])
    return function(matrix)


def joined(before: Data, after: Data) -> Data:
    """Return two parts of data as one."""
    if isinstance(before[0], Blocks):
        blocks = Blocks(before[0].paths + after[0].paths, before[0].sizes + after[0].sizes)
        return blocks, np.concatenate([before[1], after[1]]), np.concatenate([before[2], after[2]])
    return tuple(np.concatenate(pair) for pair in zip(before, after, strict=True))


def thinned(data: Data, most: int) -> Data:
    """Return data in memory: of blocks with more rows than ``most`` one in so many, evenly; what is in memory stays."""
    matrix, target, weight = data
    if not isinstance(matrix, Blocks):
        return data
    few = matrix.share(0, -(-len(matrix) // most))
    return np.concatenate(list(few)), few.of_rows(target), few.of_rows(weight)


def shared(data: Data, first: int, of: int) -> Data:
    """Return one worker's share of data: every ``of``-th row."""
    matrix, target, weight = data
    if isinstance(matrix, Blocks):
        own = matrix.share(first, of)
        return own, own.of_rows(target), own.of_rows(weight)
    return matrix[first::of], target[first::of], weight[first::of]
