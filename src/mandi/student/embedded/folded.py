"""Logistic regression of few texts on many terms: by the texts' inner products, and with the terms of one fold after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.text.linear import Linear, fit_linear, softmax
from mandi.text.terms import Terms

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
LEAST_LETTERS = 2
"""Texts a run of letters must be in, as ``Terms`` has it."""
NOTHING = 1e-9
FAINT = 1e-6
"""Weight below which a row is left out."""


@dataclass(frozen=True)
class Counted:
    """Texts as columns, each text read once: the columns and weights that ``Terms`` learns from some of them come by arithmetic.

    Attributes
    ----------
    terms : Terms
        Of all texts, in one text at least.
    plain : sparse matrix
        A row per text; each block of columns is as long as the text made it, without the rarity of its terms.
    """

    terms: Terms
    plain: Any

    def of(self, learned: Whole) -> Any:
        """Return all texts by the terms of some, as ``Terms.fit(some).transform(all)`` does.

        Examples
        --------
        >>> texts = ["gold rises", "gold falls", "silver falls"]
        >>> from mandi.text.terms import Terms
        >>> some = Terms((1, 1), (2, 3)).fit(texts[:2])
        >>> gap = counted(texts, (1, 1), (2, 3)).of(np.array([0, 1])) - some.transform(texts)
        >>> bool(abs(gap).max() < 1e-12)
        True
        """
        return self.learned(learned)[1]

    def learned(self, learned: Whole) -> tuple[Terms, Any]:
        """Return the terms that some of the texts teach, and all texts by them."""
        from scipy.sparse import diags, hstack

        blocks, words, weights = [], [], []
        at = 0
        for number, block in enumerate(self.terms.vocabulary()):
            own = self.plain[:, at : at + len(block)]
            at += len(block)
            known = np.asarray((own[learned] != 0).sum(axis=0)).ravel()
            kept = np.flatnonzero(known >= (LEAST_LETTERS if number else 1))
            rare = np.log((1.0 + len(learned)) / (1.0 + known[kept])) + 1.0
            words.append([block[k] for k in kept])
            weights.append(rare)
            weighed = own[:, kept] @ diags(rare)
            length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
            blocks.append(diags(1.0 / np.where(length > 0, length, 1.0)) @ weighed)
        terms = Terms(self.terms.words, self.terms.letters).restored(words, np.concatenate(weights))
        return terms, hstack(blocks).tocsr()


def counted(texts: Sequence[str], words: tuple[int, int], letters: tuple[int, int]) -> Counted:
    """Read texts once."""
    from scipy.sparse import diags

    terms = Terms(words, letters, least_letters=1).fit(texts)
    return Counted(terms, (terms.transform(texts) @ diags(1.0 / terms.weights())).tocsr())


@dataclass(frozen=True)
class Space:
    """Rows as points of as many dimensions as there are rows: an L2-penalised fit is the same there, and far smaller.

    Attributes
    ----------
    rows : sparse matrix
    points : ndarray, rows x dimensions
    back : ndarray, rows x dimensions
        ``rows.T @ back`` turns weights of the points into weights of the columns.
    """

    rows: Any
    points: Floats
    back: Floats

    def columns(self, found: Linear) -> Linear:
        """Return a fit of the points as one of the columns."""
        return Linear(found.classes, np.asarray(self.rows.T @ (self.back @ found.weights)), found.intercepts)


def space(rows: Any) -> Space:
    """Return the space of some rows."""
    scales, turns = np.linalg.eigh(np.asarray((rows @ rows.T).todense(), dtype=np.float64))
    kept = scales > NOTHING
    roots = np.sqrt(scales[kept])
    return Space(rows, turns[:, kept] * roots, turns[:, kept] / roots)


def fit_denied(
    where: Space,
    labels: Sequence[str],
    weights: Sequence[float],
    denied: Sequence[tuple[str, float]],
    strength: float,
) -> Linear:
    """Fit texts with labels, and texts with labels they do not have.

    A text without its denied label is a text of each other one, as far as that is probable by the texts with labels alone.

    Parameters
    ----------
    where : Space
        Of the texts with labels, then of those denied one.
    labels, weights : sequence
        Of the former.
    denied : sequence of (str, float)
        Label and weight of the latter.
    strength : float
    """
    count = len(labels)
    first = fit_linear(where.points[:count], labels, strength, weights=weights)
    known = [k for k, (label, _) in enumerate(denied) if label in first.classes]
    if not known or len(first.classes) < 2:
        return where.columns(first)
    points = where.points[[count + k for k in known]]
    probability = softmax(first.logits(points))
    for row, k in enumerate(known):
        probability[row, first.classes.index(denied[k][0])] = 0.0
    probability /= np.maximum(probability.sum(axis=1, keepdims=True), 1e-12)
    shares = probability * np.array([denied[k][1] for k in known])[:, None]
    rows, names = np.nonzero(shares > FAINT)
    found = fit_linear(
        np.vstack([where.points[:count], points[rows]]), [*labels, *(first.classes[k] for k in names)], strength,
        weights=[*weights, *shares[rows, names]], start=first,
    )  # fmt: skip
    return where.columns(found)
