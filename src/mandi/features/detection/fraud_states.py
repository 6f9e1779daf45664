"""The past that a deal is held against: partners, pairs, accounts, vehicles, weighbridges, certifiers, price levels.

Every table has its keys, ``known_time`` and numbers; a row tells what was known of its key by then and nothing later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.features.detection.fraud_facts import ATTRIBUTES
from mandi.features.detection.fraud_running import days_of, groups, running
from mandi.tables import asof
from mandi.tables.contracts import GRADES

if TYPE_CHECKING:
    from pandas import DataFrame

KEYS: dict[str, list[str]] = {
    "suppliers": ["supplier_id"],
    "buyers": ["buyer_id"],
    "sellers": ["supplier_id"],
    "deals": ["supplier_id", "buyer_id"],
    "payers": ["payer_id"],
    "accounts": ["account_id"],
    "holders": ["payee_id"],
    "holdings": ["payee_id", "account_id"],
    "rings": ["payee_id"],
    "vehicles": ["vehicle_id"],
    "routes": ["vehicle_id", "weigher_id"],
    "weighbridges": ["weigher_id"],
    "places": ["weigher_id", "market"],
    "certifiers": ["certifier_id"],
    "credit": ["partner_id"],
    "levels": ["commodity", "market"],
    "premiums": ["commodity", "grade"],
    "spreads": ["commodity"],
}


def states(tables: Mapping[str, DataFrame]) -> dict[str, DataFrame]:
    """Build every table of the past.

    Parameters
    ----------
    tables : mapping
        ``trades``, ``documents``, ``payments``; as far as there ``reports``, ``assays``, ``partners``.

    Returns
    -------
    dict of name to frame
        One per name of `KEYS`, see `running` for their columns; the one of a table that is absent has no rows.
    """
    trades, documents, payments = tables["trades"], tables["documents"], tables["payments"]
    levels = _levels(tables.get("reports"))
    priced = price_gaps(trades, levels)
    rechecked = _rechecks(tables.get("assays"))
    found = {
        "suppliers": _suppliers(documents),
        "buyers": running(priced, ["buyer_id"], numbers=["amount"]),
        "sellers": running(priced, ["supplier_id"], numbers=["gap"], distinct=["buyer_id"]),
        "deals": running(priced, ["supplier_id", "buyer_id"]),
        **_money(trades, payments),
        **_wheels(trades, documents),
        "certifiers": _certifiers(trades, documents, rechecked),
        "credit": _credit(tables.get("partners")),
        "levels": levels,
        "premiums": running(priced, ["commodity", "grade"], numbers=["gap"]),
        "spreads": _spreads(trades, tables.get("assays"), tables.get("lots")),
    }
    return {name: found[name] for name in KEYS}


def price_gaps(trades: DataFrame, levels: DataFrame) -> DataFrame:
    """Add ``amount`` (log INR) and ``gap`` (log of the price over the market's level before the deal) to trades."""
    known = levels[["commodity", "market", "known_time", "price_recent"]]
    asked = trades[["commodity", "market", "event_time"]].reset_index(drop=True)
    told = asof.join(asked, known, by=["commodity", "market"], left_time="event_time", strict=True)
    price = np.log(trades["price"].to_numpy(dtype=float))
    return trades.assign(
        amount=price + np.log(trades["quantity"].to_numpy(dtype=float)),
        gap=price - told["price_recent"].to_numpy(),
    )


def _levels(reports: DataFrame | None) -> DataFrame:
    columns = ["commodity", "market", "known_time", "modal_price"]
    if reports is None:
        reports = _nothing({"commodity": object, "market": object, "modal_price": float})
    # one price per market and day: a second variety is not a second day
    daily = (
        reports[columns].groupby(["commodity", "market", "known_time"], as_index=False, sort=False).median()
    )
    daily = daily.assign(price=_log(daily["modal_price"]), day=days_of(daily["known_time"]))
    daily = daily.dropna(subset=["price"]).sort_values("known_time", kind="stable").reset_index(drop=True)
    faded = np.empty(len(daily))
    state: dict[tuple[Any, Any], tuple[float, float, float]] = {}
    for i, (*key, price, day) in enumerate(
        zip(*(daily[c].to_numpy() for c in ("commodity", "market", "price", "day")))
    ):
        weight, total, last = state.get(tuple(key), (0.0, 0.0, day))
        fade = 0.5 ** ((day - last) / LEVEL_HALF_LIFE)
        weight, total = weight * fade + 1.0, total * fade + price
        state[tuple(key)] = (weight, total, day)
        faded[i] = total / weight
    return daily[["commodity", "market", "known_time"]].assign(price_recent=faded, last=daily["day"])


LEVEL_HALF_LIFE = 4.0
"""Days in which a report loses half its weight in its market's price level."""


def _suppliers(documents: DataFrame) -> DataFrame:
    # an invoice is seen within hours, the deal itself only when it is settled
    invoices = documents[documents["kind"] == "invoice"].rename(columns={"issuer_id": "supplier_id"})
    amount, quantity = (_log(invoices[c]) for c in ("stated_amount", "stated_quantity"))
    return running(invoices.assign(amount=amount, size=quantity), ["supplier_id"], numbers=["amount", "size"])


def _money(trades: DataFrame, payments: DataFrame) -> dict[str, DataFrame]:
    struck = trades[["trade_id", "known_time"]].assign(struck=trades["event_time"])
    paid = _with_trade(payments, struck)
    wait = (paid["event_time"] - paid["struck"]).dt.total_seconds() / 86400.0
    both = paid.assign(wait=np.log1p(wait.clip(lower=0.0)))
    return {
        "payers": running(both, ["payer_id"], numbers=["wait"]),
        "accounts": running(payments, ["account_id"], distinct=["payee_id", "payer_id"]),
        "holders": running(payments, ["payee_id"], distinct=["account_id"]),
        "holdings": running(payments, ["payee_id", "account_id"]),
        "rings": groups(payments, "payee_id", "account_id"),
    }


def _wheels(trades: DataFrame, documents: DataFrame) -> dict[str, DataFrame]:
    slips = documents[documents["kind"] == "weighbridge"].rename(columns={"issuer_id": "weigher_id"})
    bills = documents[documents["kind"] == "eway_bill"].rename(columns={"issuer_id": "supplier_id"})
    trips = pd.concat([slips, bills], ignore_index=True)
    placed = _with_trade(slips, trades[["trade_id", "known_time", "market"]])
    return {
        "vehicles": running(trips, ["vehicle_id"], distinct=["weigher_id", "supplier_id"]),
        "routes": running(slips, ["vehicle_id", "weigher_id"]),
        "weighbridges": running(placed, ["weigher_id"], distinct=["market"]),
        "places": running(placed, ["weigher_id", "market"]),
    }


def _with_trade(rows: DataFrame, struck: DataFrame) -> DataFrame:
    """Add columns of the trade to papers or payments; both together are known when the later of them is."""
    deals = struck.drop_duplicates("trade_id").rename(columns={"known_time": "trade_known"})
    both = rows.merge(deals, on="trade_id")
    return both.assign(known_time=both[["known_time", "trade_known"]].max(axis=1))


def recheck_gap(
    first: Mapping[str, Any], again: Mapping[str, Any], spreads: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Return the mean difference of two inspections of a lot, in standard deviations of its commodity's attributes.

    Parameters
    ----------
    first, again : mapping of attribute to array
    spreads : array of shape (n, number of `ATTRIBUTES`)

    Returns
    -------
    ndarray of shape (n,)
        NaN where no attribute was measured twice.
    """
    moved = [
        np.abs(np.asarray(again[a], dtype=float) - np.asarray(first[a], dtype=float)) for a in ATTRIBUTES
    ]
    parts = np.column_stack(moved) / np.where(spreads > 0, spreads, np.nan)
    known = ~np.isnan(parts)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, parts, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _rechecks(assays: DataFrame | None) -> DataFrame:
    columns = {"lot_id": object, "steps": float}
    if assays is None or not len(assays):
        return _nothing(columns)
    ordered = assays.sort_values("known_time", kind="stable")
    rank = ordered["grade"].map({grade: float(i) for i, grade in enumerate(GRADES)})
    first = ordered.assign(rank=rank).drop_duplicates("lot_id")
    again = ordered.assign(rank=rank).drop(first.index).drop_duplicates("lot_id")
    held = first.set_index("lot_id")["rank"].reindex(again["lot_id"]).to_numpy()
    return again[["lot_id", "known_time"]].assign(steps=again["rank"].to_numpy() - held)


def _certifiers(trades: DataFrame, documents: DataFrame, rechecked: DataFrame) -> DataFrame:
    certificates = documents[documents["kind"] == "assay_certificate"].rename(
        columns={"issuer_id": "certifier_id"}
    )
    struck = trades[["trade_id", "lot_id", "known_time"]].rename(columns={"known_time": "trade_known"})
    told = certificates[["trade_id", "certifier_id", "known_time"]].merge(struck, on="trade_id")
    told = told.merge(rechecked.rename(columns={"known_time": "recheck_known"}), on="lot_id")
    known = told[["known_time", "trade_known", "recheck_known"]].max(axis=1)
    return running(told.assign(known_time=known), ["certifier_id"], numbers=["steps"])


def _credit(partners: DataFrame | None) -> DataFrame:
    if partners is None:
        partners = _nothing({"partner_id": object, "credit_score": float})
    return running(partners, ["partner_id"], numbers=["credit_score"])


def _spreads(trades: DataFrame, assays: DataFrame | None, lots: DataFrame | None) -> DataFrame:
    """Standard deviations of the attributes of a commodity, so far; a row a week is enough."""
    names = dict.fromkeys(ATTRIBUTES, float)
    if assays is None or not len(assays):
        return _nothing({"commodity": object, **names})
    of_lot = (
        (lots if lots is not None and len(lots) else trades).drop_duplicates("lot_id").set_index("lot_id")
    )
    lot = of_lot[["commodity", "known_time"]].reindex(assays["lot_id"]).set_axis(assays.index)
    late = lot["known_time"] > assays["known_time"]
    known = assays.assign(
        commodity=lot["commodity"], known_time=assays["known_time"].where(~late, lot["known_time"])
    )
    known = known.dropna(subset=["commodity"]).sort_values("known_time", kind="stable")
    parts = []
    for commodity, rows in known.groupby("commodity", sort=True):
        spread = rows[list(ATTRIBUTES)].expanding(min_periods=5).std().to_numpy()
        week = (days_of(rows["known_time"]) // 7).astype(int)
        last = np.flatnonzero(np.append(week[1:] != week[:-1], True))
        frame = pd.DataFrame(spread[last], columns=list(ATTRIBUTES))
        parts.append(frame.assign(commodity=commodity, known_time=rows["known_time"].iloc[last].array))
    told = pd.concat(parts, ignore_index=True)[["commodity", "known_time", *ATTRIBUTES]]
    return told.drop_duplicates(["commodity", "known_time"], keep="last")


def _log(values: Any) -> np.ndarray[Any, Any]:
    number = np.asarray(values, dtype=float)
    return np.log(np.where(number > 0, number, np.nan))


def _nothing(columns: Mapping[str, Any]) -> DataFrame:
    made = {name: pd.Series(dtype=kind) for name, kind in columns.items()}
    return pd.DataFrame(made | {"known_time": pd.Series(dtype="datetime64[ns, UTC]")})
