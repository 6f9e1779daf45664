"""Pairs of wants and offers as the scorers read them: numbers for lines and trees, a vector per side for the towers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
KM, DAYS = 500.0, 10.0  # so that numbers of a tower's input are near one
PERCENT = 0.03  # of the usual price
CREDIT = (62.0, 10.0)
RANKED = (
    "price_saved", "ask_level", "distance_km", "distance_share", "grade_steps", "offer_rank", "want_size", "offer_size",
    "window_share", "window_wait", "offer_age_days", "seller_credit", "seller_rate", "dealing_rate",
)  # fmt: skip


def choice_numbers(pairs: Columns) -> tuple[list[str], Floats]:
    """Return what speaks for an offer, as a line can read it: distance bent, grades in steps, quantities both ways.

    Parameters
    ----------
    pairs : mapping of str to array of shape (n_pairs,)

    Returns
    -------
    names : list of str
    matrix : array of shape (n_pairs, n_names)
    """
    far = pairs["distance_km"] / KM
    named = {
        "price saved": pairs["price_saved"],
        "distance": far,
        "distance squared": far**2,
        **_grades(pairs),
        **_quantities(pairs),
        "credit of the seller": pairs["seller_credit"],
        "share of the delivery window": pairs["window_share"],
        "days to wait": pairs["window_wait"],
        "age of the offer": pairs["offer_age_days"],
    }
    return list(named), np.column_stack(list(named.values()))


def ranked_numbers(pairs: Columns) -> tuple[list[str], Floats]:
    """Return what lines and trees rank by, past dealings among them; as ``choice_numbers``."""
    named = {name.replace("_", " "): pairs[name] for name in RANKED} | _grades(pairs) | _quantities(pairs)
    return list(named), np.column_stack(list(named.values()))


def want_vector(pairs: Columns, commodities: Sequence[str], buyers: Sequence[str]) -> Floats:
    """Return the tower's input for the want of each pair: room, size, floor, reach, window, place, who asks for what.

    Parameters
    ----------
    pairs : mapping of str to array
    commodities, buyers : sequence of str
        Names with a place of their own; all others share zero.
    """
    numbers = [
        pairs["price_room"] / PERCENT,
        pairs["want_size"],
        pairs["floor_rank"],
        np.log(pairs["max_distance_km"] / KM),
        pairs["window_days"] / DAYS,
        pairs["latitude"] / 10.0,
        pairs["longitude"] / 10.0 - 5.0,
    ]
    return np.hstack(
        [
            np.column_stack(numbers),
            one_hot(pairs["commodity"], commodities),
            one_hot(pairs["buyer_id"], buyers),
        ]
    )


def offer_vector(pairs: Columns, commodities: Sequence[str], sellers: Sequence[str]) -> Floats:
    """Return the tower's input for the offer of each pair: ask, size, grade, credit, age, place, who offers what."""
    numbers = [
        pairs["ask_level"] / PERCENT,
        pairs["offer_size"],
        pairs["offer_rank"],
        (pairs["seller_credit"] - CREDIT[0]) / CREDIT[1],
        pairs["offer_age_days"] / DAYS,
        pairs["offer_latitude"] / 10.0,
        pairs["offer_longitude"] / 10.0 - 5.0,
    ]
    return np.hstack(
        [
            np.column_stack(numbers),
            one_hot(pairs["commodity"], commodities),
            one_hot(pairs["seller_id"], sellers),
        ]
    )


def one_hot(names: NDArray[Any], known: Sequence[str]) -> Floats:
    """Return a one in the place of each name; a name that is not known has none.

    Examples
    --------
    >>> import numpy as np
    >>> one_hot(np.array(["tur", "zinc"], dtype=object), ["cotton", "tur"]).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    place = {name: i for i, name in enumerate(known)}
    code = np.array([place.get(name, -1) for name in names.tolist()], dtype=np.intp)
    found = np.zeros((len(names), len(known)))
    rows = np.flatnonzero(code >= 0)
    found[rows, code[rows]] = 1.0
    return found


def _grades(pairs: Columns) -> dict[str, Floats]:
    steps = pairs["grade_steps"]
    return {"a grade better": (steps >= 1).astype(float), "two grades better": (steps >= 2).astype(float)}


def _quantities(pairs: Columns) -> dict[str, Floats]:
    ratio = pairs["quantity_ratio"]
    return {"quantity lacking": np.maximum(-ratio, 0.0), "quantity left over": np.maximum(ratio, 0.0)}
