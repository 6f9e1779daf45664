"""The documented reward of an answer: a weighted mean of what is known of it, drawn to a prior where little is."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ConfigError
from mandi.feedback.reward.signals import SIGNALS

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True)
class Weights:
    """What each signal weighs beside the others; see ``signals`` for what they are.

    Raises
    ------
    ConfigError
        A weight is below zero.
    """

    rating: float = 2.0
    others: float = 1.0
    human: float = 4.0
    correction: float = 3.0
    human_correction: float = 6.0
    verdict: float = 6.0
    student: float = 0.5
    preferred: float = 1.5
    outcome: float = 1.0
    grounded: float = 1.0
    refused: float = 2.0
    length: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a weight below zero."""
        for one in fields(self):
            if getattr(self, one.name) < 0:
                raise ConfigError(
                    f"feedback.reward.weights.{one.name} is {getattr(self, one.name)}", allowed="0 or more"
                )


@dataclass(frozen=True)
class RewardParams:
    """Settings of the formula.

    Attributes
    ----------
    prior : float
        Reward of an answer of which nothing is known, in [0, 1].
    prior_weight : float
        What the prior weighs beside the signals; above 0.
    weights : Weights

    Raises
    ------
    ConfigError
        Out of range.
    """

    prior: float = 0.6
    prior_weight: float = 1.0
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        """Refuse a prior that is none."""
        if not 0.0 <= self.prior <= 1.0 or self.prior_weight <= 0.0:
            raise ConfigError(
                f"feedback.reward has prior {self.prior} and prior_weight {self.prior_weight}",
                allowed="a prior in [0, 1] and a weight above 0",
            )


def rewards(evidence: DataFrame, params: RewardParams | None = None) -> Series[float]:
    """Return the reward of each answer, in [0, 1].

    With signals s_i that are known and their weights w_i, prior p and its weight w_0:
    (w_0 p + sum w_i s_i) / (w_0 + sum w_i). What is not known has no part in either sum, so that missing evidence is no evidence.

    Parameters
    ----------
    evidence : DataFrame
        As ``signals`` returns it.
    params : RewardParams, optional

    Examples
    --------
    >>> import pandas as pd
    >>> known = pd.DataFrame([dict.fromkeys(SIGNALS, float("nan")) | {"rating": 1.0}, dict.fromkeys(SIGNALS, float("nan"))])
    >>> rewards(known).round(3).tolist()
    [0.867, 0.6]
    """
    import pandas as pd

    settings = params or RewardParams()
    weights = np.array([getattr(settings.weights, name) for name in SIGNALS], dtype=np.float64)
    values = evidence[list(SIGNALS)].to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0) @ weights + settings.prior_weight * settings.prior
    found = total / (known @ weights + settings.prior_weight)
    return pd.Series(np.clip(found, 0.0, 1.0), index=evidence.index, name="reward")
