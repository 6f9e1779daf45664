"""A small market with everything in it: two crops, four markets, twelve suppliers, 200 days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

DAYS, DEALS = 200, 300
PLACES = {"Adoni": "Andhra Pradesh", "Kadi": "Gujarat", "Latur": "Maharashtra", "Rajkot": "Gujarat"}


@pytest.fixture(scope="package")
def tiny_tables() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(5)
    day_ends = pd.date_range("2023-01-01 18:30", periods=DAYS, tz="UTC")
    log = {c: 8.8 + k + np.cumsum(rng.normal(0, 0.01, DAYS)) for k, c in enumerate(["cotton", "tur"])}
    tables = _trade(log, rng)
    return tables | {
        "reports": _reports(log, day_ends, rng),
        "drivers": _drivers(day_ends, rng),
        "markets": pd.DataFrame(
            {"market": list(PLACES), "state": list(PLACES.values()), "distance_from_port_km": [300.0, 200.0, 500.0, np.nan],
             "event_time": day_ends[0], "known_time": day_ends[0]}
        ),
    }  # fmt: skip


def _reports(
    log: dict[str, np.ndarray], day_ends: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    parts = []
    for commodity, level in log.items():
        for market, state in PLACES.items():
            price = np.exp(level + rng.normal(0, 0.02, DAYS)).round()
            part = pd.DataFrame(
                {"commodity": commodity, "state": state, "district": market, "market": market, "variety": "common",
                 "grade": "FAQ", "min_price": price - 50, "max_price": price + 50, "modal_price": price,
                 "arrivals": rng.gamma(2, 20, DAYS), "flags": "", "source": "test", "event_time": day_ends,
                 "known_time": day_ends}
            )  # fmt: skip
            parts.append(part[rng.random(DAYS) < 0.7])
    return pd.concat(parts, ignore_index=True)


def _drivers(day_ends: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    weeks = day_ends[::7]
    names = ["usd_inr", "brent_usd_bbl", "cotton_index_global", "msp_tur"]
    return pd.concat(
        [
            pd.DataFrame(
                {"driver": name, "value": rng.normal(80, 1, len(weeks)), "unit": "x", "event_time": weeks,
                 "known_time": weeks + pd.Timedelta(days=2)}
            )
            for name in names
        ],
        ignore_index=True,
    )  # fmt: skip


def _trade(log: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    day = np.sort(rng.integers(20, DAYS, DEALS))
    deal = pd.Timestamp("2023-01-01 06:00", tz="UTC") + pd.to_timedelta(day, unit="D")
    crop = rng.choice(["cotton", "tur"], DEALS)
    staple = np.where(crop == "cotton", rng.normal(28, 1.5, DEALS), np.nan)
    fair = np.array([log[c][d] for c, d in zip(crop, day)]) + 0.02 * np.nan_to_num(staple - 28)
    number = [f"{i:03d}" for i in range(DEALS)]
    trades = pd.DataFrame(
        {"trade_id": number, "lot_id": number, "commodity": crop, "market": rng.choice(list(PLACES), DEALS),
         "variety": "common", "grade": rng.choice(["A", "B"], DEALS), "buyer_id": "B1",
         "supplier_id": rng.choice([f"S{i}" for i in range(12)], DEALS), "quantity": rng.gamma(2, 40, DEALS),
         "price": np.exp(fair + rng.normal(0, 0.01, DEALS)), "event_time": deal,
         "known_time": deal + pd.Timedelta(days=5)}
    )  # fmt: skip
    offered, tested = deal - pd.Timedelta(hours=5), deal - pd.Timedelta(hours=2)
    lots = trades[["lot_id", "commodity", "market", "variety", "supplier_id", "quantity"]]
    suppliers = sorted(set(trades["supplier_id"]))
    return {
        "trades": trades,
        "lots": lots.assign(event_time=offered, known_time=offered),
        "assays": pd.DataFrame(
            {"assay_id": number, "lot_id": number, "inspector_id": "I1", "grade": trades["grade"],
             "staple_length_mm": staple, "color_grade": rng.choice(["white", "spotted"], DEALS), "event_time": tested,
             "known_time": tested}
        ),
        "partners": pd.DataFrame(
            {"partner_id": suppliers, "role": "supplier", "credit_score": rng.integers(30, 90, len(suppliers)) * 1.0,
             "event_time": offered[0], "known_time": offered[0]}
        ),
        "documents": pd.DataFrame(
            {"document_id": number, "trade_id": number, "kind": "weighbridge",
             "stated_quantity": trades["quantity"] * rng.uniform(0.9, 1.0, DEALS), "event_time": deal,
             "known_time": deal + pd.Timedelta(days=1)}
        ),
    }  # fmt: skip
