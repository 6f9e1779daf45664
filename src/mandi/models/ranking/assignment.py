"""What a whole batch of questions adds to scores of single pairs: two may not have the same partner.

Pure functions of a batch, kept apart from the rankers, whose scores look at one pair alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
TINY = 1e-12


def soft_one_to_one(
    scores: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    *,
    temperature: float = 1.0,
    strength: float = 2.0,
) -> Floats:
    """Lower the score of a partner that other questions of the batch want as well.

    Each question spreads a mass of one over its candidates (softmax); the log of the mass is lowered by ``strength`` x
    ln(1 + mass that the others put on the same candidate).

    Parameters
    ----------
    scores : array of shape (n_pairs,)
        Higher is better, without bounds (log-odds, margins).
    left, right : integer arrays of shape (n_pairs,)
        Question and candidate of each pair; a pair occurs once.
    temperature : float
        Divides the scores before the softmax.
    strength : float
        0 keeps the order as it is.

    Returns
    -------
    array of shape (n_pairs,)
        Log of the lowered mass; compare it within a question.

    Examples
    --------
    >>> import numpy as np
    >>> scores, left, right = np.array([3.0, 0.0, 3.0, 2.9]), np.array([0, 0, 1, 1]), np.array([7, 8, 7, 9])
    >>> soft_one_to_one(scores, left, right)[2:].argmax().item()
    1
    """
    values, a, b = _batch(scores, left, right)
    if temperature <= 0:
        raise ContractError(f"temperature is {temperature}", allowed="above 0")
    if not len(values):
        return values
    _, asked = np.unique(a, return_inverse=True)
    _, wanted = np.unique(b, return_inverse=True)
    odds = values / temperature
    peak = np.full(asked.max() + 1, -np.inf)
    np.maximum.at(peak, asked, odds)
    odds = odds - peak[asked]
    log_mass = odds - np.log(np.bincount(asked, np.exp(odds)))[asked]
    mass = np.exp(log_mass)
    others = np.maximum(np.bincount(wanted, mass)[wanted] - mass, 0.0)
    return np.asarray(log_mass - strength * np.log1p(others))


def assign(
    scores: ArrayLike, left: ArrayLike, right: ArrayLike, *, floor: float | None = None
) -> NDArray[np.intp]:
    """Choose pairs so that nobody occurs twice: as many as possible, and of those the largest sum of scores.

    The sparse assignment of Jonker and Volgenant over the given pairs only (scipy's
    ``min_weight_full_bipartite_matching``); a question may stay alone where no partner is left.

    Parameters
    ----------
    scores : array of shape (n_pairs,)
        Higher is better.
    left, right : integer arrays of shape (n_pairs,)
        Both sides of each pair; a pair occurs once.
    floor : float, optional
        Pairs below it are not made.

    Returns
    -------
    integer array of shape (n_chosen,)
        Places of the chosen pairs in ``scores``, rising.

    Examples
    --------
    >>> import numpy as np
    >>> assign([0.9, 0.8, 0.7, 0.1], [0, 0, 1, 1], [5, 6, 5, 6]).tolist()
    [1, 2]
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    values, a, b = _batch(scores, left, right)
    kept = np.arange(len(values)) if floor is None else np.flatnonzero(values >= floor)
    if not len(kept):
        return kept
    _, asked = np.unique(a[kept], return_inverse=True)
    _, wanted = np.unique(b[kept], return_inverse=True)
    lefts, rights = int(asked.max()) + 1, int(wanted.max()) + 1
    # weights above 0: a stored 0 would be no pair. Staying alone is a partner of one's own that costs more than any
    # chain of better pairs could gain, so that the number of pairs comes first
    cost = values[kept].max() - values[kept]
    cost = cost / max(float(cost.max()), TINY) + 1.0
    alone = 2.0 * (lefts + 1)
    rows = np.concatenate([asked, np.arange(lefts)])
    columns = np.concatenate([wanted, rights + np.arange(lefts)])
    graph = csr_matrix(
        (np.concatenate([cost, np.full(lefts, alone)]), (rows, columns)), (lefts, rights + lefts)
    )
    place = csr_matrix((np.arange(1, len(kept) + 1), (asked, wanted)), (lefts, rights + lefts))
    found_left, found_right = min_weight_full_bipartite_matching(graph)
    chosen = np.asarray(place[found_left, found_right]).ravel()
    return np.sort(kept[chosen[chosen > 0] - 1])


def _batch(scores: ArrayLike, left: ArrayLike, right: ArrayLike) -> tuple[Floats, NDArray[Any], NDArray[Any]]:
    values, a, b = np.asarray(scores, dtype=np.float64), np.asarray(left), np.asarray(right)
    if values.ndim != 1 or a.shape != values.shape or b.shape != values.shape:
        raise ContractError(
            f"scores, left and right have shapes {values.shape}, {a.shape}, {b.shape}", allowed="one per pair"
        )
    if not np.isfinite(values).all():
        raise ContractError("a score is not finite", allowed="finite numbers")
    if len(set(zip(a.tolist(), b.tolist(), strict=True))) != len(values):
        raise ContractError("a pair occurs twice", allowed="each pair once")
    return values, a, b
