"""How good the rewards are: against what people said for sure, and, of the generated log, against what was right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.text.calibration import calibration_error
from mandi.text.linear import Floats
from mandi.text.reliability import reliability

if TYPE_CHECKING:
    from pandas import DataFrame, Series

LEAST = 20
WORST = 25


def figures_of(score: Series[float], right: Series[bool]) -> dict[str, float]:
    """Return AUC, Brier score and calibration error of a score, over the answers of which it is known whether they were right.

    Parameters
    ----------
    score : Series of float
        In [0, 1], by generation id.
    right : Series of bool
        By generation id; answers that are not there are left out.

    Returns
    -------
    dict
        ``rows``, ``auc``, ``brier``, ``ece``; only ``rows`` for fewer than 20 answers or only one kind of them.

    Examples
    --------
    >>> import pandas as pd
    >>> ids = [f"g{k}" for k in range(20)]
    >>> figures_of(pd.Series([0.9] * 10 + [0.1] * 10, ids), pd.Series([True] * 10 + [False] * 10, ids))["auc"]
    1.0
    """
    known = score.index.intersection(right.dropna().index)
    values: Floats = np.asarray(score.loc[known], dtype=np.float64)
    truth = right.loc[known].to_numpy(dtype=bool)
    found = {"rows": float(len(known))}
    if len(known) < LEAST or truth.all() or not truth.any():
        return found
    return {
        **found, "auc": auc(values, truth), "brier": float(np.mean((values - truth) ** 2)), "ece": calibration_error(values, truth),
    }  # fmt: skip


def auc(values: Any, right: Any) -> float:
    """Return the chance that a right answer has the higher score; equal scores count half.

    Examples
    --------
    >>> auc(np.array([0.2, 0.2, 0.9]), np.array([False, True, True]))
    0.75
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    ones = int(np.sum(right))
    return float((rank[right].sum() - ones * (ones + 1) / 2.0) / (ones * (len(right) - ones)))


def mean_rating(evidence: DataFrame) -> Series[float]:
    """Return the baseline: the rating of each answer in [0, 1], and the mean of all ratings where there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> mean_rating(pd.DataFrame({"rating": [1.0, 0.5, float("nan")]})).tolist()
    [1.0, 0.5, 0.75]
    """
    rating: Series[float] = evidence["rating"]
    return rating.fillna(rating.mean() if rating.notna().any() else 0.5)


def verdicts(evidence: DataFrame) -> Series[bool]:
    """Return what people who answer from the queue said of answers: of pairs, and by their corrections.

    Examples
    --------
    >>> import pandas as pd
    >>> verdicts(pd.DataFrame({"verdict": [1.0, float("nan")], "human_correction": [float("nan"), 0.1]}, index=["a", "b"])).tolist()
    [True, False]
    """
    said = evidence["verdict"].where(evidence["verdict"].notna(), evidence["human_correction"]).dropna()
    return said >= 0.5


def worst(labelled: DataFrame, right: Series[bool], most: int = WORST) -> DataFrame:
    """Return the failure cases: the answers whose probability is furthest from what was said of them for sure.

    Parameters
    ----------
    labelled : DataFrame
        As ``LABELLED``.
    right : Series of bool
        By generation id.
    most : int

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"generation_id": "g", "task_type": "chat", "route": "teacher", "rating": 5.0, "reward": 0.8, "right": 0.9}
    >>> row |= {"question": "?", "answer": "!"}
    >>> worst(pd.DataFrame([row]), pd.Series([False], ["g"]))["off_by"].tolist()
    [0.9]
    """
    rows = labelled[labelled["generation_id"].isin(right.index)].copy()
    said = rows["generation_id"].map(right).astype("float64")
    rows["was_right"], rows["off_by"] = said > 0.5, (rows["right"] - said).abs().round(6)
    rows = rows.sort_values(["off_by", "generation_id"], ascending=[False, True], kind="stable").head(most)
    rows["question"], rows["answer"] = rows["question"].str.slice(0, 200), rows["answer"].str.slice(0, 200)
    kept = [
        "generation_id",
        "task_type",
        "route",
        "rating",
        "reward",
        "right",
        "was_right",
        "off_by",
        "question",
        "answer",
    ]
    return rows[kept].reset_index(drop=True)


def by_confidence(score: Series[float], right: Series[bool]) -> DataFrame:
    """Return the reliability of a score: one row a bin, see ``mandi.text.reliability``; no row when nothing is known.

    Examples
    --------
    >>> import pandas as pd
    >>> by_confidence(pd.Series([0.9], ["a"]), pd.Series([True], ["a"]))["accuracy"].tolist()
    [1.0]
    """
    known = score.index.intersection(right.index)
    if not len(known):
        return reliability(np.array([0.5]), np.array([True])).iloc[:0]
    values: Floats = np.asarray(score.loc[known], dtype=np.float64)
    return reliability(values, right.loc[known].to_numpy(dtype=bool), bins=10)


def flat(name: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return figures under a dotted name.

    Examples
    --------
    >>> flat("right", {"auc": 0.9})
    {'right.auc': 0.9}
    """
    return {f"{name}.{key}": float(value) for key, value in values.items()}
