from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.features.pricing.premiums import PremiumParams, add_premiums, lot_premiums


def _market(deals: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    day = pd.date_range("2024-01-01", periods=deals, tz="UTC")
    levels = pd.DataFrame(
        {"commodity": "tur", "market": "Latur", "known_time": day, "level_1": np.log(7000.0)}
    )
    dear = np.where(np.arange(deals) % 2 == 0, 0.05, -0.05)
    trades = pd.DataFrame(
        {"supplier_id": np.where(dear > 0, "dear", "cheap"), "commodity": "tur", "market": "Latur", "variety": "red",
         "grade": "A", "price": 7000.0 * np.exp(dear), "event_time": day + pd.Timedelta(hours=6),
         "known_time": day + pd.Timedelta(days=4)}
    )  # fmt: skip
    return trades, levels


def test_premiums_are_over_what_such_lots_usually_fetch() -> None:
    trades, levels = _market(60)
    trades["price"] *= 1.1
    found = lot_premiums(trades, levels, PremiumParams()).tail(20)
    by = found.groupby("supplier_id")["premium"].mean()
    assert 0.03 < by["dear"] < 0.07 and -0.07 < by["cheap"] < -0.03
    assert np.isclose(found["total"].mean(), np.log(1.1))


def test_a_premium_counts_from_its_settlement() -> None:
    trades, levels = _market(60)
    premiums = lot_premiums(trades, levels, PremiumParams())
    found = add_premiums(levels, premiums, PremiumParams())
    assert found["market_premium"].isna().tolist()[:5] == [True] * 4 + [False]
    dearer = premiums.assign(
        premium=premiums["premium"].where(premiums["known_time"] <= levels["known_time"].iloc[30], 9.9)
    )
    again = add_premiums(levels, dearer, PremiumParams())
    pd.testing.assert_series_equal(
        found["market_premium"][:31], again["market_premium"][:31], check_exact=True
    )


def test_a_trade_without_a_market_level_has_no_premium() -> None:
    trades, levels = _market(10)
    assert len(lot_premiums(trades.assign(market="Nowhere"), levels, PremiumParams())) == 0
