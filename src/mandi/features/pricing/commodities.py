"""What was known of each commodity, state and driver and when: price means, demand index, world prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.features.windows import trailing
from mandi.tables import asof

if TYPE_CHECKING:
    from pandas import DataFrame

MEAN_DAYS = (7, 30, 60, 90)
VOLATILITY_DAYS = 30
PRICE_COLUMNS = (*(f"price_ma_{days}" for days in MEAN_DAYS), "price_volatility")


@dataclass(frozen=True)
class CommodityParams:
    """Windows of demand and names of the drivers.

    Attributes
    ----------
    demand_days, demand_base_days : int
        The index is the mean arrivals of the state in the short window over that in the long one.
    drivers : mapping of str to str
        Feature name -> driver, INR per USD, USD per barrel and so on.
    driver_change_days : int
        Days over which the relative change of a driver is taken.
    msp : str
        Prefix of the driver that holds a commodity's minimum support price, INR/quintal.
    """

    demand_days: int = 30
    demand_base_days: int = 365
    drivers: dict[str, str] = field(
        default_factory=lambda: {
            "cotton_index_global": "cotton_index_global",
            "usd_inr_rate": "usd_inr",
            "crude_oil_price": "brent_usd_bbl",
        }
    )
    driver_change_days: int = 30
    msp: str = "msp_"

    def driver_columns(self) -> tuple[str, ...]:
        """Names of the driver features."""
        return (*self.drivers, *(f"{name}_change" for name in self.drivers), "msp")


def price_states(levels: DataFrame) -> DataFrame:
    """Trailing means and volatility of each commodity's national price.

    Parameters
    ----------
    levels : DataFrame
        commodity, known_time, national_log (log INR/quintal).

    Returns
    -------
    DataFrame
        commodity, known_time, price_ma_7, price_ma_30, price_ma_60, price_ma_90 and price_volatility (standard
        deviation over 30 days), INR/quintal, of what was known by then.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> when = pd.date_range("2024-01-01 18:30", periods=10, tz="UTC")
    >>> levels = pd.DataFrame({"commodity": "tur", "known_time": when, "national_log": np.log(np.arange(10) + 100.0)})
    >>> price_states(levels)["price_ma_7"].round(6).tolist()[-1]
    106.0
    """
    daily = levels.dropna(subset=["national_log"]).drop_duplicates(["commodity", "known_time"], keep="last")
    daily = daily[["commodity", "known_time"]].assign(price=np.exp(daily["national_log"]))
    lately = partial(trailing, daily, "price", by=["commodity"], time="known_time", include_now=True)
    means = {f"price_ma_{days}": lately(days=days) for days in MEAN_DAYS}
    volatility = lately(days=VOLATILITY_DAYS, statistic="std", min_periods=5)
    daily = daily.assign(**means, price_volatility=volatility)
    return daily.drop(columns="price").reset_index(drop=True)


def demand_states(reports: DataFrame, params: CommodityParams) -> DataFrame:
    """How busy the markets of a state were lately, against their own year: past arrivals only.

    Parameters
    ----------
    reports : DataFrame
        commodity, state, arrivals (tonnes, may be missing), known_time.
    params : CommodityParams

    Returns
    -------
    DataFrame
        commodity, state, known_time, state_demand_index (1 = as busy as over the year).

    Examples
    --------
    >>> import pandas as pd
    >>> when = pd.date_range("2024-01-01 18:30", periods=60, tz="UTC")
    >>> reports = pd.DataFrame({"commodity": "tur", "state": "Bihar", "known_time": when, "arrivals": [1.0] * 30 + [3.0] * 30})
    >>> float(demand_states(reports, CommodityParams())["state_demand_index"].iloc[-1])
    1.5
    """
    keys = ["commodity", "state"]
    there = reports.dropna(subset=["arrivals", *keys])
    daily = there.groupby([*keys, "known_time"], observed=True, sort=True)["arrivals"].sum().reset_index()
    mean = partial(trailing, daily, "arrivals", by=keys, time="known_time", include_now=True)
    lately = mean(days=params.demand_days, min_periods=5)
    usually = mean(days=params.demand_base_days, min_periods=20)
    index = (lately / usually.where(usually > 0)).rename("state_demand_index")
    return pd.concat([daily[[*keys, "known_time"]], index], axis=1)


def add_drivers(frame: DataFrame, drivers: DataFrame | None, params: CommodityParams) -> DataFrame:
    """Add the drivers published by each row's ``known_time``, their change, and the commodity's support price.

    Parameters
    ----------
    frame : DataFrame
        commodity, known_time.
    drivers : DataFrame or None
        driver, value, known_time (publication).
    params : CommodityParams

    Returns
    -------
    DataFrame
        ``frame`` with ``params.driver_columns()``; missing where nothing was published.

    Examples
    --------
    >>> import pandas as pd
    >>> when = pd.to_datetime(["2024-01-01", "2024-03-01"], utc=True)
    >>> drivers = pd.DataFrame({"driver": "usd_inr", "value": [80.0, 84.0], "known_time": when})
    >>> asked = pd.DataFrame({"commodity": "tur", "known_time": when - pd.Timedelta(days=1)})
    >>> add_drivers(asked, drivers, CommodityParams())["usd_inr_rate"].tolist()
    [nan, 80.0]
    """
    moments = frame[["commodity", "known_time"]].rename(columns={"known_time": "asof"})
    wanted = pd.concat(
        [moments.assign(driver=name) for name in params.drivers.values()]
        + [moments.assign(driver=params.msp + moments["commodity"].astype(str))]
    )
    now = _published(wanted, drivers)
    before = _published(
        wanted.assign(asof=wanted["asof"] - pd.Timedelta(days=params.driver_change_days)), drivers
    )
    size = len(frame)
    added: dict[str, np.ndarray] = {}
    for place, name in enumerate([*params.drivers, "msp"]):
        value, earlier = (v[place * size : (place + 1) * size] for v in (now, before))
        added[name] = value
        if name != "msp":
            with np.errstate(invalid="ignore", divide="ignore"):
                change = np.log(value / earlier)
            added[f"{name}_change"] = np.where(np.isfinite(change), change, np.nan)
    ordered = {name: added[name] for name in params.driver_columns()}
    return pd.concat([frame, pd.DataFrame(ordered, index=frame.index)], axis=1)


def _published(wanted: DataFrame, drivers: DataFrame | None) -> np.ndarray:
    if drivers is None or drivers.empty:
        return np.full(len(wanted), np.nan)
    told = asof.join(wanted, drivers[["driver", "known_time", "value"]], by="driver")
    return told["value"].to_numpy(dtype=float)


def state_of_the_trade(
    levels: DataFrame, tables: Mapping[str, DataFrame], params: CommodityParams
) -> DataFrame:
    """Add to each row of ``levels`` what was known at its ``known_time`` of its commodity, state and market.

    Returns
    -------
    DataFrame
        ``levels`` with the columns of :func:`price_states`, :func:`demand_states`, :func:`add_drivers` and
        ``distance_from_port_km``.
    """
    moments = levels[["commodity", "state", "market", "known_time"]].rename(columns={"known_time": "asof"})
    days = moments[["commodity", "asof"]].drop_duplicates(ignore_index=True)
    told = asof.join(days, price_states(levels), by="commodity").drop(columns="known_time")
    told = add_drivers(told.rename(columns={"asof": "known_time"}), tables.get("drivers"), params)
    place = told.set_index(["commodity", "known_time"])
    row = place.index.get_indexer(pd.MultiIndex.from_frame(moments[["commodity", "asof"]]))
    added = {name: place[name].to_numpy()[row] for name in place.columns}
    demand = demand_states(tables["reports"], params)
    added["state_demand_index"] = asof.join(moments, demand, by=["commodity", "state"])[
        "state_demand_index"
    ].to_numpy()
    added["distance_from_port_km"] = _distance(moments, tables.get("markets"))
    return pd.concat([levels, pd.DataFrame(added, index=levels.index)], axis=1)


def _distance(moments: DataFrame, markets: DataFrame | None) -> np.ndarray:
    if markets is None or "distance_from_port_km" not in markets:
        return np.full(len(moments), np.nan)
    told = asof.join(moments, markets[["market", "known_time", "distance_from_port_km"]], by="market")
    return told["distance_from_port_km"].to_numpy(dtype=float)
