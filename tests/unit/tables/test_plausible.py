"""The plausibility of a price uses the days before it and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.plausible import national_ratio
from mandi.tables.settings import Plausibility

PARAMS = Plausibility(window_days=10, min_reports=5)


def reports(seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01 18:30", periods=40, tz="UTC").repeat(6)
    return pd.DataFrame(
        {
            "commodity": rng.choice(["soybean", "tur"], len(days)),
            "event_time": days,
            "modal_price": rng.uniform(4000, 5000, len(days)),
        }
    )


def test_later_and_same_day_prices_change_nothing() -> None:
    seen = reports()
    before = national_ratio(seen, PARAMS)
    cut = seen["event_time"].sort_values().iloc[120]
    later = seen.assign(modal_price=seen["modal_price"].where(seen["event_time"] < cut, 1.0))
    after = national_ratio(later, PARAMS)
    past = seen["event_time"] < cut
    pd.testing.assert_series_equal(before[past], after[past])
    same_day = seen["event_time"] == cut
    expected = before[same_day] / seen.loc[same_day, "modal_price"]
    np.testing.assert_allclose(after[same_day], expected)


def test_against_a_loop() -> None:
    seen = reports(5)
    got = national_ratio(seen, PARAMS)
    for i, row in seen.iterrows():
        age = (row["event_time"] - seen["event_time"]).dt.days
        window = seen[(age >= 1) & (age <= 10) & (seen["commodity"] == row["commodity"])]["modal_price"]
        want = row["modal_price"] / window.median() if len(window) >= 5 else np.nan
        np.testing.assert_allclose(got[i], want)


def test_order_does_not_matter() -> None:
    seen = reports(7)
    shuffled = seen.sample(frac=1, random_state=0)
    pd.testing.assert_series_equal(
        national_ratio(shuffled, PARAMS).sort_index(), national_ratio(seen, PARAMS)
    )
