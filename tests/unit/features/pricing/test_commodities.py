from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.pricing.commodities import CommodityParams, add_drivers, demand_states, price_states

Tables = dict[str, pd.DataFrame]


def test_price_means_cover_their_days() -> None:
    when = pd.date_range("2023-01-01 18:30", periods=120, tz="UTC")
    price = np.exp(8 + np.cumsum(np.random.default_rng(0).normal(0, 0.01, 120)))
    levels = pd.DataFrame({"commodity": "tur", "known_time": when, "national_log": np.log(price)})
    last = price_states(pd.concat([levels, levels])).iloc[-1]
    for days in (7, 30, 60, 90):
        assert np.isclose(last[f"price_ma_{days}"], price[-days:].mean())
    assert np.isclose(last["price_volatility"], price[-30:].std(ddof=1), rtol=1e-6)


def test_demand_compares_a_state_with_itself(tiny_tables: Tables) -> None:
    reports = tiny_tables["reports"]
    busy = reports.assign(
        arrivals=reports["arrivals"].where(reports["state"] != "Gujarat", reports["arrivals"] * 100)
    )
    options = CommodityParams()
    a, b = demand_states(reports, options), demand_states(busy, options)
    np.testing.assert_allclose(a["state_demand_index"], b["state_demand_index"], rtol=1e-9)
    assert a["state_demand_index"].mean() > 0.5


def test_a_driver_counts_from_its_publication() -> None:
    event = pd.to_datetime(["2024-01-01", "2024-01-31"], utc=True)
    drivers = pd.DataFrame(
        {"driver": "brent_usd_bbl", "value": [80.0, 100.0], "known_time": event + pd.Timedelta(days=10)}
    )
    asked = pd.DataFrame(
        {"commodity": "tur", "known_time": pd.to_datetime(["2024-02-09", "2024-02-10"], utc=True)}
    )
    found = add_drivers(asked, drivers, CommodityParams())
    assert found["crude_oil_price"].tolist() == [80.0, 100.0]
    assert np.isclose(found["crude_oil_price_change"].iloc[1], np.log(100 / 80)) and found["msp"].isna().all()


def test_no_drivers_are_missing_columns_of_numbers() -> None:
    asked = pd.DataFrame({"commodity": ["tur"], "known_time": pd.to_datetime(["2024-02-09"], utc=True)})
    assert (
        add_drivers(asked, None, CommodityParams())
        .drop(columns=["commodity", "known_time"])
        .isna()
        .all(axis=None)
    )
