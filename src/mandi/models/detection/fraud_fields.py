"""Columns of the fraud model with unit and meaning: what it reads, what a caller sends, what it answers."""

from __future__ import annotations

import math
from typing import Literal

from mandi.features.fraud import COLUMNS, SUBJECTS
from mandi.models.base import Field, Spec

Risk = Literal["LOW", "MEDIUM", "HIGH"]
RISKS: tuple[Risk, ...] = ("LOW", "MEDIUM", "HIGH")
Stage = Literal["paid", "unpaid", "unpapered"]
STAGES: tuple[Stage, ...] = ("paid", "unpaid", "unpapered")
MEANINGS = {name: told for meanings in SUBJECTS.values() for name, told in meanings.items()}
MOST_LOG = 50.0  # beyond it a number says no more
HUGE = 1e5  # per cent
PAYMENT = tuple(SUBJECTS["payment"])
PAPERS = (*SUBJECTS["papers"], "vehicle_shippers")
"""What nothing is known of before a deal has papers; a second inspection comes later still."""


def said(name: str, value: float) -> str:
    """Say what was measured in words: logarithms as what they are the logarithm of.

    Examples
    --------
    >>> said("invoice_over_value", 0.14842)
    'amount of the invoice over quantity times price: +16.0 %'
    >>> said("account_others", 1.0986)
    'other suppliers paid to this account so far: 2'
    >>> said("account_switched", 1.0)
    'the account is new, although the supplier was paid elsewhere before: yes'
    """
    unit, meaning = MEANINGS[name]
    if not math.isfinite(value):
        told = "not known"
    elif unit == "log":
        percent = 100 * math.expm1(min(value, MOST_LOG))
        told = f"{percent:+.3g} %" if percent >= HUGE else f"{percent:+.1f} %"
    elif unit.startswith("log "):
        told = f"{math.expm1(min(value, MOST_LOG)):.3g}"
    elif unit == "0 or 1":
        told = "yes" if value > 0.5 else "no"
    else:
        told = f"{value:.3g}{' sd' if unit == 'sd' else ''}"
    return f"{meaning}: {told}"


INPUTS = tuple(Field(name, "number", *MEANINGS[name]) for name in COLUMNS)
OUTPUTS = (
    Field("fraud_score", "number", "0-1", "share of honest deals that look less suspicious; rises beyond them all", 0.0, 1.0),
    Field("reconstruction_error", "number", "sd squared", "mean squared error of the narrow autoencoders", 0.0),
    Field("p_value", "number", "0-1", "share of honest deals of calibration that look as suspicious", 0.0, 1.0),
    Field("threshold", "number", "0-1", "fraud_score from which on a deal is flagged", 0.0, 1.0),
    Field("is_fraud", "number", "0 or 1", "flagged: the score is above the threshold", 0.0, 1.0),
    Field("risk", "number", "0-2", "0 low, 1 medium, 2 high", 0.0, 2.0),
)  # fmt: skip
REQUEST = (
    Field("supplier_id", "category", "", "who sold"),
    Field("buyer_id", "category", "", "who bought"),
    Field("commodity", "category", "", "what was traded"),
    Field("market", "category", "", "where: the mandi"),
    Field("quantity", "number", "quintal", "quantity agreed", low=0.0),
    Field("price", "number", "INR/quintal", "price agreed", low=0.0),
    Field("traded_at", "time", "UTC", "when the deal was struck"),
    Field("documents", "text", "", "what the papers say", required=False),
    Field("payments", "text", "", "what was paid, when, and to whose account", required=False),
    Field("inspections", "text", "", "first and second inspection of the lot", required=False),
)
WATCHED = (
    "amount_unusual", "quantity_unusual", "buyer_amount_unusual", "price_unusual", "price_over_own", "supplier_idle",
    "supplier_pace", "buyer_pace", "supplier_drift", "buyer_drift", "hour", "credit_score", "credit_drop",
    "invoice_over_value", "eway_over_value", "eway_over_invoice", "invoice_quantity_gap", "eway_quantity_gap",
    "certificate_quantity_gap", "weight_gap", "mean_readable", "least_readable", "papers_missing", "recheck_gap",
    "recheck_steps", "rechecked", "paid_over_invoice", "paid_over_value", "paid_days", "paid_days_unusual",
    "days_late", "pair_pace", "pair_share_seller", "pair_share_buyer", "certifier_steps",
)  # fmt: skip
"""Inputs watched for drift: no ids, no dates, no level that wanders, no count that only grows."""

SPEC = Spec(
    name="fraud",
    question="How suspicious is this deal, by its trade, papers, payment and links, beside honest deals?",
    inputs=INPUTS,
    outputs=OUTPUTS,
    label="label",
    unit="score",
    horizons=(0,),
    main_metric="pr_auc",
    lower_is_better=False,
    request=REQUEST,
    example={
        "supplier_id": "S0001", "buyer_id": "B0001", "commodity": "soybean", "market": "Indore", "quantity": 120.0,
        "price": 4350.0, "traded_at": "2024-06-03T06:30:00Z",
    },
    task="detection",
    watched=WATCHED,
)  # fmt: skip
