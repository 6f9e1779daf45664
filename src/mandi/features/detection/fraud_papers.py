"""What the papers of a deal say against the deal, against each other, and against where vehicles and weighers are usually seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mandi.features.detection.fraud_facts import ATTRIBUTES
from mandi.features.detection.fraud_memory import absent, differ, share
from mandi.features.detection.fraud_running import DAY_NS, FAST, faded, zero
from mandi.features.detection.fraud_states import recheck_gap
from mandi.tables.contracts import GRADES

if TYPE_CHECKING:
    from mandi.features.detection.fraud_memory import Deals, Floats, Memory

EXACT = 5e-4
"""A weight nearer than this share to the quantity agreed is that quantity: goods lose some weight on the road."""

READ = ("invoice", "weighbridge", "eway", "certificate")
READABLE = ("invoice_readable", "weighed_readable", "eway_readable", "certificate_readable")
MEANINGS: dict[str, tuple[str, str]] = {
    "invoice_over_value": ("log", "amount of the invoice over quantity times price"),
    "eway_over_value": ("log", "amount of the e-way bill over quantity times price"),
    "eway_over_invoice": ("log", "amount of the e-way bill over that of the invoice"),
    "invoice_quantity_gap": ("log", "quantity of the invoice over that of the deal"),
    "eway_quantity_gap": ("log", "quantity of the e-way bill over that of the deal"),
    "certificate_quantity_gap": ("log", "quantity of the certificate over that of the deal"),
    "weight_gap": ("log", "quantity weighed over that of the deal"),
    "weight_exact": ("0 or 1", "weighed exactly what was agreed"),
    "readable_invoice": ("0-1", "confidence with which the invoice was read"),
    "readable_weighbridge": ("0-1", "confidence with which the weighbridge slip was read"),
    "readable_eway": ("0-1", "confidence with which the e-way bill was read"),
    "readable_certificate": ("0-1", "confidence with which the assay certificate was read"),
    "least_readable": ("0-1", "confidence of the paper that was read worst"),
    "mean_readable": ("0-1", "mean confidence of the papers that are there"),
    "papers_missing": ("papers", "kinds of papers that had not been seen, of four"),
    "vehicle_differs": ("0 or 1", "weighbridge slip and e-way bill name different vehicles"),
    "vehicle_past": ("log papers", "papers on which the vehicle was seen, fading by half in 180 days"),
    "vehicle_busy": ("log papers", "papers on which the vehicle was seen of late"),
    "vehicle_places": ("log places", "different weighbridges the vehicle was at so far"),
    "vehicle_here": ("0-1", "share of the vehicle's papers that are from this weighbridge"),
    "weigher_here": ("0-1", "share of this weighbridge's slips that are of this market"),
    "weigher_past": ("log slips", "slips of this weighbridge and market, fading by half in 180 days"),
    "certifier_differs": ("0 or 1", "the certificate is not from the one who inspected the lot"),
    "certifier_steps": ("grades", "by which later inspections usually found this certifier's lots worse"),
    "rechecked": ("0 or 1", "the lot was inspected again"),
    "recheck_gap": ("sd", "difference between the two inspections"),
    "recheck_steps": ("grades", "by which the second inspection found it worse"),
}


def paper_features(deals: Deals, memory: Memory) -> dict[str, Floats]:
    """Return the features of `MEANINGS` for each deal, vehicles and weighers as known when it was struck.

    Parameters
    ----------
    deals : Deals
    memory : Memory
    """
    size = deals.log("quantity")
    value = size + deals.log("price")
    invoice, bill, weighed = (deals.log(n) for n in ("invoice_amount", "eway_amount", "weighed_quantity"))
    readable = np.column_stack([deals.number(name) for name in READABLE])
    known = ~np.isnan(readable)
    count = known.sum(axis=1)
    seen = ("invoice_quantity", "weighed_quantity", "eway_quantity", "certificate_quantity")
    missing = sum(np.isnan(deals.number(name)) & ~known[:, i] for i, name in enumerate(seen))
    return {
        "invoice_over_value": invoice - value,
        "eway_over_value": bill - value,
        "eway_over_invoice": bill - invoice,
        **{
            f"{p}_quantity_gap": deals.log(f"{p}_quantity") - size for p in ("invoice", "eway", "certificate")
        },
        "weight_gap": weighed - size,
        "weight_exact": np.where(np.isnan(weighed), np.nan, (np.abs(weighed - size) < EXACT).astype(float)),
        **{f"readable_{paper}": readable[:, i] for i, paper in enumerate(READ)},
        "least_readable": np.where(count > 0, np.where(known, readable, 2.0).min(axis=1), np.nan),
        "mean_readable": np.where(
            count > 0, np.where(known, readable, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan
        ),
        "papers_missing": np.asarray(missing, dtype=np.float64),
        **_on_the_road(deals, memory),
        **_quality(deals, memory),
    }


def _on_the_road(deals: Deals, memory: Memory) -> dict[str, Floats]:
    struck, day = deals.struck, deals.struck / DAY_NS
    slip, bill, weigher = (deals.text(n) for n in ("weighed_vehicle", "eway_vehicle", "weigher_id"))
    vehicle = np.array([b if absent(s) else s for s, b in zip(slip, bill)], dtype=object)
    named = np.array([not absent(v) for v in vehicle])
    weighed = np.array([not absent(w) for w in weigher])
    past = memory.find("vehicles", [vehicle], struck)
    route = memory.find("routes", [vehicle, weigher], struck)
    bridge = memory.find("weighbridges", [weigher], struck)
    place = memory.find("places", [weigher, deals.text("market")], struck)
    found = {
        "vehicle_differs": differ(slip, bill),
        "vehicle_past": np.log1p(past["lately"]),
        "vehicle_busy": np.log1p(faded(past["fast"], past["last"], day, FAST)),
        "vehicle_places": np.log1p(zero(past["weigher_id_kinds"])),
        # every trip leaves two papers, and one of them is the slip
        "vehicle_here": share(2.0 * route["lately"], past["lately"], 0.5, 4.0),
        "weigher_here": share(place["lately"], bridge["lately"], 0.5, 4.0),
        "weigher_past": np.log1p(place["lately"]),
    }
    needs = {"vehicle_here": named & weighed, "weigher_here": weighed, "weigher_past": weighed}
    return {
        name: values if name == "vehicle_differs" else np.where(needs.get(name, named), values, np.nan)
        for name, values in found.items()
    }


def _quality(deals: Deals, memory: Memory) -> dict[str, Floats]:
    certifier = deals.text("certifier_id")
    past = memory.find("certifiers", [certifier], deals.struck)
    weight = zero(past["steps_weight"])
    steps = zero(past["steps_mean"]) * weight / (weight + 3.0)
    spreads = memory.find("spreads", [deals.text("commodity")], deals.struck)
    spread = np.column_stack([spreads[a] for a in ATTRIBUTES])
    first, again = ({a: deals.number(f"{which}_{a}") for a in ATTRIBUTES} for which in ("assay", "recheck"))
    gap = recheck_gap(first, again, spread)
    ranks = [np.array([_rank(g) for g in deals.text(f"{w}_grade")]) for w in ("assay", "recheck")]
    again_at_all = ~np.isnan(ranks[1]) | ~np.isnan(gap)
    return {
        "certifier_differs": differ(certifier, deals.text("inspector_id")),
        "certifier_steps": np.where([absent(c) for c in certifier], np.nan, steps),
        "rechecked": again_at_all.astype(np.float64),
        "recheck_gap": np.where(again_at_all, zero(gap), 0.0),
        "recheck_steps": np.where(again_at_all, zero(ranks[1] - ranks[0]), 0.0),
    }


def _rank(grade: object) -> float:
    return float(GRADES.index(str(grade))) if grade in GRADES else np.nan
