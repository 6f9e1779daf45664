"""A few hundred made-up offers and wants whose buyers take the cheapest and nearest, and like some sellers better."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = pd.Timestamp("2024-01-01", tz="UTC")
PLACES = {"Dewas": (23.0, 76.1), "Kota": (25.2, 75.8), "Akola": (20.7, 77.0), "Guntur": (16.3, 80.4)}
LIKED = {f"B{b}": f"S{b}" for b in range(4)}


def trade_tables(
    offers: int = 500, wants: int = 160, days: int = 200, seed: int = 0
) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    posted = (START + pd.to_timedelta(np.sort(rng.uniform(0, days, offers)), unit="D")).floor("min")
    sold = pd.DataFrame(
        {
            "availability_id": [f"O{i:04d}" for i in range(offers)],
            "seller_id": [f"S{i}" for i in rng.integers(0, 8, offers)],
            "commodity": rng.choice(["soybean", "tur"], offers),
            "market": rng.choice(list(PLACES), offers),
            "variety": "usual",
            "grade": rng.choice(["A", "B", "C"], offers),
            "quantity": rng.integers(20, 200, offers).astype(float),
            "ask_price": rng.integers(4000, 5000, offers).astype(float),
            "event_time": posted,
            "known_time": posted,
            "ready_from": posted.normalize(),
            "ready_until": posted.normalize() + pd.Timedelta(days=20),
        }
    )
    asked = (START + pd.to_timedelta(np.sort(rng.uniform(20, days, wants)), unit="D")).floor("min")
    sought = pd.DataFrame(
        {
            "requirement_id": [f"R{i:04d}" for i in range(wants)],
            "buyer_id": [f"B{i}" for i in rng.integers(0, 4, wants)],
            "commodity": rng.choice(["soybean", "tur"], wants),
            "market": rng.choice(list(PLACES), wants),
            "min_grade": rng.choice(["B", "C"], wants),
            "quantity": rng.integers(20, 200, wants).astype(float),
            "max_price": rng.integers(4600, 5200, wants).astype(float),
            "max_distance_km": rng.choice([600.0, 1500.0], wants),
            "event_time": asked,
            "known_time": asked,
            "deliver_from": asked.normalize() + pd.Timedelta(days=1),
            "deliver_until": asked.normalize() + pd.Timedelta(days=12),
        }
    )
    markets = pd.DataFrame({"market": list(PLACES), "known_time": START, "event_time": START})
    markets["latitude"], markets["longitude"] = zip(*PLACES.values(), strict=True)
    partners = pd.DataFrame(
        {"partner_id": [f"S{i}" for i in range(8)], "role": "supplier", "credit_score": np.linspace(40, 90, 8),
         "known_time": START, "event_time": START}
    )  # fmt: skip
    tables = {"availabilities": sold, "requirements": sought, "markets": markets, "partners": partners}
    return {**tables, "outcomes": _outcomes(sold, sought, rng)}


def _outcomes(sold: pd.DataFrame, sought: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for want in sought.itertuples():
        open_to = sold[
            (sold["commodity"] == want.commodity) & (sold["known_time"] <= want.known_time)
            & (sold["ready_until"] >= want.deliver_from) & (sold["ask_price"] <= want.max_price)
            & (sold["grade"] <= want.min_grade)
        ]  # fmt: skip
        shown = open_to.iloc[rng.permutation(len(open_to))[:12]]
        if len(shown) < 2:
            continue
        worth = -shown["ask_price"] / 100 + 3.0 * (shown["seller_id"] == LIKED[want.buyer_id])
        taken = (worth + 0.3 * rng.gumbel(size=len(shown))).to_numpy().argmax()
        for place, offer in enumerate(shown["availability_id"]):
            rows.append((offer, want.requirement_id, float(place == taken), want.known_time,
                         want.known_time + pd.Timedelta(hours=int(rng.integers(5, 60)))))  # fmt: skip
    columns = ["availability_id", "requirement_id", "accepted", "event_time", "known_time"]
    return pd.DataFrame(rows, columns=columns)
