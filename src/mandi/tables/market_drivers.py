"""Drivers of the generated market: cotton index, Brent, exchange rate and support prices, with their publication delay.

Daily sizes: Brent .022 and USD/INR .0025 (log; measured on the EIA and exchange-rate series, docs/generated-market.md);
cotton index .014 assumed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.market_crops import CROPS, crop
from mandi.tables.market_params import MarketParams

SERIES: dict[str, tuple[float, float, float, str]] = {
    # name: first value, daily log sd, pull per day to the first value, unit
    "cotton_index_global": (90.0, 0.014, 1 / 250, "US cents/lb"),
    "brent_usd_bbl": (75.0, 0.022, 1 / 200, "USD/bbl"),
    "usd_inr": (74.0, 0.0025, 0.0, "INR/USD"),
}
PUBLISHED_AFTER_HOURS = 12.0
"""A close of day D (21:00 UTC) is known here the next morning, 09:00 UTC."""
FOLLOW_DAYS = 2
"""The national level follows a driver's move this many days later: by then the move is public."""
MSP_YEARLY = 0.06


def driver_paths(params: MarketParams, day: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the daily value of every market driver, indexed by day.

    Returns
    -------
    DataFrame
        One column per driver of `SERIES`, in its unit.

    Examples
    --------
    >>> day = pd.date_range("2021-01-01", periods=5)
    >>> driver_paths(MarketParams(days=30), day).columns.tolist()
    ['cotton_index_global', 'brent_usd_bbl', 'usd_inr']
    """
    rng = params.rng("drivers")
    paths = {}
    for name, (first, size, pull, _) in SERIES.items():
        steps = rng.standard_t(5, len(day)) * size / np.sqrt(5 / 3)
        steps[0] = 0.0
        steps[day.dayofweek.to_numpy() >= 5] = 0.0
        offset = np.empty(len(day))
        here = 0.0
        for t, step in enumerate(steps):
            here = here * (1 - pull) + step
            offset[t] = here
        paths[name] = first * np.exp(offset)
    return pd.DataFrame(paths, index=day)


def support_prices(params: MarketParams, day: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the announcements of minimum support prices: kharif crops on 10 June, wheat on 18 October.

    Returns
    -------
    DataFrame
        ``commodity, day, value`` (INR/quintal); the first announcement precedes the first day.
    """
    rng = params.rng("drivers")
    rng = np.random.default_rng(rng.integers(2**32, size=4))
    rows = []
    for name in params.commodities:
        msp = crop(name).msp
        if msp is None:
            continue
        month, date = (10, 18) if name == "wheat" else (6, 10)
        for step, year in enumerate(range(day[0].year - 1, day[-1].year + 1)):
            announced = pd.Timestamp(year, month, date)
            raised = msp * np.exp(MSP_YEARLY * (step - 1) + 0.01 * rng.standard_normal())
            rows.append((name, announced, round(raised / 5) * 5.0))
    frame = pd.DataFrame(rows, columns=["commodity", "day", "value"])
    return frame[frame["day"] <= day[-1]].reset_index(drop=True)


def drivers_table(params: MarketParams, paths: pd.DataFrame, support: pd.DataFrame) -> pd.DataFrame:
    """Return the table of drivers: weekday closes and support prices as announced.

    Returns
    -------
    DataFrame
        ``driver, value, unit, event_time, known_time``.
    """
    parts = []
    day = pd.DatetimeIndex(paths.index)
    weekdays = day.dayofweek < 5
    for name, (_, _, _, unit) in SERIES.items():
        close = day[weekdays].tz_localize("UTC") + pd.Timedelta(hours=21)
        parts.append(
            pd.DataFrame(
                {
                    "driver": name,
                    "value": paths.loc[weekdays, name].round(4).to_numpy(),
                    "unit": unit,
                    "event_time": close,
                    "known_time": close + pd.Timedelta(hours=PUBLISHED_AFTER_HOURS),
                }
            )
        )
    announced = pd.DatetimeIndex(support["day"]).tz_localize("UTC") + pd.Timedelta(hours=10)
    parts.append(
        pd.DataFrame(
            {
                "driver": "msp_" + support["commodity"].astype(str),
                "value": support["value"].to_numpy(),
                "unit": "INR/quintal",
                "event_time": announced,
                "known_time": announced + pd.Timedelta(hours=4),
            }
        )
    )
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    for column in ("event_time", "known_time"):
        table[column] = table[column].astype("datetime64[ns, UTC]")
    return table.sort_values(["known_time", "driver"], kind="stable").reset_index(drop=True)


def followed_move(commodity: str, paths: pd.DataFrame) -> np.ndarray:
    """Return the daily log move a commodity's national level takes over from its drivers, `FOLLOW_DAYS` late.

    Examples
    --------
    >>> day = pd.date_range("2021-01-04", periods=4)
    >>> paths = pd.DataFrame({"usd_inr": [70.0, 77.0, 77.0, 77.0]}, index=day)
    >>> followed_move("tur", paths).round(4).tolist()
    [0.0, 0.0, 0.0, 0.0238]
    """
    total = np.zeros(len(paths))
    for name, share in CROPS[commodity].drivers:
        if name in paths:
            total += share * np.diff(np.log(paths[name].to_numpy()), prepend=np.log(paths[name].iloc[0]))
    return np.concatenate([np.zeros(FOLLOW_DAYS), total[:-FOLLOW_DAYS]])
