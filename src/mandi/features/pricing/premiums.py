"""What lots fetched over their market's expected price, as known at any time: log premiums by commodity, market and supplier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.features.windows import shrunken_mean, trailing
from mandi.tables import asof

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("commodity_premium", "market_premium")
SORTS = ["commodity", "variety", "grade"]


@dataclass(frozen=True)
class PremiumParams:
    """Windows of past premiums.

    Attributes
    ----------
    commodity_days : int
        Days over which a commodity's mean premium is taken.
    strength : float
        How many lots the mean over all is worth in the mean of a market or of a variety and grade.
    """

    commodity_days: int = 60
    strength: float = 10.0


def lot_premiums(trades: DataFrame, levels: DataFrame, params: PremiumParams) -> DataFrame:
    """Premium of each settled trade over the market level known when it was struck.

    Parameters
    ----------
    trades : DataFrame
        commodity, market, variety, grade, supplier_id, price (INR/quintal), event_time (the deal), known_time (when
        its price is visible to others).
    levels : DataFrame
        commodity, market, known_time, level_1 (log INR/quintal).

    Returns
    -------
    DataFrame
        supplier_id, commodity, market, known_time, total (log price minus ``level_1``) and premium (``total`` minus
        the mean of past lots of that variety and grade). Trades without a market level are left out.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> when = pd.to_datetime(["2024-01-02", "2024-01-03"], utc=True)
    >>> levels = pd.DataFrame({"commodity": ["tur"], "market": ["Latur"], "known_time": when[:1], "level_1": [np.log(7000.0)]})
    >>> trades = pd.DataFrame({"supplier_id": "S", "commodity": "tur", "market": "Latur", "variety": "red", "grade": "A",
    ...     "price": [7000.0, 7700.0], "event_time": when, "known_time": when + pd.Timedelta(days=3)})
    >>> lot_premiums(trades, levels, PremiumParams())["total"].round(4).tolist()
    [0.0, 0.0953]
    """
    deals = trades[["supplier_id", *SORTS, "market", "price"]].assign(
        asof=trades["event_time"], settled=trades["known_time"]
    )
    base = asof.join(
        deals, levels[["commodity", "market", "known_time", "level_1"]], by=["commodity", "market"]
    )
    base = base[base["level_1"].notna() & (base["price"] > 0)].drop(columns="known_time")
    base = base.rename(columns={"settled": "known_time"}).reset_index(drop=True)
    base["total"] = np.log(base["price"]) - base["level_1"]
    mean = shrunken_mean(
        base, "total", by=SORTS, time="known_time", strength=params.strength, include_now=True
    )
    usual = base[[*SORTS, "known_time"]].assign(usual=mean)
    base["premium"] = base["total"] - asof.join(base[[*SORTS, "asof"]], usual, by=SORTS, strict=True)[
        "usual"
    ].fillna(0.0)
    return base[["supplier_id", "commodity", "market", "known_time", "total", "premium"]]


def add_premiums(levels: DataFrame, premiums: DataFrame, params: PremiumParams) -> DataFrame:
    """Add to each row of ``levels`` the premiums known by its ``known_time``.

    Parameters
    ----------
    levels : DataFrame
        commodity, market, known_time.
    premiums : DataFrame
        What :func:`lot_premiums` returned.

    Returns
    -------
    DataFrame
        ``levels`` with commodity_premium (mean ``total`` of the last days) and market_premium (shrunken mean
        ``premium`` of all past lots of the commodity in the market); missing where no lot was settled.
    """
    keys = ["commodity", "market"]
    lately = trailing(
        premiums,
        "total",
        by=["commodity"],
        time="known_time",
        days=params.commodity_days,
        min_periods=5,
        include_now=True,
    )
    crop = premiums[["commodity", "known_time"]].assign(commodity_premium=lately)
    mean = shrunken_mean(
        premiums, "premium", by=keys, time="known_time", strength=params.strength, include_now=True
    )
    place = premiums[[*keys, "known_time"]].assign(market_premium=mean)
    moments = levels[[*keys, "known_time"]].rename(columns={"known_time": "asof"})
    added = {
        "commodity_premium": asof.join(moments, crop, by="commodity")["commodity_premium"].to_numpy(),
        "market_premium": asof.join(moments, place, by=keys)["market_premium"].to_numpy(),
    }
    return pd.concat([levels, pd.DataFrame(added, index=levels.index)], axis=1)
