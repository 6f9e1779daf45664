"""How good predictions were that somebody acted on: each held against its outcome, each figure with an interval.

Outcomes come late, are corrected, and are not missing at random: who reports a price is who bought. So every share also has
the bounds it would have if all that is missing had gone one way or the other, and nothing is said of what was not reported.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mandi.core.errors import ContractError
from mandi.evaluation.detection.detection_scores import interval as wilson

NOBODY = "none"
"""Outcome of a match when no offer was taken."""
Actual = float | bool | str
SIGNED = frozenset({"bias"})
AMOUNTS = frozenset({"mae", "bias"})
CONDITIONAL = frozenset({"precision", "recall"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A prediction with its outcome.

    Attributes
    ----------
    answer : mapping
        What was kept of the answer (``mandi.serving.predictions.figures``).
    actual : float, bool or str
    cluster : str
        What hangs together, such as the day: errors of one day share its surprises.
    """

    answer: Mapping[str, Any]
    actual: Actual
    cluster: str


@dataclass(frozen=True, slots=True)
class LiveFigure:
    """A measured figure with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        ``low`` and ``high`` are None where fewer than two clusters were seen of an amount.
    count, clusters : int
        Predictions behind it, and days or the like.
    least, most : float, optional
        Of a share or a score in [0, 1]: the value if all outcomes that are missing were 0, or 1.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    count: int
    clusters: int
    least: float | None = None
    most: float | None = None


def fits(model: str, answer: Mapping[str, Any], actual: Actual) -> str | None:
    """Return what an outcome of this answer has to be, where the one given is not; None where it fits.

    Parameters
    ----------
    model : str
    answer : mapping
        As kept.
    actual : float, bool or str

    Raises
    ------
    ContractError
        There is no such model.

    Examples
    --------
    >>> fits("fraud", {"score": 0.9}, True) is None, fits("fraud", {"score": 0.9}, 1.0)
    (True, 'true where it was fraud, else false')
    """
    if model in ("price", "demand"):
        least = "above zero" if model == "price" else "zero or more"
        number = isinstance(actual, (int, float)) and not isinstance(actual, bool)
        good = number and math.isfinite(actual) and (actual > 0 or (model == "demand" and actual == 0))  # type: ignore[arg-type,operator]
        unit = "INR per quintal" if model == "price" else "tonnes over all the days asked about"
        return None if good else f"a number {least}, {unit}"
    if model == "fraud":
        return None if isinstance(actual, bool) else "true where it was fraud, else false"
    if model == "quality":
        grades = list(answer["probabilities"])
        return None if actual in grades and isinstance(actual, str) else f"one of {', '.join(grades)}"
    if model == "matching":
        offers = [*answer["offers"], NOBODY]
        return None if isinstance(actual, str) and actual in offers else "one of the offers shown, or none"
    raise ContractError(f"no outcome is known of the model {model!r}")


def terms(model: str, answer: Mapping[str, Any], actual: Actual) -> dict[str, float]:
    """Return what one prediction adds to each figure; a figure is the mean of its terms.

    Parameters
    ----------
    model : str
    answer : mapping
        As kept.
    actual : float, bool or str
        One that ``fits``.

    Examples
    --------
    >>> price = {"predicted": 4300.0, "low95": 4200.0, "high95": 4400.0, "low90": 4250.0, "high90": 4350.0}
    >>> terms("price", price, 4360.0)
    {'mae': 60.0, 'bias': -60.0, 'coverage95': 1.0, 'coverage90': 0.0}
    >>> terms("fraud", {"score": 0.5, "flagged": True}, False)
    {'brier': 0.25, 'precision': 0.0}
    """
    if model in ("price", "demand"):
        truth = float(actual)
        error = float(answer["predicted"]) - truth
        found = {"mae": abs(error), "bias": error}
        if model == "price":
            for level in ("95", "90"):
                inside = answer[f"low{level}"] <= truth <= answer[f"high{level}"]
                found[f"coverage{level}"] = float(inside)
        return found
    if model == "fraud":
        found = {"brier": (min(max(float(answer["score"]), 0.0), 1.0) - float(bool(actual))) ** 2}
        if answer["flagged"]:
            found["precision"] = float(bool(actual))
        if actual:
            found["recall"] = float(answer["flagged"])
        return found
    if model == "quality":
        chances: Mapping[str, float] = answer["probabilities"]
        squares = sum((p - (grade == actual)) ** 2 for grade, p in chances.items())
        return {
            "accuracy": float(answer["grade"] == actual),
            "brier": min(squares / 2.0, 1.0),
            "coverage_set": float(actual in answer["grade_set"]),
        }
    if model == "matching":
        offers: Sequence[str] = answer["offers"]
        if actual == NOBODY:
            return {}
        rank = offers.index(str(actual)) + 1
        return {"first_taken": float(rank == 1), "reciprocal_rank": 1.0 / rank}
    raise ContractError(f"no outcome is known of the model {model!r}")


def loss(model: str, answer: Mapping[str, Any], actual: Actual) -> float | None:
    """Return how wrong one prediction was: absolute error, Brier score, or 1 less the reciprocal rank; lower is better.

    Examples
    --------
    >>> loss("demand", {"predicted": 90.0}, 100.0), loss("matching", {"offers": ["a", "b"]}, "b")
    (10.0, 0.5)
    >>> loss("matching", {"offers": ["a", "b"]}, "none") is None
    True
    """
    found = terms(model, answer, actual)
    if "reciprocal_rank" in found:
        return 1.0 - found["reciprocal_rank"]
    return found.get("mae", found.get("brier"))


def live_figures(model: str, rows: Sequence[Judged], missing: int = 0) -> list[LiveFigure]:
    """Return the figures of a model over predictions whose outcome is known.

    Parameters
    ----------
    model : str
    rows : sequence of Judged
    missing : int
        Predictions whose outcome could be known by now and is not.

    Returns
    -------
    list of LiveFigure
        Means with intervals that take clusters as wholes: of an amount by Student's t over the clusters' sums, of a share by
        Wilson's interval with as many rows as would be as telling without clusters.

    Notes
    -----
    With weights equal to one, clusters g of sums s_g of deviations from the mean: var = G / (G - 1) * sum(s_g ** 2) / n ** 2
    (Liang and Zeger, Biometrika 73, 1986). Bounds for what is missing: Manski, American Economic Review 80, 1990.

    Examples
    --------
    >>> rows = [Judged({"score": 0.0, "flagged": False}, day > 7, str(day)) for day in range(10)]
    >>> [(f.name, round(f.value, 2), f.count) for f in live_figures("fraud", rows)]
    [('brier', 0.2, 10), ('recall', 0.0, 2)]
    """
    gathered: dict[str, tuple[list[float], list[str]]] = {}
    for row in rows:
        for name, value in terms(model, row.answer, row.actual).items():
            values, clusters = gathered.setdefault(name, ([], []))
            values.append(value)
            clusters.append(row.cluster)
    return [_figure(name, np.array(v), c, missing) for name, (v, c) in gathered.items()]


def _figure(name: str, values: Any, clusters: Sequence[str], missing: int) -> LiveFigure:
    names, codes = np.unique(np.array(clusters, dtype=object), return_inverse=True)
    n, groups, mean = len(values), len(names), float(values.mean())
    sums = np.bincount(codes, values - mean)
    variance = float((sums**2).sum()) / n**2 * groups / (groups - 1) if groups > 1 else math.nan
    if name in AMOUNTS:
        half = _student(groups - 1) * math.sqrt(variance) if groups > 1 else math.nan
        low, high = (None, None) if math.isnan(half) else (mean - half, mean + half)
        if low is not None and name not in SIGNED:
            low = max(low, 0.0)
        return LiveFigure(name, mean, low, high, n, groups)
    alone = float(values.var()) / n
    worth = n * min(1.0, alone / variance) if groups > 1 and variance > 0 else float(groups)
    low, high = wilson(mean * worth, worth)
    if name in CONDITIONAL:
        return LiveFigure(name, mean, low, high, n, groups)
    whole = n + missing
    return LiveFigure(
        name, mean, low, high, n, groups, least=mean * n / whole, most=(mean * n + missing) / whole
    )


def _student(freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))
