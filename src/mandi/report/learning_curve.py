"""How right a student is when it answers only what it is surest of, with the band that other questions would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mandi.report.canvas import require

DRAWS = 300
STEPS = 60
LEAST = 20  # answers behind a point of the curve


def answered_curve(answers: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """Return accuracy against the share of questions that is answered, the surest first.

    Parameters
    ----------
    answers : DataFrame
        A row per question: ``confidence`` in [0, 1], ``right``, ``cluster`` of near-duplicates, and ``answer``, missing where the
        student gave none.
    draws : int
        Of the bootstrap; clusters are drawn whole.
    seed : int

    Returns
    -------
    DataFrame
        ``share`` of all questions, ``accuracy``, ``low`` and ``high`` (95 %), ``confidence`` of the last answer counted in. Ends where
        the student has no more answers.

    Raises
    ------
    ContractError
        A column is missing.

    Examples
    --------
    >>> asked = pd.DataFrame({"confidence": np.linspace(1, 0, 200), "right": [True] * 100 + [False] * 100,
    ...                       "cluster": range(200), "answer": "yes"})
    >>> curve = answered_curve(asked, draws=20)
    >>> curve[["share", "accuracy"]].iloc[[0, -1]].to_numpy().round(2).tolist()
    [[0.1, 1.0], [1.0, 0.5]]
    """
    require(answers, ["confidence", "right", "cluster", "answer"])
    sure = np.where(answers["answer"].notna(), answers["confidence"].astype(float), -np.inf)
    right = answers["right"].to_numpy(dtype=float)
    _, number = np.unique(answers["cluster"].to_numpy(), return_inverse=True)
    given = float(np.isfinite(sure).mean())
    columns = ["share", "accuracy", "low", "high", "confidence"]
    if not len(answers) or given * len(answers) < LEAST:
        return pd.DataFrame(columns=columns, dtype=float)
    shares = np.linspace(min(LEAST / len(answers), given), given, STEPS)
    order = np.argsort(-sure, kind="stable")
    once = np.ones(len(answers))
    accuracy = _accuracy(order, right, once, shares)
    rng = np.random.default_rng(seed)
    clusters = int(number.max()) + 1
    drawn = np.empty((draws, len(shares)))
    for row in range(draws):
        weights = np.bincount(rng.integers(0, clusters, clusters), minlength=clusters)[number].astype(float)
        drawn[row] = _accuracy(order, right, weights, shares)
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    last = sure[order][np.clip(np.ceil(shares * len(answers)).astype(int) - 1, 0, len(answers) - 1)]
    return pd.DataFrame(
        {
            "share": shares, "accuracy": accuracy, "low": np.minimum(low, accuracy), "high": np.maximum(high, accuracy),
            "confidence": last,
        }
    )  # fmt: skip


def alone(answers: pd.DataFrame, high: float) -> tuple[float, float]:
    """Return which share of questions is answered with at least a confidence, and how right those answers are.

    Examples
    --------
    >>> asked = pd.DataFrame({"confidence": [0.9, 0.8, 0.2, 0.0], "right": [True, False, True, False],
    ...                       "cluster": range(4), "answer": ["a", "b", "c", None]})
    >>> alone(asked, 0.75)
    (0.5, 0.5)
    """
    require(answers, ["confidence", "right", "answer"])
    chosen = answers["answer"].notna() & (answers["confidence"] >= high)
    accuracy = float(answers.loc[chosen, "right"].mean()) if chosen.any() else float("nan")
    return float(chosen.mean()) if len(answers) else 0.0, accuracy


def _accuracy(order: Any, right: Any, weights: Any, shares: Any) -> Any:
    heavy, hits = np.cumsum(weights[order]), np.cumsum((weights * right)[order])
    at = np.clip(np.searchsorted(heavy, shares * heavy[-1] - 1e-9), 0, len(heavy) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = hits[at] / heavy[at]
    return found
