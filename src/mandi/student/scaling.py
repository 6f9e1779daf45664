"""Moves confidence to where later ratings say it belongs: a slope and a shift of its log odds, and no new learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mandi.student.chance import Floats, logistic, logit

FIRM = 4.0
"""How firmly a task's own shift is held to the common one: this much on the scale of squared log odds."""


@dataclass(frozen=True)
class Scaling:
    """Log odds of confidence times ``slope``, plus ``shift``, plus the task's own.

    Examples
    --------
    >>> Scaling(1.0, 0.0, {}).of("chat", 0.8)
    0.8
    """

    slope: float = 1.0
    shift: float = 0.0
    by_task: Mapping[str, float] = field(default_factory=dict)

    def of(self, task: str, confidence: float) -> float:
        """Return the confidence as it is meant now."""
        if self.slope == 1.0 and self.shift == 0.0 and not self.by_task:
            return confidence
        moved = logit(confidence) * self.slope + self.shift + self.by_task.get(task, 0.0)
        return float(logistic(moved))

    def after(self, later: Scaling) -> Scaling:
        """Return this scaling followed by a later one, as one.

        Examples
        --------
        >>> both = Scaling(2.0, 1.0, {"chat": 1.0}).after(Scaling(0.5, 0.0, {"chat": -1.0}))
        >>> both.slope, both.shift, both.by_task
        (1.0, 0.5, {'chat': -0.5})
        """
        tasks = sorted({*self.by_task, *later.by_task})
        own = {t: later.slope * self.by_task.get(t, 0.0) + later.by_task.get(t, 0.0) for t in tasks}
        return Scaling(self.slope * later.slope, later.slope * self.shift + later.shift, own)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"slope": self.slope, "shift": self.shift, "by_task": dict(sorted(self.by_task.items()))}

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> Scaling:
        """Take up what ``as_dict`` returned."""
        return cls(
            float(told["slope"]), float(told["shift"]), {k: float(v) for k, v in told["by_task"].items()}
        )


def fit_scaling(
    tasks: Sequence[str],
    confidence: Any,
    right: Any,
    weights: Sequence[float] | None = None,
    *,
    firm: float = FIRM,
) -> Scaling:
    """Fit by penalised maximum likelihood; right may be a probability.

    Parameters
    ----------
    tasks : sequence of str
        Of each answer; each has a shift of its own, held near nothing while there are few answers of it.
    confidence, right : sequence of float
        In [0, 1].
    weights : sequence of float, optional
    firm : float
        How firmly a task's own shift is held to nothing.
    """
    from scipy.optimize import minimize

    names = sorted(set(tasks))
    own = np.array([[1.0 if task == name else 0.0 for name in names] for task in tasks])
    score, truth = logit(confidence), np.asarray(right, dtype=np.float64)
    heavy = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)

    def loss(values: Floats) -> tuple[float, Floats]:
        log_slope, shift, shifts = values[0], values[1], values[2:]
        moved = score * np.exp(log_slope) + shift + own @ shifts
        gap = heavy * (logistic(moved) - truth)
        held = log_slope**2 + firm * float((shifts**2).sum())
        total = float((heavy * (np.logaddexp(0.0, moved) - truth * moved)).sum() + held)
        slopes = (gap * score).sum() * np.exp(log_slope) + 2 * log_slope
        return total, np.concatenate([[slopes, gap.sum()], own.T @ gap + 2 * firm * shifts])

    found = minimize(loss, np.zeros(2 + len(names)), jac=True, method="L-BFGS-B").x
    shifts = (
        {name: float(value) for name, value in zip(names, found[2:], strict=True)} if len(names) > 1 else {}
    )
    shift = float(found[1]) + (0.0 if shifts else float(found[2]))
    return Scaling(float(np.exp(found[0])), shift, shifts)
