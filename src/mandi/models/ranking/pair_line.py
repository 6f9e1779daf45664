"""A line over pair features, fitted on the differences between right and wrong candidates of one question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
CLIP = 6.0  # standard deviations; one odd pair must not outweigh the rest
STEEPEST = 30.0  # log-odds; beyond it float64 can no longer tell scores near one apart


@dataclass(frozen=True)
class PairLine:
    """Weights per standard deviation of a feature, and per feature for being missing.

    Attributes
    ----------
    centre, spread, weights, missing : array of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> features = np.array([[1.0], [0.0], [2.0], [1.0], [0.0], [np.nan]])
    >>> hit = np.array([True, False, True, False, False, False])
    >>> line = PairLine.fit(features, np.array([2, 4]), hit, 1.0)
    >>> line.margin(np.array([[2.0], [0.0]])).round(1).tolist()
    [1.2, -0.8]
    """

    centre: Floats
    spread: Floats
    weights: Floats
    missing: Floats

    @classmethod
    def fit(cls, matrix: Floats, sizes: NDArray[np.intp], hit: NDArray[np.bool_], penalty: float) -> Self:
        """Maximise the likelihood that each right candidate beats each wrong one, every question weighing the same.

        Parameters
        ----------
        matrix : array of shape (n_pairs, n_features), questions one after another
        sizes : array of shape (n_questions,)
        hit : boolean array of shape (n_pairs,)
        penalty : float
            Half of it times the squared weights is added to the loss summed over questions.
        """
        from scipy.optimize import minimize

        empty = np.isnan(matrix).all(axis=0)
        centre, spread = np.zeros(matrix.shape[1]), np.ones(matrix.shape[1])
        centre[~empty] = np.nanmean(matrix[:, ~empty], axis=0)
        spread[~empty] = np.nanstd(matrix[:, ~empty], axis=0)
        flat = spread < 1e-9
        line = cls(centre, np.where(flat, 1.0, spread), np.zeros(len(centre)), np.zeros(len(centre)))
        gaps = np.flatnonzero(np.isnan(matrix).any(axis=0) & ~empty)
        design = np.hstack([line._design(matrix), np.isnan(matrix[:, gaps])])
        design[:, : len(centre)][:, flat] = 0.0
        right, wrong, weight = _duels(sizes, hit)
        differences = design[right] - design[wrong]

        def loss(weights: Floats) -> tuple[float, Floats]:
            margin = differences @ weights
            value = weight @ np.logaddexp(0.0, -margin) + 0.5 * penalty * weights @ weights
            return float(value), penalty * weights - (weight * expit(-margin)) @ differences

        found = minimize(
            loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 300}
        )
        missing = np.zeros(len(centre))
        missing[gaps] = found.x[len(centre) :]
        return cls(line.centre, line.spread, found.x[: len(centre)], missing)

    def margin(self, matrix: Floats) -> Floats:
        """Return the line per pair, of shape (n_pairs,); nothing for a pair at the mean of training."""
        total = np.zeros(len(matrix))
        # column by column, so that a row's bits do not depend on how many rows are asked
        for column in self._terms(matrix).T:
            total += column
        return total

    def contributions(self, matrix: Floats) -> Floats:
        """Return the terms of the line, and last a base of zero, of shape (n_pairs, n_features + 1)."""
        return np.hstack([self._terms(matrix), np.zeros((len(matrix), 1))])

    def state(self) -> dict[str, list[float]]:
        """Return the line as plain lists."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def of(cls, state: dict[str, list[float]]) -> Self:
        """Return the line that ``state`` wrote down."""
        return cls(**{name: np.asarray(value, dtype=np.float64) for name, value in state.items()})

    def _terms(self, matrix: Floats) -> Floats:
        unknown = np.isnan(matrix)
        scaled = np.clip((matrix - self.centre) / self.spread, -CLIP, CLIP)
        return np.where(unknown, self.missing, scaled * self.weights)

    def _design(self, matrix: Floats) -> Floats:
        scaled = np.clip((matrix - self.centre) / self.spread, -CLIP, CLIP)
        return np.where(np.isnan(matrix), 0.0, scaled)


def grouped(
    group: NDArray[Any], relevant: NDArray[np.bool_], rows: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of questions that teach, question after question, and how many each has.

    Examples
    --------
    >>> import numpy as np
    >>> order, sizes = grouped(np.array([5, 7, 5, 9]), np.array([True, True, False, False]), 4)
    >>> order.tolist(), sizes.tolist()
    ([0, 2], [2])
    """
    if group.shape != (rows,) or relevant.shape != (rows,):
        raise ContractError(
            f"group of shape {group.shape} and relevant of {relevant.shape} for {rows} pairs",
            allowed=f"({rows},)",
        )
    _, code = np.unique(group, return_inverse=True)
    right = np.bincount(code, relevant)
    size = np.bincount(code)
    teaches = (right > 0) & (right < size)
    if not teaches.any():
        raise ContractError("no question has both a right and a wrong candidate", allowed="at least one")
    order = np.argsort(code, kind="stable")
    return order[teaches[code[order]]], size[teaches]


def fit_curve(margin: Floats, hit: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and shift of the logistic curve from margin to score (Platt 1999, with his softened targets)."""
    from scipy.optimize import minimize

    right = int(hit.sum())
    target = np.where(hit, (right + 1) / (right + 2), 1 / (len(hit) - right + 2))
    scale = max(float(np.abs(margin).max()), 1e-9)

    def loss(curve: Floats) -> tuple[float, Floats]:
        odds = curve[0] * margin / scale + curve[1]
        value = np.mean(np.logaddexp(0.0, odds) - target * odds)
        gap = (expit(odds) - target) / len(hit)
        return float(value), np.array([gap @ margin / scale, gap.sum()])

    bounds = [(1e-3, STEEPEST), (-STEEPEST / 2, STEEPEST / 2)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0] / scale), float(found.x[1])


def stretched(effects: Floats, curve: tuple[float, float], score: Floats) -> Floats:
    """Turn effects on a margin into effects on its score, by one factor per row so that they sum to it.

    Parameters
    ----------
    effects : array of shape (n_pairs, n_features + 1)
        The base of the margin last.
    curve : tuple of float
        Slope and shift of the logistic curve.
    score : array of shape (n_pairs,)

    Returns
    -------
    array of shape (n_pairs, n_features + 1)
        The score of the base last.

    Examples
    --------
    >>> import numpy as np
    >>> stretched(np.array([[2.0, -2.0, 0.0]]), (1.0, 0.0), np.array([0.5])).sum().item()
    0.5
    """
    slope, shift = curve
    base = expit(slope * effects[:, -1:] + shift)
    moved = effects[:, :-1].sum(axis=1, keepdims=True)
    wanted = score[:, None] - base
    # a row that stays at the base moves nowhere: the curve's own slope there is the limit of the factor
    still = np.abs(moved) < 1e-9
    factor = np.where(still, slope * base * (1.0 - base), wanted / np.where(still, 1.0, moved))
    return np.hstack([effects[:, :-1] * factor, base])


def expit(odds: Floats) -> Floats:
    """Return 1 / (1 + exp(-odds)).

    Examples
    --------
    >>> import numpy as np
    >>> expit(np.array([0.0])).tolist()
    [0.5]
    """
    from scipy import special

    return np.asarray(special.expit(odds), dtype=np.float64)


def _duels(
    sizes: NDArray[np.intp], hit: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    rights, wrongs, weights = [], [], []
    start = 0
    for size in sizes:
        rows = np.arange(start, start + size)
        right, wrong = rows[hit[rows]], rows[~hit[rows]]
        rights.append(np.repeat(right, len(wrong)))
        wrongs.append(np.tile(wrong, len(right)))
        weights.append(np.full(len(right) * len(wrong), 1.0 / (len(right) * len(wrong))))
        start += size
    return np.concatenate(rights), np.concatenate(wrongs), np.concatenate(weights)
