"""The generated market as a whole: every table for all five models from one seed, and the truth behind them.

Prices in INR/quintal, quantities in quintals, arrivals in tonnes, times UTC.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from mandi.tables.market_calendar import calendar
from mandi.tables.market_drivers import driver_paths, drivers_table, support_prices
from mandi.tables.market_levels import levels
from mandi.tables.market_lots import assays, lots
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import partners, partners_table
from mandi.tables.market_places import cells, places
from mandi.tables.market_reports import reporting, reports_table
from mandi.tables.market_trades import trades

LOT_COLUMNS = [
    "lot_id", "commodity", "market", "variety", "supplier_id", "quantity", "event_time", "known_time",
]  # fmt: skip


def generate(params: MarketParams) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Generate the market.

    Parameters
    ----------
    params : MarketParams
        Seed and size; the same parameters give the same tables.

    Returns
    -------
    tuple
        The tables by name (columns as in the data dictionary, each with ``event_time`` and ``known_time``), and the
        truth.
    """
    towns = places(params)
    grid = cells(params, towns)
    days = calendar(params.start, params.days)
    paths = driver_paths(params, pd.DatetimeIndex(days["day"]))
    support = support_prices(params, pd.DatetimeIndex(days["day"]))
    drawn = levels(params, grid, days, paths, support)
    told = reporting(params, days, drawn)
    who = partners(params, towns)
    offered = lots(params, grid, towns, days, who)
    assayed, sheet = assays(params, offered, who)
    struck, latent = trades(params, offered, sheet, drawn, who, towns)
    start = pd.Timestamp(params.start, tz="UTC")
    tables = {
        "reports": reports_table(params, days, drawn, told),
        "drivers": drivers_table(params, paths, support),
        "markets": _markets_table(towns, start),
        "partners": partners_table(params, who, towns),
        "lots": offered[LOT_COLUMNS].copy(),
        "assays": assayed,
        "trades": struck,
    }
    return tables, {"frames": {"trades": latent}}


def _markets_table(towns: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    table = towns[["market", "state", "district", "latitude", "longitude", "distance_from_port_km"]].copy()
    for column in ("event_time", "known_time"):
        table[column] = pd.Series(start, index=table.index).astype("datetime64[ns, UTC]")
    return table
