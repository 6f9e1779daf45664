"""How high rankings put what was taken: places within each question, and the shares, ranks and gains made of them.

Ties are broken by the order of the rows, which says nothing about the answer. No question at all gives NaN, which fails
every gate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError

DEPTH = 10  # places that count for the gain


def places(question: pd.Series, score: pd.Series, relevant: pd.Series) -> pd.DataFrame:
    """Return, per question, its candidates, how many of them were taken, and where they stand.

    Parameters
    ----------
    question : Series
        The question of each candidate.
    score : Series
        Higher is better; a candidate without one stands last.
    relevant : Series of bool
        The candidate was taken.

    Returns
    -------
    DataFrame
        Index: the question. ``candidates``, ``taken``, ``place`` (of the best one taken, from 1; infinite where none of
        them was), ``gain`` (nDCG of the first ten).

    Examples
    --------
    >>> frame = pd.DataFrame({"want": ["R1"] * 3, "score": [0.2, 0.9, 0.5], "taken": [False, False, True]})
    >>> places(frame["want"], frame["score"], frame["taken"]).loc["R1", ["candidates", "taken", "place"]].tolist()
    [3.0, 1.0, 2.0]
    """
    if not len(question) == len(score) == len(relevant):
        raise ContractError(f"{len(question)} questions, {len(score)} scores, {len(relevant)} answers")
    code, names = pd.factorize(question)
    values = score.to_numpy(dtype=float)
    values = np.where(np.isnan(values), -np.inf, values)
    hit = relevant.to_numpy(dtype=bool)
    order = np.lexsort((np.arange(len(code)), -values, code))
    sizes = np.bincount(code, minlength=len(names))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(names) else np.zeros(0, dtype=int)
    place = np.empty(len(code))
    place[order] = np.arange(len(code)) - np.repeat(starts, sizes) + 1.0
    best = np.full(len(names), np.inf)
    np.minimum.at(best, code[hit], place[hit])
    taken = np.bincount(code[hit], minlength=len(names))
    worth = np.where(hit & (place <= DEPTH), 1.0 / np.log2(place + 1.0), 0.0)
    gained = np.bincount(code, worth, minlength=len(names))
    ideal = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(1, DEPTH + 1) + 1.0))])
    top = ideal[np.minimum(taken, DEPTH)]
    return pd.DataFrame(
        {
            "candidates": sizes.astype(float),
            "taken": taken.astype(float),
            "place": best,
            "gain": np.divide(gained, top, out=np.zeros(len(names)), where=top > 0),
        },
        index=pd.Index(names, name=question.name),
    )


def summary(found: pd.DataFrame, first: Sequence[int] = (1, 5)) -> dict[str, float]:
    """Return ``top1``, ``top5`` (shares of questions with one taken among the first), ``mrr`` and ``ndcg10``.

    Parameters
    ----------
    found : DataFrame
        From :func:`places`.
    first : sequence of int

    Examples
    --------
    >>> found = pd.DataFrame({"candidates": [9.0, 9.0], "taken": 1.0, "place": [1.0, 4.0], "gain": [1.0, 0.43]})
    >>> summary(found)["top1"], summary(found)["mrr"]
    (0.5, 0.625)
    """
    if not len(found):
        return {**{f"top{k}": float("nan") for k in first}, "mrr": float("nan"), "ndcg10": float("nan")}
    place = found["place"].to_numpy(dtype=float)
    shares = {f"top{k}": float((place <= k).mean()) for k in first}
    return {**shares, "mrr": float((1.0 / place).mean()), "ndcg10": float(found["gain"].mean())}


def chance(found: pd.DataFrame, k: int = 5) -> float:
    """Return the share of questions that ``k`` candidates drawn blindly would serve.

    Parameters
    ----------
    found : DataFrame
        From :func:`places`.
    k : int

    Examples
    --------
    >>> chance(pd.DataFrame({"candidates": [10.0, 4.0], "taken": [1.0, 1.0]}))
    0.75
    """
    if not len(found):
        return float("nan")
    count, taken = (found[name].to_numpy(dtype=float) for name in ("candidates", "taken"))
    missed = np.ones(len(found))
    for drawn in range(k):
        left = np.maximum(count - drawn, 1.0)
        missed *= np.where(count > drawn, np.maximum(count - taken - drawn, 0.0) / left, missed * 0 + 1.0)
    return float((1.0 - missed).mean())


def recall_curve(found: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """Return ``k`` and ``share``: of questions with one taken among the first k.

    Parameters
    ----------
    found : DataFrame
        From :func:`places`.
    most : int
    """
    place = found["place"].to_numpy(dtype=float)
    ks = np.arange(1, most + 1)
    share = [float((place <= k).mean()) if len(place) else float("nan") for k in ks]
    return pd.DataFrame({"k": ks, "share": share})


def interval(found: pd.DataFrame, k: int, draws: int, seed: int) -> tuple[float, float]:
    """Return the middle 95 % of the share served among the first ``k``, over draws of questions with replacement.

    Parameters
    ----------
    found : DataFrame
        From :func:`places`.
    k, draws, seed : int
    """
    served = (found["place"].to_numpy(dtype=float) <= k).astype(float)
    if not len(served):
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(0, len(served), (draws, len(served)))
    low, high = np.quantile(served[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
