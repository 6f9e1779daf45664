"""What every table must look like: columns with unit, meaning and role, its key, and when a row becomes known.

Money is INR per quintal, quantity is quintals (100 kg), arrivals are tonnes, times are UTC.
"""

from __future__ import annotations

from typing import Literal

from mandi.tables.contract import Column, Contract

INR, QTL = "INR/quintal", "quintal"


def _text(name: str, meaning: str, default: str | None = None, choices: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, default=default, choices=choices)


def _price(
    name: str, meaning: str, outside: Literal["reject", "flag"] = "reject", nullable: bool = False
) -> Column:
    return Column(name, "number", meaning, INR, above=0.0, outside=outside, nullable=nullable)


def _quantity(name: str = "quantity", meaning: str = "quantity") -> Column:
    return Column(name, "number", meaning, QTL, above=0.0)


def _time(name: str, meaning: str) -> Column:
    return Column(name, "time", meaning, "UTC")


def _assay(name: str, meaning: str, unit: str, at_most: float | None = None) -> Column:
    return Column(name, "number", meaning, unit, nullable=True, at_least=0.0, at_most=at_most)


COMMODITY = _text("commodity", "canonical name, lower case: soybean, tur, cotton, iron_ore")
MARKET = _text("market", "name of the mandi")
VARIETY = _text("variety", "variety as traded", default="unknown")
GRADES = ("A", "B", "C", "D")

_TABLES = (
    Contract(
        "reports", "One market's report of one day for a commodity, variety and grade.",
        (
            COMMODITY, _text("state", "state of the market", "unknown"),
            _text("district", "district of the market", "unknown"), MARKET, VARIETY,
            _text("grade", "quality class of the report (FAQ = fair average quality)", "unknown"),
            _price("min_price", "lowest price of the day", "flag", nullable=True),
            _price("max_price", "highest price of the day", "flag", nullable=True),
            _price("modal_price", "price at which most was sold"),
            Column("arrivals", "number", "quantity that came to the market", "tonne", True, above=0.0, outside="flag"),
            _text("flags", "what is doubtful about the row, joined by ;", ""),
            _text("source", "file or database the row came from", "unknown"),
        ),
        ("commodity", "state", "district", "market", "variety", "grade", "event_time"),
        "end of the trading day, India midnight (18:30 UTC of that date)", "event_time plus tables.report_lag_hours",
        "report lag",
    ),
    Contract(
        "drivers", "One value of a series that moves prices.",
        (
            _text("driver", "name: usd_inr, brent_usd_bbl, msp_soybean, cotton_index_global"),
            Column("value", "number", "the value"), _text("unit", "unit of the value", "unknown"),
        ),
        ("driver", "event_time", "known_time"),
        "end of the period the value is about", "when it was published; else event_time plus tables.driver_lag_days",
        "driver lag",
    ),
    Contract(
        "markets", "One market and where it is.",
        (
            MARKET, _text("state", "state", "unknown"), _text("district", "district", "unknown"),
            Column("latitude", "number", "north", "degree", True, at_least=-90, at_most=90),
            Column("longitude", "number", "east", "degree", True, at_least=-180, at_most=180),
            Column("distance_from_port_km", "number", "distance to the nearest port", "km", True, at_least=0.0),
        ),
        ("market",), "first seen", "first seen", "event",
    ),
    Contract(
        "trades", "One deal for a lot.",
        (
            _text("trade_id", "the deal"), _text("lot_id", "the lot sold"), COMMODITY, MARKET, VARIETY,
            _text("grade", "grade agreed", "unknown"), _text("supplier_id", "who sold"), _text("buyer_id", "who bought"),
            _quantity(), _price("price", "price agreed"),
        ),
        ("trade_id",), "moment of the deal", "settlement: when others can see the price",
    ),
    Contract(
        "lots", "One lot offered for sale.",
        (
            _text("lot_id", "the lot"), COMMODITY, MARKET, VARIETY, _text("supplier_id", "who offers it"), _quantity(),
        ),
        ("lot_id",), "offered", "offered", "event",
    ),
    Contract(
        "assays", "One inspection of a lot; each commodity has its own measurements.",
        (
            _text("assay_id", "the inspection"), _text("lot_id", "the lot"), _text("inspector_id", "who inspected"),
            _text("grade", "grade the inspector gave, A best", choices=GRADES),
            _assay("staple_length_mm", "length of cotton fibre", "mm", 60), _assay("micronaire", "fineness of cotton", "", 10),
            _assay("fiber_strength", "strength of cotton fibre", "g/tex", 100),
            Column("color_grade", "text", "colour of cotton", nullable=True),
            _assay("moisture_pct", "moisture", "%", 100), _assay("foreign_matter_pct", "foreign matter", "%", 100),
            _assay("oil_pct", "oil content", "%", 100), _assay("protein_pct", "protein content", "%", 100),
            _assay("iron_pct", "iron content (Fe)", "%", 100), _assay("silica_pct", "silica content (SiO2)", "%", 100),
        ),
        ("assay_id",), "inspected", "when the result was given out",
    ),
    Contract(
        "partners", "One state of a supplier or buyer; a new row whenever something changes.",
        (
            _text("partner_id", "who"), _text("role", "side of the trade", choices=("supplier", "buyer")),
            _text("name", "name of the firm", "unknown"), _text("state", "state", "unknown"),
            _text("market", "home market", "unknown"),
            Column("credit_score", "number", "credit score, higher is better", "0-100", True, at_least=0, at_most=100),
        ),
        ("partner_id", "event_time"), "the change", "the change", "event",
    ),
    Contract(
        "payments", "One payment for a trade.",
        (
            _text("payment_id", "the payment"), _text("trade_id", "the deal it settles"), _text("payer_id", "who paid"),
            _text("payee_id", "who was to be paid"), _text("account_id", "account it went to"),
            Column("amount", "number", "amount", "INR", above=0.0), _time("due_time", "when it was due"),
            _text("status", "state of the payment", "unknown"),
        ),
        ("payment_id",), "paid", "when the payment was seen",
    ),
    Contract(
        "documents", "One paper that goes with a trade.",
        (
            _text("document_id", "the paper"), _text("trade_id", "the deal"),
            _text("kind", "what it is", choices=("invoice", "weighbridge", "eway_bill", "assay_certificate")),
            _text("issuer_id", "who issued it"),
            Column("stated_quantity", "number", "quantity on the paper", QTL, True, at_least=0.0),
            Column("stated_amount", "number", "amount on the paper", "INR", True, at_least=0.0),
            Column("vehicle_id", "text", "vehicle on the paper", nullable=True),
            Column("readable", "number", "confidence of the text recognition", "0-1", True, at_least=0, at_most=1),
        ),
        ("document_id",), "issued", "received",
    ),
    Contract(
        "fraud_cases", "One trade found to be fraudulent (a label, known late).",
        (_text("trade_id", "the deal"), _text("kind", "kind of fraud")),
        ("trade_id", "kind"), "the fraud", "when it was established",
    ),
    Contract(
        "availabilities", "One offer to sell.",
        (
            _text("availability_id", "the offer"), _text("seller_id", "who sells"), COMMODITY, MARKET, VARIETY,
            _text("grade", "grade offered", "unknown"), _quantity(), _price("ask_price", "price asked"),
            _time("ready_from", "first day"), _time("ready_until", "last day"),
        ),
        ("availability_id",), "offered", "offered", "event", (("ready_from", "ready_until"),),
    ),
    Contract(
        "requirements", "One wish to buy.",
        (
            _text("requirement_id", "the wish"), _text("buyer_id", "who buys"), COMMODITY,
            _text("market", "where it must go"), _text("min_grade", "lowest grade taken", "unknown"), _quantity(),
            _price("max_price", "highest price paid"),
            Column("max_distance_km", "number", "farthest it may come from", "km", True, above=0.0),
            _time("deliver_from", "first day"), _time("deliver_until", "last day"),
        ),
        ("requirement_id",), "asked", "asked", "event", (("deliver_from", "deliver_until"),),
    ),
    Contract(
        "outcomes", "What became of an offer shown to a buyer.",
        (
            _text("availability_id", "the offer"), _text("requirement_id", "the wish"),
            Column("accepted", "number", "1 = a deal, 0 = refused", "0/1", at_least=0, at_most=1),
        ),
        ("availability_id", "requirement_id"), "shown", "when the answer was known",
    ),
)  # fmt: skip

CONTRACTS: dict[str, Contract] = {c.name: c for c in _TABLES}
