"""The rule of thumb for a match, 0-100: quantity 30, price 25, quality 25, location 10, delivery 10.

It learns nothing. It is the baseline a learnt ranking must beat, and the breakdown shown with every answer. A pair that
violates a hard constraint keeps its points here: whether it is offered at all is not the rule's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mandi.core.errors import ContractError

PARTS = ("quantity", "price", "quality", "location", "delivery")
WEIGHTS = {"quantity": 30.0, "price": 25.0, "quality": 25.0, "location": 10.0, "delivery": 10.0}
READS = ("quantity_ratio", "price_saved", "grade_steps", "distance_share", "distance_km", "window_share")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RuleParams:
    """Where a part has all its points.

    Attributes
    ----------
    full_saving : float
        Share of the price ceiling saved that earns all points for the price; none are earned at the ceiling.
    floor_quality : float
        Share of the points for quality that an offer at the floor earns.
    full_steps : float
        Grades above the floor that earn them all.
    far_km : float
        Distance that earns none where the buyer names no farthest one.
    """

    full_saving: float = 0.1
    floor_quality: float = 0.8
    full_steps: float = 2.0
    far_km: float = 1500.0


def rule_points(pairs: Mapping[str, NDArray[Any]], params: RuleParams | None = None) -> dict[str, Floats]:
    """Return the points of each part, of shape (n_pairs,).

    Parameters
    ----------
    pairs : mapping of str to array of shape (n_pairs,)
        ``READS``: log of offered over wanted quantity, share of the ceiling saved, grades above the floor, distance as a
        share of the farthest and in km, share of the wanted window in which the offer is ready.
    params : RuleParams, optional

    Returns
    -------
    dict of str to array
        One per name in ``PARTS``, each from 0 to its weight; what is not known earns nothing. They sum to 0-100.

    Raises
    ------
    ContractError
        A column is missing.

    Examples
    --------
    >>> import numpy as np
    >>> pair = {"quantity_ratio": np.log([0.5]), "price_saved": np.array([0.05]), "grade_steps": np.array([0.0]),
    ...         "distance_share": np.array([0.5]), "distance_km": np.array([250.0]), "window_share": np.array([1.0])}
    >>> {name: round(float(points[0]), 1) for name, points in rule_points(pair).items()}
    {'quantity': 15.0, 'price': 12.5, 'quality': 20.0, 'location': 5.0, 'delivery': 10.0}
    """
    chosen = params or RuleParams()
    for name in READS:
        if name not in pairs:
            raise ContractError(f'the pairs have no column "{name}"', allowed=", ".join(READS))
    with np.errstate(over="ignore"):
        covered = np.exp(np.asarray(pairs["quantity_ratio"], dtype=np.float64))
    steps = np.asarray(pairs["grade_steps"], dtype=np.float64) / chosen.full_steps
    better = chosen.floor_quality + (1.0 - chosen.floor_quality) * steps
    share = np.asarray(pairs["distance_share"], dtype=np.float64)
    share = np.where(
        np.isnan(share), np.asarray(pairs["distance_km"], dtype=np.float64) / chosen.far_km, share
    )
    earned = {
        "quantity": covered,
        "price": np.asarray(pairs["price_saved"], dtype=np.float64) / chosen.full_saving,
        "quality": np.where(steps < 0, 0.0, better),
        "location": 1.0 - share,
        "delivery": np.asarray(pairs["window_share"], dtype=np.float64),
    }
    return {name: WEIGHTS[name] * np.nan_to_num(np.clip(earned[name], 0.0, 1.0), nan=0.0) for name in PARTS}
