"""Frames of lots with a known law: price = level x (staple premium + grade premium + noise)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.models.pricing.lot_matrix import READ

NOISE = 0.01


def lot_frame(rows: int = 1500, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(0, 1, rows) for name in READ})
    frame["commodity"] = rng.choice(["cotton", "tur"], rows)
    frame["market"] = rng.choice(["Akola", "Latur", "Rajkot"], rows)
    frame["state"] = "Maharashtra"
    frame["variety"] = rng.choice(["long", "short", None], rows)
    frame["grade"] = rng.choice(["A", "B"], rows)
    frame["quantity"] = rng.gamma(2, 40, rows)
    frame["level"] = 8.8 + 0.1 * np.sin(np.arange(rows) / 200)
    for name in ("price_ma_7", "price_ma_30", "price_ma_60", "price_ma_90", "msp"):
        frame[name] = np.exp(8.8 + rng.normal(0, 0.05, rows))
    for name in ("last_log", "national_log", "state_log"):
        frame[name] = 8.8 + rng.normal(0, 0.05, rows)
    frame["price_volatility"], frame["scale"] = 50.0, 0.02
    frame["staple_length_mm"] = np.where(frame["commodity"] == "cotton", rng.normal(28, 1.5, rows), np.nan)
    premium = 0.02 * np.tanh(frame["staple_length_mm"].fillna(28) - 28) + 0.03 * (frame["grade"] == "A")
    frame["premium"] = premium
    frame["label"] = np.exp(frame["level"] + premium + rng.normal(0, NOISE, rows))
    frame["asof"] = pd.Timestamp("2023-01-01 06:00", tz="UTC") + pd.to_timedelta(
        np.arange(rows) * 0.4, unit="D"
    )
    cuts = [0, int(rows * 0.6), int(rows * 0.75), int(rows * 0.9), rows]
    for part, start, stop in zip(("train", "validation", "calibration", "test"), cuts, cuts[1:]):
        frame.loc[start : stop - 1, "part"] = part
    return frame
