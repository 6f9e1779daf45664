"""What trade, papers, payments and inspections say of a deal itself at the moment it is reviewed, one row per deal.

A deal is reviewed when its first payment has been seen, but no sooner than it is known itself and some days after it was
struck, so that papers and a second inspection can have come in, and no later than a month, paid or not. INR, quintals, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pandas import DataFrame, Series

TRADE = ("trade_id", "supplier_id", "buyer_id", "commodity", "market", "grade", "quantity", "price")
PAPERS: dict[str, dict[str, str]] = {
    "invoice": {"stated_quantity": "invoice_quantity", "stated_amount": "invoice_amount", "readable": "invoice_readable"},
    "weighbridge": {"stated_quantity": "weighed_quantity", "vehicle_id": "weighed_vehicle", "issuer_id": "weigher_id",
                    "readable": "weighed_readable"},
    "eway_bill": {"stated_quantity": "eway_quantity", "stated_amount": "eway_amount", "vehicle_id": "eway_vehicle",
                  "readable": "eway_readable"},
    "assay_certificate": {"stated_quantity": "certificate_quantity", "issuer_id": "certifier_id",
                          "readable": "certificate_readable"},
}  # fmt: skip
MONEY = ("paid_amount", "payments", "accounts", "paid_at", "due_at", "account_id", "payer_id", "payee_id")
ATTRIBUTES = (
    "staple_length_mm", "micronaire", "fiber_strength", "moisture_pct", "foreign_matter_pct", "oil_pct", "protein_pct",
    "iron_pct", "silica_pct",
)  # fmt: skip
INSPECTED = ("inspector_id", "assay_grade", *(f"assay_{a}" for a in ATTRIBUTES))
AGAIN = ("recheck_grade", *(f"recheck_{a}" for a in ATTRIBUTES))
TEXTS = frozenset(
    {"trade_id", "supplier_id", "buyer_id", "commodity", "market", "grade", "weighed_vehicle", "weigher_id", "eway_vehicle",
     "certifier_id", "account_id", "payer_id", "payee_id", "inspector_id", "assay_grade", "recheck_grade"}
)  # fmt: skip
TIMES = ("traded_at", "asof", "paid_at", "due_at")
FACTS = (
    *TRADE,
    "traded_at",
    "asof",
    *(c for paper in PAPERS.values() for c in paper.values()),
    *MONEY,
    *INSPECTED,
    *AGAIN,
)


@dataclass(frozen=True)
class ReviewParams:
    """When a deal is reviewed, in days after it was struck.

    Attributes
    ----------
    earliest_days, latest_days : float
        Not before the first, not after the second; between them as soon as a payment has been seen. A deal that is told of
        later than that is reviewed when it is told.
    label_matures_days : float
        A deal that no case was made of within so many days is taken to be honest.
    """

    earliest_days: float = 5.0
    latest_days: float = 30.0
    label_matures_days: float = 120.0


def review_moment(trades: DataFrame, payments: DataFrame, params: ReviewParams) -> Series:
    """Return when each trade is reviewed (UTC), on the index of ``trades``.

    Parameters
    ----------
    trades : DataFrame
        trade_id, event_time, known_time.
    payments : DataFrame
        trade_id, known_time.
    params : ReviewParams

    Examples
    --------
    >>> day = pd.Timestamp("2024-03-01", tz="UTC")
    >>> trades = pd.DataFrame({"trade_id": ["T1", "T2", "T3"], "event_time": day})
    >>> trades["known_time"] = [day + pd.Timedelta(days=days) for days in (7, 3, 4)]
    >>> seen = pd.DataFrame({"trade_id": ["T1", "T2"], "known_time": [day + pd.Timedelta(days=d) for d in (2, 11)]})
    >>> [moment.day for moment in review_moment(trades, seen, ReviewParams())]
    [8, 12, 31]
    """
    first = (
        payments.groupby("trade_id")["known_time"].min().reindex(trades["trade_id"]).set_axis(trades.index)
    )
    soonest = trades["event_time"] + pd.Timedelta(days=params.earliest_days)
    soonest = soonest.where(soonest >= trades["known_time"], trades["known_time"])
    latest = trades["event_time"] + pd.Timedelta(days=params.latest_days)
    latest = latest.where(latest >= soonest, soonest)
    return first.fillna(latest).clip(lower=soonest, upper=latest).rename("asof")


def facts(tables: Mapping[str, DataFrame], params: ReviewParams) -> DataFrame:
    """Lay out what is known of each trade itself at its review.

    Parameters
    ----------
    tables : mapping
        ``trades``, ``documents``, ``payments``; ``assays`` where there are any.
    params : ReviewParams

    Returns
    -------
    DataFrame
        `FACTS`, in the order of the trades; of several papers of a kind the last one seen, of several payments the
        account, partners and due moment of the largest, of several inspections the first and the worst-graded later
        one. What had not been seen by ``asof`` is missing.
    """
    trades = tables["trades"].reset_index(drop=True)
    moment = review_moment(trades, tables["payments"], params)
    told = trades[list(TRADE)].assign(traded_at=trades["event_time"], asof=moment)
    seen = _seen(tables["documents"], told)
    for kind, columns in PAPERS.items():
        papers = seen[seen["kind"] == kind].drop_duplicates("trade_id", keep="last").set_index("trade_id")
        for source, name in columns.items():
            told[name] = papers[source].reindex(told["trade_id"]).to_numpy()
    told = _with_payments(told, _seen(tables["payments"], told))
    told = _with_inspections(told, trades["lot_id"], tables.get("assays"))
    return told[list(FACTS)]


def _seen(rows: DataFrame, told: DataFrame) -> DataFrame:
    moment = told.set_index("trade_id")["asof"].reindex(rows["trade_id"]).to_numpy()
    known = rows["known_time"].to_numpy() <= moment
    return rows[known].sort_values("known_time", kind="stable")


def _with_payments(told: DataFrame, seen: DataFrame) -> DataFrame:
    by_trade = seen.groupby("trade_id")
    largest = seen.assign(less=-seen["amount"]).sort_values(
        ["less", "event_time", "account_id"], kind="stable"
    )
    main = largest.drop_duplicates("trade_id").set_index("trade_id")
    found = {
        "paid_amount": by_trade["amount"].sum(),
        "payments": by_trade.size().astype(float),
        "accounts": by_trade["account_id"].nunique().astype(float),
        "paid_at": by_trade["event_time"].min(),
        "due_at": main["due_time"],
        **{name: main[name] for name in ("account_id", "payer_id", "payee_id")},
    }
    return told.assign(**{name: s.reindex(told["trade_id"]).array for name, s in found.items()})


def _with_inspections(told: DataFrame, lots: Series, assays: DataFrame | None) -> DataFrame:
    if assays is None:
        nobody = {name: None if name in TEXTS else float("nan") for name in (*INSPECTED, *AGAIN)}
        return told.assign(**nobody)
    of_lot = told[["trade_id", "asof"]].assign(lot_id=lots.to_numpy())
    known = assays.merge(of_lot, on="lot_id")
    known = known[known["known_time"] <= known["asof"]].sort_values("known_time", kind="stable")
    first = known.drop_duplicates("trade_id", keep="first")
    later = known.drop(first.index).sort_values("grade", kind="stable", na_position="first")
    later = later.drop_duplicates("trade_id", keep="last").set_index("trade_id")
    first = first.set_index("trade_id")
    found = {"inspector_id": first["inspector_id"]}
    for prefix, rows in (("assay", first), ("recheck", later)):
        found |= {f"{prefix}_grade": rows["grade"], **{f"{prefix}_{a}": rows[a] for a in ATTRIBUTES}}
    return told.assign(**{name: s.reindex(told["trade_id"]).array for name, s in found.items()})
