"""From which score on a deal is flagged: within a budget of false alarms, where precision and recall are best together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import ContractError

if TYPE_CHECKING:
    from mandi.models.detection.anomaly_fusion import Tail

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class FlagParams:
    """When a deal is flagged, and when it is looked at.

    Attributes
    ----------
    false_alarms : float
        Largest share of honest deals that may be flagged, held by conformal p-values on the part calibration.
    prevalence : float
        Share of fraud that precision is stated for.
    least_cases : int
        With fewer cases to choose by, the whole budget is used.
    medium_from : float
        Score from which on the risk is medium.
    """

    false_alarms: float = 0.006
    prevalence: float = 0.025
    least_cases: int = 20
    medium_from: float = 0.98

    def __post_init__(self) -> None:
        for name in ("false_alarms", "prevalence", "medium_from"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ContractError(f"flags.{name} is {getattr(self, name)}", allowed="between 0 and 1")


def precision_at(recall: Any, false_alarms: Any, prevalence: float) -> Any:
    """Return the precision that a recall and a rate of false alarms mean at a prevalence.

    Examples
    --------
    >>> [round(float(precision_at(0.9, 0.003, prevalence)), 3) for prevalence in (0.025, 0.0025)]
    [0.885, 0.429]
    """
    hit = prevalence * recall
    return hit / np.maximum(hit + (1.0 - prevalence) * false_alarms, 1e-300)


def flag_from(scores: Floats, label: Floats, tail: Tail, params: FlagParams) -> float:
    """Return the raw score from which on deals are flagged.

    Of all thresholds within the budget the one with the best F1 at the stated prevalence, in the middle between the last
    deal flagged and the next.

    Parameters
    ----------
    scores, label : arrays of shape (n,)
        Raw scores of labelled deals that nothing was learnt from; 1 fraud, 0 honest.
    tail : Tail
        Scores of the honest deals of calibration, which the budget is counted on.
    params : FlagParams

    Raises
    ------
    ContractError
        The budget needs more honest deals than there are.

    Examples
    --------
    >>> from mandi.models.detection.anomaly_fusion import Tail
    >>> honest = np.arange(1000.0)
    >>> fraud = np.array([*range(2000, 2019), 500.0])
    >>> scores, label = np.concatenate([honest, fraud]), np.repeat([0.0, 1.0], [1000, 20])
    >>> flag_from(scores, label, Tail(honest), FlagParams(false_alarms=0.01))
    1499.5
    """
    budget = tail.threshold(params.false_alarms)
    if (label == 1.0).sum() < params.least_cases:
        return budget
    order = np.argsort(-scores, kind="stable")
    ranked, guilty = scores[order], label[order] == 1.0
    last = np.flatnonzero(
        np.append(ranked[1:] < ranked[:-1], True)
    )  # deals of one score are flagged together
    caught, alarms = np.cumsum(guilty)[last] / guilty.sum(), np.cumsum(~guilty)[last] / (~guilty).sum()
    precision = precision_at(caught, alarms, params.prevalence)
    both = 2.0 * precision * caught / np.maximum(precision + caught, 1e-300)
    within = ranked[last] >= budget
    if not within.any():
        return budget
    best = int(np.argmax(np.where(within, both, -1.0)))
    at = last[best]
    below = ranked[at + 1] if at + 1 < len(ranked) else ranked[at]
    return float(max(budget, (ranked[at] + below) / 2.0))
