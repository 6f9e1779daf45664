"""The numbers of one want and one offer: what is saved, how far, how much better, how much, when, and who asks.

Money in INR/quintal, quantities in quintals, distances in km of great circle, times as datetime64 without a zone (UTC).
A pair is described by its own want and offer alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mandi.features.ranking.hard_constraints import (
    CONSTRAINTS,
    NO_FLOOR,
    ConstraintParams,
    grade_rank,
    hard_constraints,
)  # fmt: skip
from mandi.tables.market_places import kilometres

DAY = np.timedelta64(86_400_000_000_000, "ns")
MEETS = tuple(f"meets_{name}" for name in CONSTRAINTS)
NUMBERS = (
    "price_saved", "price_room", "ask_level", "distance_km", "distance_share", "grade_steps", "floor_rank", "offer_rank",
    "quantity_ratio", "want_size", "offer_size", "window_share", "window_wait", "window_days", "offer_age_days",
    "seller_credit", "seller_rate", "dealing_rate", "latitude", "longitude", "offer_latitude", "offer_longitude",
    *MEETS, "feasible",
)  # fmt: skip
Columns = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]


def pair_columns(pairs: Columns, params: ConstraintParams) -> dict[str, Floats]:
    """Return the columns named in ``NUMBERS``, each of shape (n_pairs,).

    Parameters
    ----------
    pairs : mapping of str to array of shape (n_pairs,)
        Both sides as ``hard_constraints`` takes them but for the distance, which is added here; further market and
        offer_market, latitude, longitude, offer_latitude, offer_longitude (degrees), offer_known (datetime64), level
        (INR/quintal) and size (quintals) usual for the commodity, seller_credit, seller_rate, dealing_rate.
    params : ConstraintParams

    Returns
    -------
    dict of str to array
        NaN where nothing is known; an offer that is not known meets nothing.
    """
    told = {**pairs, "distance_km": distance(pairs)}
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "price_saved": (told["max_price"] - told["ask_price"]) / told["max_price"],
            "price_room": np.log(told["max_price"] / told["level"]),
            "ask_level": np.log(told["ask_price"] / told["level"]),
            "distance_km": told["distance_km"],
            "distance_share": told["distance_km"] / told["max_distance_km"],
            "floor_rank": grade_rank(told["min_grade"], params.grades),
            "offer_rank": grade_rank(told["grade"], params.grades),
            "quantity_ratio": np.log(told["offer_quantity"] / told["quantity"]),
            "want_size": np.log(told["quantity"] / told["size"]),
            "offer_size": np.log(told["offer_quantity"] / told["size"]),
            "offer_age_days": _days(told["asof"] - told["offer_known"]),
        }
    # who takes any grade has the floor at the last one
    anything = np.asarray(told["min_grade"], dtype=object) == NO_FLOOR
    found["floor_rank"] = np.where(anything, len(params.grades) - 1.0, found["floor_rank"])
    found["grade_steps"] = found["floor_rank"] - found["offer_rank"]
    found |= _window(told)
    for name in (
        "seller_credit", "seller_rate", "dealing_rate", "latitude", "longitude", "offer_latitude", "offer_longitude",
    ):  # fmt: skip
        found[name] = np.asarray(told[name], dtype=np.float64)
    flags = hard_constraints(told, params)
    found |= {f"meets_{name}": satisfied.astype(np.float64) for name, satisfied in flags.items()}
    found["feasible"] = np.min([found[name] for name in MEETS], axis=0)
    finite = {name: np.where(np.isfinite(found[name]), found[name], np.nan) for name in NUMBERS}
    return finite


def distance(pairs: Columns) -> Floats:
    """Return km between both markets; 0 for the same market, NaN where a place is not known.

    Parameters
    ----------
    pairs : mapping of str to array
        market, offer_market, latitude, longitude, offer_latitude, offer_longitude.

    Examples
    --------
    >>> pairs = {"market": np.array(["Dewas", "Dewas"], dtype=object), "offer_market": np.array(["Dewas", "Kota"], dtype=object),
    ...          "latitude": np.full(2, np.nan), "longitude": np.full(2, np.nan), "offer_latitude": np.full(2, 25.2),
    ...          "offer_longitude": np.full(2, 75.8)}
    >>> distance(pairs).tolist()
    [0.0, nan]
    """
    there = (pairs[name] for name in ("latitude", "longitude", "offer_latitude", "offer_longitude"))
    apart = np.asarray(kilometres(*there), dtype=np.float64)
    same = np.asarray(np.asarray(pairs["market"], object) == np.asarray(pairs["offer_market"], object), bool)
    return np.where(same, 0.0, apart)


def _window(told: Columns) -> dict[str, Floats]:
    begin, end = told["deliver_from"], told["deliver_until"]
    wanted = np.maximum(_days(end - begin), 0.0) + 1.0
    first, last = np.maximum(begin, told["ready_from"]), np.minimum(end, told["ready_until"])
    shared = np.clip(_days(last - first) + 1.0, 0.0, None)
    return {
        "window_share": np.minimum(shared / wanted, 1.0),
        "window_wait": np.clip(_days(told["ready_from"] - begin), 0.0, None),
        "window_days": wanted,
    }


def _days(span: NDArray[Any]) -> Floats:
    days = span / DAY
    return np.asarray(days, dtype=np.float64)
