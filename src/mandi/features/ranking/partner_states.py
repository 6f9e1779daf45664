"""What was known of sellers and when: their credit, how often their offers were taken, and by whom.

A rate is the share of shown offers that became a deal, pulled towards everybody's (see ``windows.shrunken_mean``); a
row stands whenever something new was known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mandi.features.windows import shrunken_mean

if TYPE_CHECKING:
    from pandas import DataFrame

SELLER = ["seller_id"]
DEALING = ["seller_id", "buyer_id"]


@dataclass(frozen=True)
class PartnerParams:
    """How many shown offers the rate of everybody is worth in a seller's, and in that of a seller with one buyer."""

    seller_strength: float = 20.0
    dealing_strength: float = 5.0


def seller_states(tables: Mapping[str, DataFrame], answers: DataFrame, params: PartnerParams) -> DataFrame:
    """Build the ``sellers`` history.

    Parameters
    ----------
    tables : mapping
        ``partners`` where there are any: role supplier, credit_score (0-100).
    answers : DataFrame
        From :func:`answered`.
    params : PartnerParams

    Returns
    -------
    DataFrame
        seller_id, known_time (UTC), seller_credit (0-100, last known), seller_rate ([0, 1]); sorted by known_time.

    Examples
    --------
    >>> when = pd.to_datetime(["2024-01-01", "2024-01-02"], utc=True)
    >>> answers = pd.DataFrame({"seller_id": "S1", "buyer_id": "B1", "accepted": [1.0, 0.0], "known_time": when})
    >>> seller_states({}, answers, PartnerParams())["seller_rate"].tolist()
    [1.0, 0.5]
    """
    told = answers[["seller_id", "known_time", "accepted"]]
    if "partners" in tables:
        partners = tables["partners"]
        credit = partners.loc[partners["role"] == "supplier", ["partner_id", "known_time", "credit_score"]]
        credit = credit.rename(columns={"partner_id": "seller_id"})
        told = pd.concat([frame for frame in (credit, told) if len(frame)] or [told], ignore_index=True)
    news = told.reindex(columns=["seller_id", "known_time", "credit_score", "accepted"])
    news = news.sort_values("known_time", kind="stable", ignore_index=True)
    states = news[["seller_id", "known_time"]].assign(
        seller_credit=news.groupby("seller_id", sort=False)["credit_score"].ffill().astype(float),
        seller_rate=_rate(news, SELLER, params.seller_strength),
    )
    return states.drop_duplicates([*SELLER, "known_time"], keep="last").reset_index(drop=True)


def dealing_states(answers: DataFrame, params: PartnerParams) -> DataFrame:
    """Build the ``dealings`` history: seller_id, buyer_id, known_time (UTC), dealing_rate ([0, 1]).

    Parameters
    ----------
    answers : DataFrame
        From :func:`answered`.
    params : PartnerParams
    """
    news = answers.sort_values("known_time", kind="stable", ignore_index=True)
    states = news[[*DEALING, "known_time"]].assign(dealing_rate=_rate(news, DEALING, params.dealing_strength))
    return states.drop_duplicates([*DEALING, "known_time"], keep="last").reset_index(drop=True)


def answered(tables: Mapping[str, DataFrame]) -> DataFrame:
    """Return who showed what to whom and what became of it: seller_id, buyer_id, accepted (0 or 1), known_time (UTC).

    Parameters
    ----------
    tables : mapping
        ``outcomes``, ``availabilities``, ``requirements``. An answer about an offer or a want that is not in the tables
        is left out; it is known when the latest of the three is.
    """
    outcomes = tables["outcomes"]
    offers = tables["availabilities"].drop_duplicates("availability_id").set_index("availability_id")
    wants = tables["requirements"].drop_duplicates("requirement_id").set_index("requirement_id")
    offer, want = outcomes["availability_id"], outcomes["requirement_id"]
    known = outcomes["known_time"]
    for key, side in ((offer, offers), (want, wants)):
        posted = key.map(side["known_time"])
        known = known.where(~(posted > known), posted)
    found = pd.DataFrame(
        {
            "seller_id": offer.map(offers["seller_id"]),
            "buyer_id": want.map(wants["buyer_id"]),
            "accepted": outcomes["accepted"].astype(float),
            "known_time": known,
        }
    )
    return found[found["seller_id"].notna() & found["buyer_id"].notna()]


def _rate(news: DataFrame, by: list[str], strength: float) -> pd.Series:
    return shrunken_mean(
        news, "accepted", by=by, time="known_time", strength=strength, include_now=True
    ).astype(float)
