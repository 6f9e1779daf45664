"""What was known of each supplier and when: credit, past quality, trades, delivery, and what its lots fetch over the market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from mandi.features.windows import shrunken_mean, trailing

if TYPE_CHECKING:
    from pandas import DataFrame, Series

KEYS = ["supplier_id"]
COLUMNS = (
    "supplier_credit_score", "supplier_avg_quality", "supplier_trade_count", "supplier_delivery", "supplier_premium",
)  # fmt: skip


@dataclass(frozen=True)
class SupplierParams:
    """How past behaviour is summed up.

    Attributes
    ----------
    grade_scores : mapping of str to float
        Quality in [0, 1] of the grade an inspector gave; other grades are left out.
    quality_strength, delivery_strength, premium_strength : float
        How many lots the mean over all suppliers is worth in a supplier's own mean.
    """

    grade_scores: dict[str, float] = field(default_factory=lambda: {"A": 1.0, "B": 0.7, "C": 0.4, "D": 0.1})
    quality_strength: float = 5.0
    delivery_strength: float = 5.0
    premium_strength: float = 8.0


def supplier_states(
    tables: Mapping[str, DataFrame], premiums: DataFrame, params: SupplierParams
) -> DataFrame:
    """Build the ``suppliers`` history: a row whenever something new was known of a supplier.

    Parameters
    ----------
    tables : mapping
        ``trades``; and as far as there: ``partners`` (credit score 0-100), ``lots`` with ``assays`` (grades),
        ``documents`` (a weighbridge certificate states the quintals delivered).
    premiums : DataFrame
        supplier_id, known_time, premium: log of the price of a past lot over what was expected of it.
    params : SupplierParams

    Returns
    -------
    DataFrame
        supplier_id, known_time (UTC); supplier_credit_score (0-100, last known), supplier_avg_quality ([0, 1], mean
        of past grades shrunk to everybody's), supplier_trade_count (settled trades), supplier_delivery (share of the
        agreed quintals delivered, at most 1, shrunk), supplier_premium (log, shrunk). Sorted by known_time; missing
        where nothing was known.

    Examples
    --------
    >>> import pandas as pd
    >>> when = pd.to_datetime(["2024-01-01", "2024-01-03"], utc=True)
    >>> trades = pd.DataFrame({"trade_id": ["t1", "t2"], "supplier_id": "S1", "quantity": 10.0, "known_time": when})
    >>> none = pd.DataFrame({"supplier_id": [], "known_time": when[:0], "premium": []})
    >>> states = supplier_states({"trades": trades}, none, SupplierParams())
    >>> states[["supplier_id", "supplier_trade_count"]].to_numpy().tolist()
    [['S1', 1.0], ['S1', 2.0]]
    """
    events = [
        tables["trades"][["supplier_id", "known_time"]].assign(trade=1.0),
        premiums[["supplier_id", "known_time", "premium"]],
        *_credit(tables),
        *_quality(tables, params),
        *_delivery(tables),
    ]
    news = (
        pd.concat([e for e in events if len(e)], ignore_index=True)
        if any(len(e) for e in events)
        else events[0]
    )
    news = news[news["supplier_id"].notna()].sort_values("known_time", kind="stable", ignore_index=True)
    news = news.reindex(
        columns=["supplier_id", "known_time", "trade", "premium", "credit", "quality", "delivered"]
    )
    states = news[["supplier_id", "known_time"]].copy()
    states["supplier_credit_score"] = news.groupby("supplier_id", sort=False)["credit"].ffill()
    states["supplier_avg_quality"] = _mean(news, "quality", params.quality_strength)
    states["supplier_trade_count"] = trailing(
        news, "trade", by=KEYS, time="known_time", days=None, statistic="count", include_now=True
    )
    states["supplier_delivery"] = _mean(news, "delivered", params.delivery_strength)
    states["supplier_premium"] = _mean(news, "premium", params.premium_strength)
    return states.drop_duplicates(["supplier_id", "known_time"], keep="last").reset_index(drop=True)


def _mean(news: DataFrame, value: str, strength: float) -> Series:
    return shrunken_mean(news, value, by=KEYS, time="known_time", strength=strength, include_now=True)


def _credit(tables: Mapping[str, DataFrame]) -> list[DataFrame]:
    if "partners" not in tables:
        return []
    partners = tables["partners"]
    suppliers = partners[partners["role"] == "supplier"]
    return [
        suppliers[["partner_id", "known_time", "credit_score"]].rename(
            columns={"partner_id": "supplier_id", "credit_score": "credit"}
        )
    ]


def _quality(tables: Mapping[str, DataFrame], params: SupplierParams) -> list[DataFrame]:
    if "assays" not in tables or "lots" not in tables:
        return []
    lots = tables["lots"].drop_duplicates("lot_id").set_index("lot_id")
    assays = tables["assays"]
    return [
        pd.DataFrame(
            {
                "supplier_id": assays["lot_id"].map(lots["supplier_id"]),
                "known_time": _both_known(assays, assays["lot_id"].map(lots["known_time"])),
                "quality": assays["grade"].map(params.grade_scores).astype(float),
            }
        ).dropna()
    ]


def _delivery(tables: Mapping[str, DataFrame]) -> list[DataFrame]:
    if "documents" not in tables:
        return []
    documents = tables["documents"]
    weighed = documents[documents["kind"] == "weighbridge"]
    trades = tables["trades"].drop_duplicates("trade_id").set_index("trade_id")
    agreed = weighed["trade_id"].map(trades["quantity"]).astype(float)
    return [
        pd.DataFrame(
            {
                "supplier_id": weighed["trade_id"].map(trades["supplier_id"]),
                "known_time": _both_known(weighed, weighed["trade_id"].map(trades["known_time"])),
                "delivered": (weighed["stated_quantity"].astype(float) / agreed.where(agreed > 0)).clip(
                    0.0, 1.0
                ),
            }
        ).dropna()
    ]


def _both_known(first: DataFrame, other: Series) -> Series:
    # a ratio of two facts is known when the later of them is
    return first["known_time"].where(first["known_time"] >= other, other)
