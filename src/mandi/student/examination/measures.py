"""What is measured of answers to cases: accuracy, calibration, how much may be answered alone; each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError
from mandi.student.base import StudentModel
from mandi.student.examination.cases import Case, Judge
from mandi.text.calibration import calibration_error

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
DRAWS = 1000
LEAST_CONFIDENT = 20
"""Answers a share must hold before its accuracy counts."""


def answered(student: StudentModel, cases: Sequence[Case], judge: Judge) -> DataFrame:
    """Ask a student every case.

    Returns
    -------
    DataFrame
        A row per case, in order: case_id, part, cluster, language, intent, answer (None for no answer), confidence (0 for no
        answer, or where the student does not know), right (False for no answer).
    """
    import pandas as pd

    said = student.answers([case.question for case in cases])
    rows = [
        {
            "case_id": case.case_id, "part": case.part, "cluster": case.cluster, "language": case.language,
            "intent": case.intent, "answer": None if one is None else one.text,
            "confidence": 0.0 if one is None or one.confidence is None else one.confidence,
            "right": one is not None and judge(case, one.text),
        }
        for case, one in zip(cases, said, strict=True)
    ]  # fmt: skip
    columns = ["case_id", "part", "cluster", "language", "intent", "answer", "confidence", "right"]
    return pd.DataFrame(rows, columns=columns).astype({"right": bool, "confidence": "float64"})


def summary(frame: DataFrame, high: float, target: float) -> dict[str, float]:
    """Return the figures of one set of answers.

    Parameters
    ----------
    frame : DataFrame
        Of ``answered``.
    high : float
        From this confidence on the student answers alone.
    target : float
        Accuracy at which coverage is measured.

    Returns
    -------
    dict
        rows; accuracy (no answer is not right); answered (share); ece (of the answers given), ece_by_chance (of a perfectly calibrated
        student) and ece_beyond_chance, what is left; confident (share from ``high`` on) and
        confident_accuracy; coverage_at_target: the largest share of the most confident answers of that accuracy.
    """
    given = frame["answer"].notna().to_numpy()
    right, sure = frame["right"].to_numpy(dtype=np.float64), frame["confidence"].to_numpy(dtype=np.float64)
    from_high = given & (sure >= high)
    found = {
        "rows": float(len(frame)),
        "accuracy": float(right.mean()) if len(frame) else 0.0,
        "answered": float(given.mean()) if len(frame) else 0.0,
        "confident": float(from_high.mean()) if len(frame) else 0.0,
        "coverage_at_target": coverage(sure, right, given, target),
    }
    if given.any():
        found["ece"] = calibration_error(sure[given], right[given])
        found["ece_by_chance"] = error_by_chance(sure[given])
        found["ece_beyond_chance"] = max(found["ece"] - found["ece_by_chance"], 0.0)
    if from_high.any():
        found["confident_accuracy"] = float(right[from_high].mean())
    return found


def error_by_chance(confidence: Floats, *, draws: int = 200, seed: int = 0) -> float:
    """Return the calibration error that a perfectly calibrated student would show on as many answers, on average.

    Few answers in a bin are never right exactly as often as they should be: of 300 answers about 0.05 is by chance.

    Examples
    --------
    >>> 0.03 < error_by_chance(np.linspace(0.1, 0.99, 300)) < 0.09
    True
    >>> error_by_chance(np.linspace(0.1, 0.99, 30_000), draws=20) < 0.01
    True
    """
    drawn = np.random.default_rng(seed).uniform(size=(draws, len(confidence))) < confidence
    return float(np.mean([calibration_error(confidence, right) for right in drawn]))


def coverage(confidence: Floats, right: Floats, given: Any, target: float) -> float:
    """Return the largest share of all questions whose most confident answers are right as often as ``target``.

    Examples
    --------
    >>> coverage(np.linspace(1, 0, 100), np.repeat([1.0, 0.0], 50), np.ones(100, bool), 1.0)
    0.5
    """
    order = np.argsort(-confidence, kind="stable")
    order = order[np.asarray(given)[order]]
    if not len(order):
        return 0.0
    means = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    ends = np.append(
        confidence[order][1:] != confidence[order][:-1], True
    )  # answers equally sure go together
    good = np.flatnonzero((means >= target) & ends & (np.arange(1, len(order) + 1) >= LEAST_CONFIDENT))
    return float((good[-1] + 1) / len(confidence)) if len(good) else 0.0


def paired_gain(
    one: Any, other: Any, clusters: Any, *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Return the mean difference of paired values and its 95 % interval; clusters are drawn whole.

    Parameters
    ----------
    one, other : sequence of float
        Of the same cases, in the same order.
    clusters : sequence of int

    Examples
    --------
    >>> gain, low, high = paired_gain([1, 1, 1, 1] * 25, [0, 1, 1, 1] * 25, range(100))
    >>> gain, low > 0.1, high < 0.4
    (0.25, True, True)
    """
    gap = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    weights, sizes, sums = _drawn(clusters, gap, draws, seed)
    found = (weights @ sums) / (weights @ sizes)
    low, high = np.quantile(found, [0.025, 0.975])
    return float(gap.mean()), float(low), float(high)


def interval(values: Any, clusters: Any, *, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of a mean; clusters are drawn whole."""
    _, low, high = paired_gain(values, np.zeros(len(values)), clusters, draws=draws, seed=seed)
    return low, high


def coverage_gain(
    one: DataFrame, other: DataFrame, target: float, *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Return how much more of the questions may be answered alone at the same accuracy, and its 95 % interval.

    Parameters
    ----------
    one, other : DataFrame
        Of ``answered``, on the same cases.
    target : float
        The accuracy.

    Raises
    ------
    ContractError
        They are not of the same cases.
    """
    if one["case_id"].tolist() != other["case_id"].tolist():
        raise ContractError(
            "answers to different cases", allowed="answers to the same cases in the same order"
        )

    def share(frame: DataFrame, rows: Any) -> float:
        picked = frame.iloc[rows]
        return coverage(
            picked["confidence"].to_numpy(), picked["right"].to_numpy(dtype=np.float64),
            picked["answer"].notna().to_numpy(), target,
        )  # fmt: skip

    _, number = np.unique(one["cluster"].to_numpy(), return_inverse=True)
    members = [np.flatnonzero(number == k) for k in range(number.max() + 1)]
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        rows = np.concatenate([members[k] for k in draw.integers(0, len(members), len(members))])
        found.append(share(one, rows) - share(other, rows))
    low, high = np.quantile(found, [0.025, 0.975])
    everything = np.arange(len(one))
    return share(one, everything) - share(other, everything), float(low), float(high)


def _drawn(clusters: Any, values: Floats, draws: int, seed: int) -> tuple[Floats, Floats, Any]:
    _, number = np.unique(np.asarray(list(clusters)), return_inverse=True)
    count = int(number.max()) + 1
    sizes = np.bincount(number, minlength=count).astype(np.float64)
    sums = np.bincount(number, values, count)
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=draws)
    return weights.astype(np.float64), sizes, sums
