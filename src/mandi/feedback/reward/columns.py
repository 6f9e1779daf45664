"""What can be seen of an answer without anybody's opinion, as columns of a logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = np.ndarray[Any, np.dtype[np.float64]]
SEEN = ("student", "outcome", "grounded")
FAULTS = ("refused", "length")
FLAGS = ("fallback", "degraded")
RARE = 10
"""Sources and tasks with fewer answers have no column of their own."""
SURE = (0.02, 0.98)


def sources(generations: DataFrame) -> list[str]:
    """Return who answered each row, by kind of work.

    Examples
    --------
    >>> from mandi.feedback.frames import GENERATIONS
    >>> sources(GENERATIONS.empty())
    []
    """
    return [
        f"{task}/{route}/{model}"
        for task, route, model in zip(
            generations["task_type"], generations["route"], generations["model"], strict=True
        )
    ]


def known_sources(generations: DataFrame) -> list[str]:
    """Return the sources that have a column: those of at least ten answers, sorted, and every task."""
    found = sources(generations)
    counts = {name: found.count(name) for name in set(found)}
    tasks = {name.partition("/")[0] + "/" for name in found}
    return sorted({name for name, count in counts.items() if count >= RARE} | tasks)


def columns(generations: DataFrame, evidence: DataFrame, known: Sequence[str]) -> tuple[list[str], Floats]:
    """Return names and values of the columns, one row an answer.

    Parameters
    ----------
    generations, evidence : DataFrame
        As ``GENERATIONS`` and as ``signals`` returns it, in one order.
    known : sequence of str
        What ``known_sources`` returned for the answers learned from; other sources have no column.

    Examples
    --------
    >>> from mandi.feedback.frames import FEEDBACK, GENERATIONS, TUTOR_PAIRS
    >>> from mandi.feedback.reward.opinions import opinions
    >>> from mandi.feedback.reward.signals import signals
    >>> none = GENERATIONS.empty()
    >>> columns(none, signals(none, opinions(none, FEEDBACK.empty()), TUTOR_PAIRS.empty()), [])[1].shape
    (0, 16)
    """
    names, found = ["all"], [np.ones(len(generations))]

    def add(name: str, values: Any) -> None:
        names.append(name)
        found.append(np.asarray(values, dtype=np.float64))

    for name in SEEN:
        values = evidence[name].to_numpy(dtype=np.float64)
        known_here = ~np.isnan(values)
        add(f"{name} known", known_here)
        add(name, np.where(known_here, values - 0.5, 0.0))
    for name in FAULTS:
        add(f"{name}", evidence[name].to_numpy() == 0.0)
    for name in FLAGS:
        add(name, generations[name].to_numpy(dtype=np.float64))
    add("failed", generations["status"] != "success")
    for name in ("confidence", "student_confidence"):
        values = generations[name].to_numpy(dtype=np.float64)
        known_here = ~np.isnan(values)
        sure = np.clip(np.where(known_here, values, 0.5), *SURE)
        add(f"{name} known", known_here)
        add(name, np.log(sure / (1.0 - sure)))
    told = sources(generations)
    for name in known:
        add(f"from {name}", [one == name or (name.endswith("/") and one.startswith(name)) for one in told])
    return names, np.column_stack(found) if len(generations) else np.zeros((0, len(names)))


def logistic(
    values: Floats,
    target: Floats,
    weight: Floats,
    penalty: float,
    steps: int = 25,
    begin: Floats | None = None,
) -> Floats:
    """Fit a logistic regression on shares in [0, 1] by Newton's method; returns the weights of the columns.

    Parameters
    ----------
    values : ndarray, rows x columns
    target, weight : ndarray
        Share of ones and weight of each row.
    penalty : float
        Of the squares of the weights; the first column has a hundredth of it.
    steps : int
        At most.
    begin : ndarray, optional
        Weights to begin at.

    Examples
    --------
    >>> ones = np.ones((4, 1))
    >>> round(float(logistic(ones, np.array([1.0, 1, 1, 0]), np.ones(4), 0.0)[0]), 3)
    1.099
    """
    ridge = np.full(values.shape[1], penalty)
    ridge[0] *= 0.01
    found = np.zeros(values.shape[1]) if begin is None else begin
    for _ in range(steps):
        share = 1.0 / (1.0 + np.exp(-np.clip(values @ found, -30.0, 30.0)))
        slope = values.T @ (weight * (target - share)) - ridge * found
        curve = (values * (weight * np.maximum(share * (1.0 - share), 1e-6))[:, None]).T @ values + np.diag(
            ridge + 1e-9
        )
        step = np.linalg.solve(curve, slope)
        found = found + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return found
