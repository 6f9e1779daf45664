"""Measurements on one scale: gaps filled and marked, skew taken out where asked, centred and divided by the spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from mandi.core.errors import ContractError, UnknownValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bend = Literal["none", "power", "scaled-power", "log"]
CLIP = 10.0  # spreads; farther than that is far, and no model here extrapolates a slope
STEEPEST = 300.0  # columns that hardly vary beside their size ask for such powers; more would overflow


@dataclass(frozen=True)
class Scale:
    """A fitted scale; the columns out are the columns in, then one per column that had gaps.

    Attributes
    ----------
    fill, centre, spread : array of shape (n_features,)
    first : array of shape (2, n_features)
        Subtracted and divided by before the power.
    power : array of shape (n_features,)
        Yeo-Johnson's power; 1 leaves a column as it is.
    logged : array of shape (n_features,)
        1 where the logarithm is taken.
    gaps : array of shape (n_gap_columns,)
        Columns that had gaps where the scale was fitted.

    Examples
    --------
    >>> import numpy as np
    >>> scale = Scale.fit(np.array([[1.0], [3.0], [np.nan]]))
    >>> scale.apply(np.array([[3.0], [np.nan]])).round(3).tolist()
    [[1.225, 0.0], [0.0, 1.0]]
    """

    fill: Floats
    centre: Floats
    spread: Floats
    first: Floats
    power: Floats
    logged: Floats
    gaps: NDArray[np.intp]

    @classmethod
    def fit(cls, matrix: Floats, bend: Bend = "none") -> Self:
        """Fit on rows of shape (n_rows, n_features), NaN where unknown.

        Parameters
        ----------
        bend : str
            none; power (Yeo and Johnson 2000, by maximum likelihood); scaled-power (the same on columns already centred
            and scaled, so that units play no part); log (where every training value is above 0).

        Raises
        ------
        UnknownValue
            ``bend`` is none of these.
        ContractError
            There is no row, or a value is infinite.
        """
        if bend not in get_args(Bend):
            raise UnknownValue(f"bend {bend!r}", allowed=", ".join(get_args(Bend)))
        rows = checked(matrix)
        if not len(rows):
            raise ContractError("no row to fit a scale on", allowed="at least one")
        width = rows.shape[1]
        unknown = np.isnan(rows)
        some = ~unknown.all(axis=0)
        fill = np.zeros(width)
        fill[some] = np.nanmedian(rows[:, some], axis=0)
        filled = np.where(unknown, fill, rows)
        first = np.vstack([np.zeros(width), np.ones(width)])
        power, logged = np.ones(width), np.zeros(width)
        if bend == "log":
            logged = (filled > 0).all(axis=0).astype(float)
        elif bend == "scaled-power":
            first = np.vstack([filled.mean(axis=0), _spread(filled)])
        if bend in ("power", "scaled-power"):
            power = _powers((filled - first[0]) / first[1])
        bent = _bent((filled - first[0]) / first[1], power, logged)
        gaps = np.flatnonzero(unknown.any(axis=0) & some)
        return cls(fill, bent.mean(axis=0), _spread(bent), first, power, logged, gaps)

    def apply(self, matrix: Floats) -> Floats:
        """Return scaled rows of shape (n_rows, n_features + n_gap_columns), without NaN."""
        rows = checked(matrix, len(self.fill))
        unknown = np.isnan(rows)
        filled = np.where(unknown, self.fill, rows)
        bent = _bent((filled - self.first[0]) / self.first[1], self.power, self.logged)
        scaled = np.clip((bent - self.centre) / self.spread, -CLIP, CLIP)
        return np.ascontiguousarray(np.hstack([scaled, unknown[:, self.gaps].astype(np.float64)]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the scale as plain arrays."""
        return dict(vars(self))

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the scale that ``arrays`` wrote down."""
        names = ("fill", "centre", "spread", "first", "power", "logged", "gaps")
        return cls(**{name: arrays[name] for name in names})


def checked(matrix: Any, width: int | None = None) -> Floats:
    """Return rows as a float64 matrix; refuse infinities and another number of columns than was learnt (ContractError)."""
    rows = np.ascontiguousarray(matrix, dtype=np.float64)
    if rows.ndim != 2:
        raise ContractError(f"a matrix of shape {rows.shape}", allowed="(n_rows, n_features)")
    if width is not None and rows.shape[1] != width:
        raise ContractError(f"{rows.shape[1]} features", allowed=f"the {width} that were learnt from")
    if np.isinf(rows).any():
        raise ContractError("a measurement is infinite", allowed="finite numbers, NaN where unknown")
    return rows


def product(rows: Floats, weights: Floats) -> Floats:
    """Return the matrix product (n, a) x (a, b), row by row: a row's bits do not depend on the rows beside it.

    Examples
    --------
    >>> import numpy as np
    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    return np.ascontiguousarray(np.matmul(rows[:, None, :], weights)[:, 0, :])


def softmax(scores: Floats) -> Floats:
    """Return probabilities of shape (n, k) that grow with the scores.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    if not scores.size:
        return np.zeros_like(scores)
    odds = np.exp(np.ascontiguousarray(scores - scores.max(axis=1, keepdims=True)))
    return odds / odds.sum(axis=1, keepdims=True)


def _bent(rows: Floats, power: Floats, logged: Floats) -> Floats:
    out = rows.copy()
    for place in np.flatnonzero(power != 1.0):
        out[:, place] = _yeo_johnson(np.ascontiguousarray(rows[:, place]), float(power[place]))
    for place in np.flatnonzero(logged):
        # below the smallest float a later value cannot go on a log scale; the clip of the scale catches it
        out[:, place] = np.log(np.maximum(np.ascontiguousarray(rows[:, place]), 1e-12))
    return out


def _yeo_johnson(values: Floats, power: float) -> Floats:
    up, down = np.maximum(values, 0.0), np.maximum(-values, 0.0)
    above = np.log1p(up) if abs(power) < 1e-12 else (np.power(up + 1.0, power) - 1.0) / power
    other = 2.0 - power
    below = np.log1p(down) if abs(other) < 1e-12 else (np.power(down + 1.0, other) - 1.0) / other
    return np.where(values >= 0.0, above, -below)


def _spread(rows: Floats) -> Floats:
    """Standard deviations; infinite where a column does not vary, which makes it 0 once divided."""
    spread = rows.std(axis=0)
    flat = spread <= 1e-9 * np.abs(rows).max(axis=0, initial=1e-300)
    return np.where(flat, np.inf, spread)


def _powers(rows: Floats) -> Floats:
    from sklearn.preprocessing import PowerTransformer

    powers = np.ones(rows.shape[1])
    varies = np.flatnonzero(np.isfinite(_spread(rows)))
    if len(varies):
        with np.errstate(all="ignore"):
            found = PowerTransformer(standardize=False).fit(rows[:, varies]).lambdas_
        powers[varies] = np.where(np.abs(found) <= STEEPEST, found, 1.0)
    return powers
