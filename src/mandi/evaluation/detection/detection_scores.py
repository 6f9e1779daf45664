"""How well scores find what is rare: precision, recall and their curve, with intervals; shares in [0, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def redrawn(groups: Any, draws: int, seed: int) -> Floats:
    """Return how often each row counts in each bootstrap draw, of shape (draws, n): groups are drawn with replacement, whole.

    Parameters
    ----------
    groups : array of shape (n,)
        Rows of one group hang together, such as the deals of a supplier; missing names are one group.
    draws, seed : int

    Examples
    --------
    >>> redrawn(["S1", "S1", "S2"], 3, 0).sum(axis=1).tolist()
    [3.0, 3.0, 2.0]
    """
    _, codes = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    count = int(codes.max()) + 1 if len(codes) else 0
    if not count:
        return np.empty((draws, 0))
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=draws)
    return drawn[:, codes].astype(np.float64)


def bootstrapped(label: Any, scores: Mapping[str, Any], weights: Floats) -> dict[str, Floats]:
    """Return the area under the precision-recall curve of several scores on the same draws.

    Parameters
    ----------
    label : array of shape (n,)
    scores : mapping of name to array of shape (n,)
    weights : array of shape (draws, n)
        From `redrawn`.

    Returns
    -------
    dict of name to array of shape (draws,)
        NaN where a draw holds no fraud.
    """
    y = np.asarray(label, dtype=np.float64)
    found: dict[str, Floats] = {}
    for name, score in scores.items():
        s = np.asarray(score, dtype=np.float64)
        order = np.argsort(-s, kind="stable")
        last = np.flatnonzero(np.append(np.diff(s[order]) < 0, True))
        areas = np.full(len(weights), np.nan)
        for draw, weight in enumerate(weights[:, order]):
            hits, flagged = np.cumsum(weight * y[order])[last], np.cumsum(weight)[last]
            if hits[-1] > 0:
                precision = hits / np.maximum(flagged, 1.0)
                areas[draw] = (np.diff(hits, prepend=0.0) * precision).sum() / hits[-1]
        found[name] = areas
    return found


def middle(values: Any) -> tuple[float, float]:
    """Return the bounds of the middle 95 % of bootstrap values; missing ones are passed over.

    Examples
    --------
    >>> middle([0.0, 1.0, float("nan")])
    (0.025, 0.975)
    """
    given = np.asarray(values, dtype=np.float64)
    if np.isnan(given).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(given, [0.025, 0.975])
    return float(low), float(high)


def share_interval(hit: Any, among: Any, weights: Floats) -> tuple[float, float]:
    """Return the 95 % interval of a share: the bootstrap over whole groups, never narrower than Wilson's.

    Parameters
    ----------
    hit, among : arrays of bool of shape (n,)
        What is counted, and of which rows.
    weights : array of shape (draws, n)
        From `redrawn`; no draws leave Wilson's interval.

    Examples
    --------
    >>> hit = np.repeat([True, False], [45, 5])
    >>> low, high = share_interval(hit, np.ones(50, dtype=bool), redrawn(np.arange(50), 200, 0))
    >>> low <= interval(45, 50)[0] and high >= interval(45, 50)[1]
    True
    """
    among = np.asarray(among, dtype=bool)
    hit = np.asarray(hit, dtype=bool) & among
    low, high = interval(float(hit.sum()), float(among.sum()))
    of = weights @ among.astype(np.float64)
    if not (of > 0).any():
        return low, high
    drawn = middle((weights @ hit.astype(np.float64))[of > 0] / of[of > 0])
    return min(low, drawn[0]), max(high, drawn[1])
