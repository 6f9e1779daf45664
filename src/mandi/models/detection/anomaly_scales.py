"""Three ways to see the same numbers before distances are taken: by spread, by rank, and with long tails drawn in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError, UnknownValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = np.ndarray[Any, np.dtype[np.float64]]
SCALES = ("z", "q", "s")
KNOTS = 2000
FARTHEST = 1e6  # standard deviations; keeps single precision finite


class Scales:
    """Inputs of anomaly detectors on a scale learnt from normal rows.

    ``z`` is (value - mean) / spread. ``q`` is the value's rank among the normal rows as a Gaussian quantile, going on
    in units of ``z`` outside their range, so that nothing saturates. ``s`` is sign(z) * ln(1 + abs(z)). A missing value
    becomes 0, the middle of every scale, and columns that were ever missing in the normal rows are followed by a column
    that is 1 where the value is missing.

    Attributes
    ----------
    centre, spread : arrays of shape (n_columns,)
        Mean and standard deviation of the known values; the spread of a constant column is 1.
    gaps : integer array
        Columns that were ever missing.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0, 5.0], [1.0, np.nan], [2.0, 7.0]])
    >>> scales = Scales().fit(rows)
    >>> scales.apply(rows, "z").round(2).tolist()
    [[-1.22, -1.0, 0.0], [0.0, 0.0, 1.0], [1.22, 1.0, 0.0]]
    >>> scales.apply([[102.0, 6.0]], "q").round(1).tolist()
    [[123.4, 0.0, 0.0]]
    """

    def __init__(self) -> None:
        self.centre: Floats = np.empty(0)
        self.spread: Floats = np.empty(0)
        self.gaps: np.ndarray[Any, np.dtype[np.intp]] = np.empty(0, dtype=np.intp)
        self._knots: list[tuple[Floats, Floats]] = []

    @property
    def columns(self) -> int:
        """Columns of the rows before scaling."""
        return len(self.centre)

    def fit(self, rows: ArrayLike) -> Self:
        """Learn from normal rows of shape (n, n_columns), NaN where missing."""
        from scipy.special import ndtri

        matrix = as_matrix(rows)
        unknown = np.isnan(matrix)
        count = np.maximum((~unknown).sum(axis=0), 1)
        self.centre = np.nansum(matrix, axis=0) / count
        spread = np.sqrt(np.nansum((matrix - self.centre) ** 2, axis=0) / count)
        flat = spread <= 1e-9 * np.maximum(1.0, np.abs(self.centre))
        self.spread = np.where(flat, 1.0, spread)
        self.gaps = np.flatnonzero(unknown.any(axis=0))
        self._knots = []
        for column in matrix.T:
            value, times = np.unique(column[~np.isnan(column)], return_counts=True)
            if not len(value):
                value, times = np.zeros(1), np.ones(1, dtype=np.intp)
            place = ndtri((np.cumsum(times) - times / 2) / times.sum())
            kept = np.unique(np.linspace(0, len(value) - 1, min(KNOTS, len(value))).round().astype(int))
            self._knots.append((value[kept], place[kept]))
        return self

    def apply(self, rows: ArrayLike, scale: str) -> Floats:
        """Return inputs of shape (n, n_columns + columns that were ever missing) on the scale ``z``, ``q`` or ``s``.

        Raises
        ------
        ContractError
            Another number of columns, or an infinite value.
        UnknownValue
            No such scale.
        """
        matrix = as_matrix(rows)
        if matrix.shape[1] != self.columns:
            raise ContractError(f"{matrix.shape[1]} columns", allowed=f"{self.columns}, as learnt")
        unknown = np.isnan(matrix)
        known = np.where(unknown, self.centre, matrix)
        seen = np.clip((known - self.centre) / self.spread, -FARTHEST, FARTHEST)
        if scale == "q":
            seen = self._ranks(known, seen)
        elif scale == "s":
            seen = np.sign(seen) * np.log1p(np.abs(seen))
        elif scale != "z":
            raise UnknownValue(f"scale {scale!r}", allowed=", ".join(SCALES))
        seen[unknown] = 0.0
        return np.hstack([seen, unknown[:, self.gaps]]) if len(self.gaps) else seen

    def _ranks(self, known: Floats, standard: Floats) -> Floats:
        out = np.empty_like(known)
        for j, (value, place) in enumerate(self._knots):
            inside = np.clip(known[:, j], value[0], value[-1])
            end = np.clip((inside - self.centre[j]) / self.spread[j], -FARTHEST, FARTHEST)
            out[:, j] = np.interp(inside, value, place) + (standard[:, j] - end)
        return out

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return everything learnt as plain arrays."""
        sizes = [len(value) for value, _ in self._knots]
        values = np.concatenate([value for value, _ in self._knots])
        places = np.concatenate([place for _, place in self._knots])
        return {"centre": self.centre, "spread": self.spread, "gaps": self.gaps,
                "knot_sizes": np.array(sizes), "knot_values": values, "knot_places": places}  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray[Any, Any]]) -> Self:
        """Take back what ``arrays`` gave."""
        scales = cls()
        scales.centre, scales.spread = arrays["centre"], arrays["spread"]
        scales.gaps = arrays["gaps"].astype(np.intp)
        cuts = np.cumsum(arrays["knot_sizes"])[:-1]
        pairs = zip(np.split(arrays["knot_values"], cuts), np.split(arrays["knot_places"], cuts), strict=True)
        scales._knots = list(pairs)
        return scales


def as_matrix(rows: ArrayLike) -> Floats:
    """Return rows as a float matrix; refuse other shapes and infinite numbers (ContractError)."""
    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.ndim != 2:
        raise ContractError(f"rows of shape {matrix.shape}", allowed="(n_rows, n_columns)")
    if np.isinf(matrix).any():
        raise ContractError("a number is infinite", allowed="finite numbers, NaN where unknown")
    return matrix
