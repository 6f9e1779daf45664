"""The generated market as a whole: every table for all five models from one seed, and the truth behind them.

Prices in INR/quintal, quantities in quintals, arrivals in tonnes, times UTC.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from mandi.tables.market_calendar import calendar
from mandi.tables.market_drivers import driver_paths, drivers_table, support_prices
from mandi.tables.market_fraud import mischief
from mandi.tables.market_levels import Levels, levels
from mandi.tables.market_lots import assays, lots
from mandi.tables.market_matching import matching
from mandi.tables.market_oracle import filtered_levels
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import Partners, partners, partners_table
from mandi.tables.market_places import cells, places
from mandi.tables.market_reports import Reporting, reporting, reports_table
from mandi.tables.market_trades import trades
from mandi.tables.market_truth import (
    demand_floors,
    fraud_ceiling,
    last_lots,
    last_reports,
    matching_ceiling,
    price_floors,
    quality_ceiling,
)

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
        truth: ``params``; ``floors`` (plain numbers: what the best possible model of each task reaches on the last
        182 days, see `market_truth`); ``frames`` (latent values by row: ``trades``, ``levels``, ``lots``, ``fraud``,
        ``matching``).

    Raises
    ------
    UnknownValue
        A commodity that the generated market does not have.

    Examples
    --------
    >>> small = MarketParams(days=60, markets=6, lots_per_day=2, suppliers=10, buyers=6, commodities=("soybean",))
    >>> tables, truth = generate(small)
    >>> sorted(truth["floors"])
    ['demand', 'fraud', 'matching', 'price', 'quality']
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
    latent = _oracles(params, latent, drawn, told, days, paths, support)
    crime = mischief(params, struck, latent, assayed, who)
    met = matching(params, grid, towns, drawn, who)
    start = pd.Timestamp(params.start, tz="UTC")
    everything = pd.concat([assayed, crime.assays], ignore_index=True)
    tables = {
        "reports": reports_table(params, days, drawn, told),
        "drivers": drivers_table(params, paths, support),
        "markets": _markets_table(towns, start),
        "partners": partners_table(params, who, towns),
        "lots": offered[LOT_COLUMNS].copy(),
        "assays": everything.sort_values(["known_time", "assay_id"], kind="stable").reset_index(drop=True),
        "trades": crime.trades,
        "payments": crime.payments,
        "documents": crime.documents,
        "fraud_cases": crime.fraud_cases,
        "availabilities": met.availabilities,
        "requirements": met.requirements,
        "outcomes": met.outcomes,
    }
    day_number = latent["day_number"].to_numpy()
    truth = {
        "params": asdict(params),
        "floors": {
            "price": price_floors(crime.trades, latent.assign(last_lots=last_lots(crime.trades))),
            "demand": demand_floors(told, days),
            "quality": quality_ceiling(sheet, offered["day_number"].to_numpy()),
            "fraud": fraud_ceiling(crime.truth, day_number),
            "matching": matching_ceiling(met.truth, met.requirements),
        },
        "frames": {
            "trades": latent,
            "levels": _levels_frame(drawn, days),
            "lots": _lots_frame(offered, sheet, who),
            "fraud": crime.truth,
            "matching": met.truth,
        },
    }
    return tables, truth


def _oracles(
    params: MarketParams,
    latent: pd.DataFrame,
    drawn: dict[str, Levels],
    told: dict[str, Reporting],
    days: pd.DataFrame,
    paths: pd.DataFrame,
    support: pd.DataFrame,
) -> pd.DataFrame:
    last, public = np.full(len(latent), np.nan), np.full(len(latent), np.nan)
    day, at = pd.DatetimeIndex(days["day"]), latent["day_number"].to_numpy()
    for name, rows in latent.groupby("commodity").indices.items():
        own, reports = drawn[str(name)], told[str(name)]
        column = pd.Index(own.cells["market"]).get_indexer(pd.Index(latent["market"].to_numpy()[rows]))
        last[rows] = last_reports(reports)[at[rows], column]
        if params.optimal_filter:
            public[rows] = filtered_levels(params, own, reports, day, paths, support)[at[rows], column]
    with_last = latent.assign(last_report=last)
    if not params.optimal_filter:
        return with_last
    return with_last.assign(oracle_public=np.exp(public + latent["premium"].to_numpy()))


def _levels_frame(drawn: dict[str, Levels], days: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for name, own in drawn.items():
        markets = own.cells["market"].to_numpy()
        parts.append(
            pd.DataFrame(
                {
                    "commodity": name,
                    "market": np.tile(markets, len(days)),
                    "day": np.repeat(days["day"].to_numpy(), len(markets)),
                    "log_level": own.log_level.ravel(),
                    "foreseen": own.foreseen.ravel(),
                    "national": np.repeat(own.national, len(markets)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _lots_frame(offered: pd.DataFrame, sheet: pd.DataFrame, who: Partners) -> pd.DataFrame:
    frame = pd.concat(
        [offered[["lot_id", "commodity", "supplier_id"]], sheet.drop(columns="inspector")], axis=1
    )
    character = who.character_on(offered["day_number"].to_numpy(), offered["supplier"].to_numpy())
    return frame.assign(inspector_id=who.inspector_ids[sheet["inspector"]], character=character)


def _markets_table(towns: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    table = towns[["market", "state", "district", "latitude", "longitude", "distance_from_port_km"]].copy()
    for column in ("event_time", "known_time"):
        table[column] = pd.Series(start, index=table.index).astype("datetime64[ns, UTC]")
    return table
