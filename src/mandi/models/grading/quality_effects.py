"""Shares a score out among what is known of a lot: Shapley values over its measures, its supplier and its inspector.

The score is explained against a middling lot of the commodity. For every set of causes the score is asked with those causes as they are
and the others as of the middling lot; a cause's effect is its mean gain over all orders (Shapley 1953), so that the
effects sum to the score exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
MOST_ROWS = 4096  # asked at a time


def shapley(
    rows: Floats, usual: Floats, causes: Mapping[str, Sequence[int]], score: Callable[[Floats], Floats]
) -> tuple[Floats, list[dict[str, float]]]:
    """Return the score of each row's middling lot, and the effect of each cause that differs from it.

    Parameters
    ----------
    rows, usual : array of shape (n, d)
        Lots, and for each the middling lot that it is compared with.
    causes : mapping of name to columns
        Columns that stand or fall together; every column that differs belongs to one.
    score : callable
        From rows (m, d) to scores (m,).

    Returns
    -------
    base : array of shape (n,)
    effects : list of dict
        By cause; ``base`` plus the effects of a row are its score.

    Examples
    --------
    >>> rows, usual = np.array([[3.0, 2.0]]), np.array([[1.0, 1.0]])
    >>> base, effects = shapley(rows, usual, {"a": [0], "b": [1]}, lambda x: x[:, 0] * x[:, 1])
    >>> base.tolist(), effects
    ([1.0], [{'a': 3.0, 'b': 2.0}])
    """
    base, found = np.zeros(len(rows)), []
    for place, (row, middling) in enumerate(zip(rows, usual)):
        moved = {
            name: list(columns) for name, columns in causes.items()
            if not _same(row[list(columns)], middling[list(columns)])
        }  # fmt: skip
        names = list(moved)
        mixed = np.repeat(middling[None, :], 2 ** len(names), axis=0)
        for number, name in enumerate(names):
            taken = (np.arange(len(mixed)) >> number & 1).astype(bool)
            mixed[np.flatnonzero(taken)[:, None], moved[name]] = row[moved[name]]
        told = np.concatenate([score(mixed[i : i + MOST_ROWS]) for i in range(0, len(mixed), MOST_ROWS)])
        base[place] = told[0]
        found.append(dict(zip(names, _shares(told, len(names)))))
    return base, found


def alone(
    rows: Floats,
    usual: Floats,
    causes: Mapping[str, Sequence[int]],
    score: Callable[[Floats], Floats],
    told: Floats,
) -> dict[str, Floats]:
    """Return by how much each cause moves each row's score when it alone is replaced by the middling lot's (n,).

    Cheaper than ``shapley``, one question per row and cause; the effects need not sum to the score.

    Parameters
    ----------
    rows, usual, causes, score
        As for ``shapley``.
    told : array of shape (n,)
        The scores of ``rows``.
    """
    asked, places = [], []
    for columns in causes.values():
        own = list(columns)
        place = np.flatnonzero(~_same_rows(rows[:, own], usual[:, own]))
        other = rows[place]
        other[:, own] = usual[place][:, own]
        asked.append(other)
        places.append(place)
    together = np.ascontiguousarray(np.vstack(asked))
    without = score(together) if len(together) else np.zeros(0)
    found, start = {}, 0
    for name, place in zip(causes, places):
        effect = np.zeros(len(rows))
        effect[place] = told[place] - without[start : start + len(place)]
        found[name], start = effect, start + len(place)
    return found


def _shares(told: Floats, count: int) -> list[float]:
    effects = []
    for own in range(count):
        others = [i for i in range(count) if i != own]
        total = 0.0
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for chosen in combinations(others, size):
                mask = sum(1 << i for i in chosen)
                total += weight * float(told[mask | 1 << own] - told[mask])
        effects.append(total)
    return effects


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


def _same_rows(one: Floats, other: Floats) -> NDArray[np.bool_]:
    return np.asarray(((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1))
