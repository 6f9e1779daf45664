"""Answered questions as a back-test gives them: four commodities, five horizons and lots, two years."""

from __future__ import annotations

import numpy as np
import pandas as pd


def answered(seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    prices = {"soybean": 4300.0, "tur": 7200.0, "cotton": 6800.0, "manganese": 1450.0}
    for commodity, price in prices.items():
        for kind, horizon in [
            ("market", 0),
            ("market", 1),
            ("market", 7),
            ("market", 30),
            ("market", 60),
            ("lot", 0),
        ]:
            n = 220
            asof = pd.date_range("2023-01-02 06:00", periods=n, freq="79h", tz="UTC")
            truth = price * np.exp(np.cumsum(rng.normal(0, 0.008, n)))
            scale = price * 0.011 * (1 + horizon) ** 0.4
            made = pd.DataFrame({
                "kind": kind, "horizon_days": horizon, "commodity": commodity,
                "market": rng.choice(["Dewas", "Latur", "Kadi", "Adoni"], n), "asof": asof,
                "target_day": (asof + pd.Timedelta(days=horizon)).tz_localize(None).normalize(), "label": truth,
                "predicted_price": truth + rng.normal(0, scale, n), "last_price": truth + rng.normal(0, 1.2 * scale, n),
                "seasonal_naive": truth * rng.normal(1.02, 0.08, n),
            })  # fmt: skip
            for level, z in ((90, 1.645), (95, 1.96)):
                made[f"lower_bound_{level}"] = made["predicted_price"] - z * scale
                made[f"upper_bound_{level}"] = made["predicted_price"] + z * scale
            parts.append(made)
    return pd.concat(parts, ignore_index=True)


def explained() -> pd.DataFrame:
    effects = {
        "base": 4212.4, "national level": 130.2, "market lead": -42.0, "state level": 18.4, "staple_length_mm": 61.3,
        "micronaire": -22.8, "quantity_log": -14.1, "moisture_pct": -9.6, "supplier_credit": 6.2, "month": 2.2,
    }  # fmt: skip
    return pd.DataFrame({"feature": list(effects), "effect": list(effects.values())})


def coverage_table() -> pd.DataFrame:
    rows = [
        {
            "question": q,
            "nominal": n,
            "volatility": v,
            "coverage": n + bump * (0.02 if v == "calm" else -0.015),
        }
        for v in ("calm", "middling", "wild")
        for q, bump in (
            ("today", 0.4),
            ("1 day", 0.2),
            ("7 days", 0.6),
            ("30 days", 1.4),
            ("60 days", 2.0),
            ("lot", 0.3),
        )
        for n in (0.90, 0.95)
    ]
    return pd.DataFrame(rows)
