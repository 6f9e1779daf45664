"""How a deal was paid, against what is due, what the buyer usually does, and whose account the money went to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mandi.features.detection.fraud_memory import absent, differ
from mandi.features.detection.fraud_running import DAY_NS, unusual, zero

if TYPE_CHECKING:
    from mandi.features.detection.fraud_memory import Deals, Floats, Memory

WAIT_SD = 0.45
"""Spread of log days until payment assumed of a payer whose past is short."""

MEANINGS: dict[str, tuple[str, str]] = {
    "paid_over_invoice": ("log", "amount paid over that of the invoice"),
    "paid_over_value": ("log", "amount paid over quantity times price"),
    "payments_more": ("payments", "payments beyond the first: it was split"),
    "accounts_more": ("accounts", "accounts beyond the first that were paid"),
    "paid_days": ("log days", "days from the deal to the payment"),
    "paid_days_unusual": ("sd", "days to the payment over what the buyer usually takes"),
    "days_late": ("days", "days from the due day to the payment"),
    "payer_differs": ("0 or 1", "not the buyer paid"),
    "payee_differs": ("0 or 1", "not the supplier was to be paid"),
    "account_foreign": ("0 or 1", "the account was never used by this supplier before"),
    "account_switched": ("0 or 1", "the account is new, although the supplier was paid elsewhere before"),
    "account_past": ("log payments", "payments to this supplier on this account, fading by half in 180 days"),
    "account_others": ("log suppliers", "other suppliers paid to this account so far"),
    "account_payers": ("log payers", "different payers of this account so far"),
    "supplier_accounts": ("accounts", "accounts on which the supplier was paid so far"),
}


def money_features(deals: Deals, memory: Memory) -> dict[str, Floats]:
    """Return the features of `MEANINGS` for each deal, accounts as known when it was paid; missing until it is paid.

    Parameters
    ----------
    deals : Deals
    memory : Memory
    """
    paid = deals.log("paid_amount")
    known = ~np.isnan(paid)
    at = np.where(known, deals.moment("paid_at"), deals.asof)
    account, supplier = deals.text("account_id"), deals.text("supplier_id")
    holding = memory.find("holdings", [supplier, account], at)
    holder = memory.find("holders", [supplier], at)
    owners = memory.find("accounts", [account], at)
    payer = memory.find("payers", [deals.text("buyer_id")], deals.struck)
    wait = np.log1p(np.maximum(deals.day("paid_at") - deals.struck / DAY_NS, 0.0))
    own, earlier = zero(holding["count"]), zero(holder["count"])
    others = np.maximum(zero(owners["payee_id_kinds"]) - (own > 0), 0.0)
    named = np.array([not absent(a) for a in account])
    found = {
        "paid_over_invoice": paid - deals.log("invoice_amount"),
        "paid_over_value": paid - deals.log("quantity") - deals.log("price"),
        "payments_more": deals.number("payments") - 1.0,
        "accounts_more": deals.number("accounts") - 1.0,
        "paid_days": wait,
        "paid_days_unusual": unusual(
            wait, payer["wait_mean"], payer["wait_sd"], payer["wait_weight"], WAIT_SD
        ),
        "days_late": deals.day("paid_at") - deals.day("due_at"),
        "payer_differs": differ(deals.text("payer_id"), deals.text("buyer_id")),
        "payee_differs": differ(deals.text("payee_id"), supplier),
        "account_foreign": np.where(named, (own == 0).astype(float), np.nan),
        "account_switched": np.where(named, ((own == 0) & (earlier >= 3)).astype(float), np.nan),
        "account_past": np.where(named, np.log1p(holding["lately"]), np.nan),
        "account_others": np.where(named, np.log1p(others), np.nan),
        "account_payers": np.where(named, np.log1p(zero(owners["payer_id_kinds"])), np.nan),
        "supplier_accounts": zero(holder["account_id_kinds"]),
    }
    return {name: np.where(known, values, np.nan) for name, values in found.items()}
