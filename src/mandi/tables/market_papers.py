"""Papers and payments of honest trades: invoice, weighbridge slip, e-way bill, assay certificate, and the money.

Amounts in INR, quantities in quintals. A trade's fee of about 1 % is on the invoice; goods lose about .4 % on the road.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.market_partners import Partners

KINDS = ("invoice", "weighbridge", "eway_bill", "assay_certificate")
FEE, FEE_SD = 0.010, 0.002
ROAD_LOSS, ROAD_LOSS_SD = 0.004, 0.003
TERMS_DAYS = 15
VEHICLES_PER_MARKET = 15
ACCOUNT_CHANGED = 0.15
"""Share of suppliers who move to another bank account once, assumed."""


def papers(rng: np.random.Generator, struck: pd.DataFrame, latent: pd.DataFrame, inspector_id: np.ndarray,
           who: Partners) -> pd.DataFrame:  # fmt: skip
    """Return one row per trade with what its papers say and how it is paid, as if every trade were honest.

    Parameters
    ----------
    rng : Generator
    struck : DataFrame
        The trades table.
    latent : DataFrame
        Latent frame of the trades (``supplier``, ``buyer``, ``day_number``), same index.
    inspector_id : ndarray
        Who graded the lot of each trade.
    who : Partners

    Returns
    -------
    DataFrame
        ``invoice_amount, paid_amount, weighed_quantity, vehicle, weigher, certifier, account, readable_0..3,
        paid_after_hours``.
    """
    n = len(struck)
    value = struck["quantity"].to_numpy() * struck["price"].to_numpy()
    loss = ROAD_LOSS * (1 - 0.3 * who.reliability[latent["supplier"].to_numpy()])
    market = pd.Categorical(struck["market"])
    supplier = latent["supplier"].to_numpy()
    moved = rng.random(len(who.supplier_ids)) < ACCOUNT_CHANGED
    last_day = int(latent["day_number"].max()) + 1 if n else 1
    moves_on = rng.integers(0, last_day, len(who.supplier_ids))
    second = moved[supplier] & (latent["day_number"].to_numpy() >= moves_on[supplier])
    invoice = value * (1 + FEE + FEE_SD * rng.standard_normal(n))
    slowness = 0.4 * rng.standard_normal(len(who.buyer_ids))
    wait = np.exp(np.log(11 * 24) + slowness[latent["buyer"].to_numpy()] + 0.3 * rng.standard_normal(n))
    frame = pd.DataFrame(
        {
            "invoice_amount": invoice.round(2),
            "paid_amount": invoice.round(2),
            "weighed_quantity": struck["quantity"].to_numpy()
            * (1 - loss + ROAD_LOSS_SD * rng.standard_normal(n)),
            "vehicle": [
                f"V{m:02d}{v:02d}" for m, v in zip(market.codes, rng.integers(0, VEHICLES_PER_MARKET, n))
            ],
            "weigher": [f"W{m:02d}" for m in market.codes],
            "certifier": inspector_id,
            "account": [f"A{s:04d}{'b' if late else ''}" for s, late in zip(supplier, second)],
            "paid_after_hours": np.clip(wait, 24, 60 * 24),
        },
        index=struck.index,
    )
    for place in range(len(KINDS)):
        frame[f"readable_{place}"] = rng.beta(18, 1.5, n).round(3)
    return frame


def documents_table(rng: np.random.Generator, struck: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Return the table of documents, four per trade.

    Parameters
    ----------
    rng : Generator
    struck : DataFrame
        The trades table.
    sheet : DataFrame
        From `papers`, fraud included.

    Returns
    -------
    DataFrame
        ``document_id, trade_id, kind, issuer_id, stated_quantity, stated_amount, vehicle_id, readable, event_time,
        known_time``.
    """
    parts = []
    amount, quantity = sheet["invoice_amount"].to_numpy(), struck["quantity"].to_numpy()
    nothing = np.full(len(struck), np.nan)
    nobody = np.full(len(struck), None, dtype=object)
    supplier, vehicle = struck["supplier_id"].to_numpy(), sheet["vehicle"].to_numpy()
    says: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]] = {
        "invoice": (supplier, quantity, amount, nobody, 2),
        "weighbridge": (
            sheet["weigher"].to_numpy(),
            sheet["weighed_quantity"].round(2).to_numpy(),
            nothing,
            vehicle,
            8,
        ),
        "eway_bill": (supplier, quantity, amount, vehicle, 4),
        "assay_certificate": (sheet["certifier"].to_numpy(), quantity, nothing, nobody, 1),
    }
    for place, kind in enumerate(KINDS):
        issuer, stated_quantity, stated_amount, on_wheels, hours = says[kind]
        issued = struck["event_time"] + pd.to_timedelta(
            hours * 60 + rng.integers(0, 240, len(struck)), unit="min"
        )
        parts.append(
            pd.DataFrame(
                {
                    "trade_id": struck["trade_id"],
                    "kind": kind,
                    "issuer_id": issuer,
                    "stated_quantity": stated_quantity,
                    "stated_amount": stated_amount,
                    "vehicle_id": on_wheels,
                    "readable": sheet[f"readable_{place}"],
                    "event_time": issued,
                    "known_time": issued + pd.Timedelta(hours=2),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True).sort_values(["event_time", "trade_id", "kind"], kind="stable")
    table.insert(0, "document_id", [f"D{n:06d}" for n in range(len(table))])
    return table.reset_index(drop=True)


def payments_table(struck: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Return the table of payments, one per trade.

    Returns
    -------
    DataFrame
        ``payment_id, trade_id, payer_id, payee_id, account_id, amount, due_time, status, event_time, known_time``.
    """
    due = struck["event_time"].dt.normalize() + pd.Timedelta(days=TERMS_DAYS)
    paid = (struck["event_time"] + pd.to_timedelta(sheet["paid_after_hours"], unit="h")).dt.floor("min")
    table = pd.DataFrame(
        {
            "trade_id": struck["trade_id"],
            "payer_id": struck["buyer_id"],
            "payee_id": struck["supplier_id"],
            "account_id": sheet["account"],
            "amount": sheet["paid_amount"],
            "due_time": due,
            "status": np.where(paid > due + pd.Timedelta(days=1), "late", "paid"),
            "event_time": paid,
            "known_time": paid + pd.Timedelta(days=1),
        }
    ).sort_values(["event_time", "trade_id"], kind="stable")
    table.insert(0, "payment_id", [f"P{n:06d}" for n in range(len(table))])
    return table.reset_index(drop=True)
