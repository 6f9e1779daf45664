"""Trades of the generated market: the price of a lot is level x quality x variety x quantity x supplier x bargaining.

Price in INR/quintal. A trade is struck in trading hours (04:30-10:00 UTC) and its price is seen by others when it
settles, 3 to 14 days later.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.market_crops import crop
from mandi.tables.market_levels import Levels
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import Partners
from mandi.tables.market_places import kilometres
from mandi.tables.market_premia import grade_premium, quality_premium, quantity_premium, supplier_premium

SOLD = 0.93
BUYER_REACH_KM = 350.0


def trades(
    params: MarketParams,
    offered: pd.DataFrame,
    sheet: pd.DataFrame,
    drawn: dict[str, Levels],
    who: Partners,
    towns: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Strike the trades.

    Parameters
    ----------
    params : MarketParams
    offered : DataFrame
        From `market_lots.lots`.
    sheet : DataFrame
        Latent sheet of `market_lots.assays`, same index.
    drawn : dict of str to Levels
    who : Partners
    towns : DataFrame

    Returns
    -------
    tuple of DataFrame
        The trades table, and the latent frame by trade: ``trade_id, commodity, market, day_number, buyer, supplier,
        log_level`` (of the moment), ``foreseen`` (of it, the day before), ``premium`` (all log premia), ``oracle_known``
        and ``oracle_full`` (INR/quintal: best guess knowing everything up to the day before, and the moment's level).
    """
    rng = params.rng("trades")
    premium = offered["variety_premium"].to_numpy().copy()
    level, foreseen, haggle_sd = (np.empty(len(offered)) for _ in range(3))
    day_number = offered["day_number"].to_numpy()
    for name, rows in offered.groupby("commodity").indices.items():
        kind, own = crop(str(name)), drawn[str(name)]
        part = sheet.iloc[rows].assign(
            distance_from_port_km=offered["distance_from_port_km"].to_numpy()[rows]
        )
        premium[rows] += quality_premium(str(name), part)
        premium[rows] += quantity_premium(str(name), offered["quantity"].to_numpy()[rows])
        column = own.cells.set_index("market").index.get_indexer(pd.Index(offered["market"].to_numpy()[rows]))
        level[rows] = own.log_level[day_number[rows], column]
        foreseen[rows] = own.foreseen[day_number[rows], column]
        haggle_sd[rows] = kind.bargaining_sd
    supplier = offered["supplier"].to_numpy()
    premium += grade_premium(sheet["grade"].to_numpy())
    premium += supplier_premium(who.credit_on(day_number, supplier)) + who.goodwill_on(day_number, supplier)
    haggling = haggle_sd * rng.standard_normal(len(offered))
    buyer = _buyers(rng, offered, who, towns)
    sold = rng.random(len(offered)) < SOLD
    minutes = rng.integers(55, 330, len(offered))
    struck = offered["event_time"].dt.normalize() + pd.to_timedelta(240 + minutes, unit="min")
    settle = pd.to_timedelta(rng.integers(3 * 24, 14 * 24, len(offered)), unit="h")
    price = np.exp(level + premium + haggling)
    everything = pd.DataFrame(
        {
            "lot_id": offered["lot_id"],
            "commodity": offered["commodity"],
            "market": offered["market"],
            "variety": offered["variety"],
            "grade": sheet["grade"],
            "supplier_id": offered["supplier_id"],
            "buyer_id": who.buyer_ids[buyer],
            "quantity": offered["quantity"],
            "price": price.round(0),
            "event_time": struck.astype("datetime64[ns, UTC]"),
            "known_time": (struck + settle).astype("datetime64[ns, UTC]"),
        }
    )
    latent = pd.DataFrame(
        {
            "commodity": offered["commodity"],
            "market": offered["market"],
            "day_number": day_number,
            "buyer": buyer,
            "supplier": supplier,
            "log_level": level,
            "foreseen": foreseen,
            "premium": premium,
            "oracle_known": np.exp(foreseen + premium),
            "oracle_full": np.exp(level + premium),
        }
    )
    order = everything.index[sold][np.argsort(everything.loc[sold, "event_time"].to_numpy(), kind="stable")]
    table = everything.loc[order].reset_index(drop=True)
    names = [f"T{n:06d}" for n in range(len(table))]
    table.insert(0, "trade_id", names)
    latent = latent.loc[order].reset_index(drop=True)
    latent.insert(0, "trade_id", names)
    return table, latent


def _buyers(
    rng: np.random.Generator, offered: pd.DataFrame, who: Partners, towns: pd.DataFrame
) -> np.ndarray:
    place = towns.set_index("market").index.get_indexer(pd.Index(offered["market"]))
    latitude, longitude = towns["latitude"].to_numpy(), towns["longitude"].to_numpy()
    apart = kilometres(
        latitude[:, None], longitude[:, None], latitude[who.buyer_home], longitude[who.buyer_home]
    )
    weight = who.buyer_activity[None, :] * np.exp(-apart / BUYER_REACH_KM)
    cumulative = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    drawn = rng.random(len(offered))
    return np.minimum((cumulative[place] < drawn[:, None]).sum(axis=1), weight.shape[1] - 1)
