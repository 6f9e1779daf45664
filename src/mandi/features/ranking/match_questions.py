"""Training questions of the matching model: every candidate of every want, and what became of those that were shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.features.ranking.hard_constraints import ConstraintParams, hard_constraints
from mandi.features.ranking.pair_columns import distance

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

WANTED = (
    "requirement_id", "buyer_id", "commodity", "market", "min_grade", "quantity", "max_price", "max_distance_km",
    "deliver_from", "deliver_until", "asof",
)  # fmt: skip


def match_questions(
    wants: DataFrame, offers: DataFrame, places: DataFrame, outcomes: DataFrame, params: ConstraintParams
) -> DataFrame:
    """Return one row per answered want and candidate, want after want.

    Parameters
    ----------
    wants, offers, places : DataFrame
        Of the history, sorted by known_time.
    outcomes : DataFrame
        availability_id, requirement_id, accepted (0 or 1), known_time (UTC).
    params : ConstraintParams

    Returns
    -------
    DataFrame
        ``WANTED`` and availability_id, label, label_known_time. Candidates are the offers known and open at the moment of
        the want that satisfy its constraints, and whatever was shown (label 0 or 1, even where a constraint is violated).
    """
    asked = wants[wants["requirement_id"].isin(outcomes["requirement_id"])].rename(
        columns={"known_time": "asof"}
    )
    asked = asked.drop_duplicates("requirement_id", keep="last").reset_index(drop=True)
    want, offer = open_pairs(asked, offers)
    kept = satisfied(asked, offers, places, want, offer, params)
    found = pd.DataFrame(
        {
            "requirement_id": asked["requirement_id"].to_numpy(dtype=object)[want[kept]],
            "availability_id": offers["availability_id"].to_numpy(dtype=object)[offer[kept]],
        }
    )
    shown = outcomes[outcomes["availability_id"].isin(offers["availability_id"])]
    shown = shown.drop_duplicates(["requirement_id", "availability_id"], keep="last")
    both = found.merge(
        shown[["requirement_id", "availability_id", "accepted"]],
        how="outer",
        on=["requirement_id", "availability_id"],
    )
    answered = shown.groupby("requirement_id")["known_time"].max()
    place = pd.Index(asked["requirement_id"]).get_indexer(pd.Index(both["requirement_id"]))
    both, place = both[place >= 0], place[place >= 0]
    rows = asked[list(WANTED)].take(place).reset_index(drop=True)
    rows["availability_id"] = both["availability_id"].to_numpy(dtype=object)
    rows["label"] = both["accepted"].to_numpy(dtype=float)
    rows["label_known_time"] = rows["requirement_id"].map(answered)
    rows = rows[rows["label_known_time"].notna()]
    return rows.sort_values(["asof", "requirement_id", "availability_id"], kind="stable", ignore_index=True)


def open_pairs(wants: DataFrame, offers: DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows of wants and offers of the same commodity, the offer known and not yet over at the want's ``asof``.

    Only the stretch of time in which an offer can still be open is looked at.

    Parameters
    ----------
    wants : DataFrame
        commodity, asof (UTC).
    offers : DataFrame
        offer_commodity, known_time, ready_until (UTC), sorted by known_time.
    """
    lefts, rights = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    by_commodity = offers.groupby("offer_commodity", sort=True).indices
    for name, asking in wants.groupby("commodity", sort=True).indices.items():
        if name not in by_commodity:
            continue
        held = np.asarray(by_commodity[name], dtype=np.intp)
        known, until = (_stamps(offers[column])[held] for column in ("known_time", "ready_until"))
        longest = max((until - known).max(), np.timedelta64(0, "ns")) + np.timedelta64(1, "D")
        asof = _stamps(wants["asof"])[asking]
        first, last = np.searchsorted(known, asof - longest), np.searchsorted(known, asof, side="right")
        count = last - first
        left = np.repeat(asking, count)
        right = held[
            np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        ]
        lefts.append(np.asarray(left, dtype=np.intp))
        rights.append(right)
    return np.concatenate(lefts), np.concatenate(rights)


def satisfied(
    wants: DataFrame, offers: DataFrame, places: DataFrame, want: NDArray[np.intp], offer: NDArray[np.intp],
    params: ConstraintParams,
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which pairs of rows satisfy every hard constraint.

    Parameters
    ----------
    wants, offers, places : DataFrame
    want, offer : integer arrays of shape (n_pairs,)
    params : ConstraintParams
    """
    pairs: dict[str, Any] = {}
    for name in WANTED[2:]:
        column = wants[name]
        pairs[name] = (_stamps(column) if name in WANTED[-3:] else column.to_numpy())[want]
    for name in ("offer_commodity", "offer_market", "offer_quantity", "ask_price", "grade"):
        pairs[name] = offers[name].to_numpy()[offer]
    for name in ("offer_latitude", "offer_longitude"):
        pairs[name] = offers[name].to_numpy(dtype=float)[offer]
    for name in ("ready_from", "ready_until"):
        pairs[name] = _stamps(offers[name])[offer]
    there = places.drop_duplicates("market", keep="last").set_index("market")
    for name in ("latitude", "longitude"):
        pairs[name] = wants["market"].map(there[name]).to_numpy(dtype=float)[want]
    pairs["distance_km"] = distance(pairs)
    return np.all(list(hard_constraints(pairs, params).values()), axis=0)


def _stamps(column: pd.Series) -> NDArray[Any]:
    return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
