"""How well scores find what is rare: precision, recall and their curve, with intervals; shares in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np

from mandi.core.errors import ContractError

Floats = np.ndarray[Any, np.dtype[np.float64]]
LEVEL_Z = 1.959964  # of a 95 % interval


def ranked(label: Any, score: Any) -> tuple[Floats, Floats, Floats]:
    """Return precision, recall and false-alarm rate as the threshold falls, one point per different score.

    Parameters
    ----------
    label : array
        1 for what is looked for, else 0.
    score : array
        Higher is more suspicious; finite.

    Raises
    ------
    ContractError
        Lengths differ, a score is not finite, or there is nothing of one kind.

    Examples
    --------
    >>> [x.tolist() for x in ranked([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0])]
    [[1.0, 0.5, 0.6666666666666666, 0.5], [0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0]]
    """
    y, s = np.asarray(label, dtype=np.float64), np.asarray(score, dtype=np.float64)
    if y.shape != s.shape or not np.isfinite(s).all():
        raise ContractError(
            f"{y.shape} labels, {s.shape} scores, {int((~np.isfinite(s)).sum())} not finite",
            allowed="one finite score per label",
        )
    if not 0 < y.sum() < len(y):
        raise ContractError(f"{y.sum():.0f} of {len(y)} are fraud", allowed="some, and not all")
    order = np.argsort(-s, kind="stable")
    last = np.flatnonzero(np.append(np.diff(s[order]) < 0, True))
    hits = np.cumsum(y[order])[last]
    flagged = last + 1.0
    return hits / flagged, hits / y.sum(), (flagged - hits) / (len(y) - y.sum())


def pr_auc(label: Any, score: Any) -> float:
    """Return the area under the precision-recall curve by steps (average precision); chance is the prevalence.

    Examples
    --------
    >>> round(pr_auc([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0]), 3)
    0.833
    """
    precision, recall, _ = ranked(label, score)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def recall_at(label: Any, score: Any, false_alarms: float) -> float:
    """Return the recall at the largest threshold set that flags at most a share of the honest.

    Examples
    --------
    >>> recall_at([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0], 0.01)
    0.5
    """
    _, recall, alarms = ranked(label, score)
    within = alarms <= false_alarms
    return float(recall[within].max()) if within.any() else 0.0


def precision_for(label: Any, score: Any, recall: float) -> float:
    """Return the best precision at which at least a share of the fraud is found."""
    precision, found, _ = ranked(label, score)
    return float(precision[found >= recall - 1e-12].max())


def interval(hits: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); all of [0, 1] when nothing was seen.

    Examples
    --------
    >>> tuple(round(bound, 3) for bound in interval(45, 50))
    (0.786, 0.957)
    """
    if of <= 0:
        return 0.0, 1.0
    share, z2 = hits / of, LEVEL_Z**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = LEVEL_Z / (1 + z2 / of) * np.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    # where all or none was hit the interval ends there, up to rounding
    return (0.0 if hits <= 0 else float(middle - half)), (1.0 if hits >= of else float(middle + half))


def bootstrapped(label: Any, scores: dict[str, Any], draws: int, seed: int) -> dict[str, Floats]:
    """Return the area under the precision-recall curve of several scores on the same resampled rows.

    Parameters
    ----------
    label : array of shape (n,)
    scores : dict of name to array of shape (n,)
    draws, seed : int
        Fraud and honest rows are drawn apart, so that the prevalence stays.

    Returns
    -------
    dict of name to array of shape (draws,)
    """
    y = np.asarray(label, dtype=np.float64)
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == value) for value in (0.0, 1.0)]
    found: dict[str, list[float]] = {name: [] for name in scores}
    for _ in range(draws):
        rows = np.concatenate([rng.choice(group, len(group)) for group in groups])
        for name, score in scores.items():
            found[name].append(pr_auc(y[rows], np.asarray(score, dtype=np.float64)[rows]))
    return {name: np.array(values) for name, values in found.items()}
