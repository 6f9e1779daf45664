"""What a buyer cannot do without: commodity, quantity, price ceiling, quality floor, distance, delivery window.

Each is satisfied or violated, never weighed: what violates one is not a match, whatever else speaks for it. What cannot
be checked because a value is missing counts as violated, so that nothing is promised that nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mandi.core.errors import ContractError

CONSTRAINTS = ("commodity", "quantity", "price_ceiling", "quality_floor", "distance", "delivery_window")
ASKED = (
    "commodity",
    "quantity",
    "max_price",
    "min_grade",
    "max_distance_km",
    "deliver_from",
    "deliver_until",
    "asof",
)
OFFERED = (
    "offer_commodity",
    "offer_quantity",
    "ask_price",
    "grade",
    "distance_km",
    "ready_from",
    "ready_until",
)
NO_FLOOR = "unknown"
INDIA = np.timedelta64(5 * 60 + 30, "m")  # ahead of UTC: days of delivery are days in India
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class ConstraintParams:
    """How strict the constraints are.

    Attributes
    ----------
    grades : tuple of str
        From the best.
    min_quantity_share : float
        Share of the wanted quantity that an offer must cover at least; parts of a want are commonly bought.
    """

    grades: tuple[str, ...] = ("A", "B", "C", "D")
    min_quantity_share: float = 0.1


def hard_constraints(
    pairs: Mapping[str, NDArray[Any]], params: ConstraintParams | None = None
) -> dict[str, Flags]:
    """Say of each pair which constraints are satisfied.

    Parameters
    ----------
    pairs : mapping of str to array of shape (n_pairs,)
        The want: commodity, quantity (quintals), max_price (INR/quintal), min_grade ("unknown" takes any),
        max_distance_km (missing takes any), deliver_from, deliver_until, asof (datetime64). The offer:
        offer_commodity, offer_quantity, ask_price, grade, distance_km, ready_from, ready_until.
    params : ConstraintParams, optional

    Returns
    -------
    dict of str to boolean array
        One per name in ``CONSTRAINTS``.

    Raises
    ------
    ContractError
        A column is missing.

    Examples
    --------
    >>> import numpy as np
    >>> day = np.array(["2024-06-03"], dtype="datetime64[ns]")
    >>> want = {"commodity": ["tur"], "quantity": [100.0], "max_price": [7000.0], "min_grade": ["B"],
    ...         "max_distance_km": [500.0], "deliver_from": day, "deliver_until": day + 9, "asof": day}
    >>> offer = {"offer_commodity": ["tur"], "offer_quantity": [80.0], "ask_price": [7100.0], "grade": ["A"],
    ...          "distance_km": [120.0], "ready_from": day, "ready_until": day + 20}
    >>> told = hard_constraints({name: np.asarray(value) for name, value in {**want, **offer}.items()})
    >>> [name for name, satisfied in told.items() if not satisfied[0]]
    ['price_ceiling']
    """
    chosen = params or ConstraintParams()
    for name in (*ASKED, *OFFERED):
        if name not in pairs:
            raise ContractError(f'the pairs have no column "{name}"', allowed=", ".join((*ASKED, *OFFERED)))
    floor, offered = (grade_rank(pairs[name], chosen.grades) for name in ("min_grade", "grade"))
    no_floor = np.isnan(floor) & (np.asarray(pairs["min_grade"], dtype=object) == NO_FLOOR)
    farthest = np.asarray(pairs["max_distance_km"], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        begins = np.maximum(
            pairs["deliver_from"], (np.asarray(pairs["asof"]) + INDIA).astype("datetime64[D]")
        )
        return {
            "commodity": np.asarray(
                np.asarray(pairs["commodity"], object) == np.asarray(pairs["offer_commodity"], object), bool
            ),
            "quantity": np.asarray(
                pairs["offer_quantity"] >= chosen.min_quantity_share * pairs["quantity"], bool
            ),
            "price_ceiling": np.asarray(pairs["ask_price"] <= pairs["max_price"], bool),
            "quality_floor": np.where(no_floor, True, offered <= floor),
            "distance": np.where(np.isnan(farthest), True, pairs["distance_km"] <= farthest),
            "delivery_window": np.asarray(
                (begins <= pairs["deliver_until"])
                & (pairs["ready_from"] <= pairs["deliver_until"])
                & (pairs["ready_until"] >= begins),
                bool,
            ),
        }


def grade_rank(grades: NDArray[Any], order: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the place of each grade, 0 is the best; NaN for one that is not in the order.

    Examples
    --------
    >>> import numpy as np
    >>> grade_rank(np.array(["B", "unknown", "A"], dtype=object), ("A", "B")).tolist()
    [1.0, nan, 0.0]
    """
    place = {grade: float(rank) for rank, grade in enumerate(order)}
    return np.array([place.get(grade, np.nan) for grade in np.asarray(grades, dtype=object).tolist()])
