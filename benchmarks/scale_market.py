"""A generated market with as many lots as wanted: its own places, levels and partners, lots drawn afresh in every batch.

Lots, laboratory and trades are drawn by the generator's own functions; each batch has a seed of its own, and all batches share
the levels, the suppliers and the reports of the one market. So a million rows are a million different deals of one market.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from mandi.core.config import build, section
from mandi.features.pricing.lots import lot_questions
from mandi.tables.market_calendar import calendar
from mandi.tables.market_drivers import driver_paths, support_prices
from mandi.tables.market_levels import Levels, levels
from mandi.tables.market_lots import assays, lots
from mandi.tables.market_params import MarketParams
from mandi.tables.market_partners import Partners, partners
from mandi.tables.market_places import cells, places
from mandi.tables.market_trades import trades

SEED_STEP = 1_000_003
SOLD = 0.92  # of the lots offered at least so many are sold


@dataclass(frozen=True)
class LotMaker:
    """What all batches share."""

    params: MarketParams
    towns: pd.DataFrame
    grid: pd.DataFrame
    days: pd.DataFrame
    drawn: dict[str, Levels]
    who: Partners

    @classmethod
    def of(cls, params: dict[str, Any]) -> LotMaker:
        """Draw the market of params.yaml, without its lots."""
        wanted = build(MarketParams, {**section(params, "market"), "optimal_filter": False}, "market")
        towns = places(wanted)
        grid, days = cells(wanted, towns), calendar(wanted.start, wanted.days)
        when = pd.DatetimeIndex(days["day"])
        drawn = levels(wanted, grid, days, driver_paths(wanted, when), support_prices(wanted, when))
        return cls(wanted, towns, grid, days, drawn, partners(wanted, towns))

    def questions(self, batch: int, rows: int) -> pd.DataFrame:
        """Draw a batch of so many lots and return what was asked of each, with its price (INR/quintal)."""
        own = replace(
            self.params,
            seed=self.params.seed + SEED_STEP * (batch + 1),
            lots_per_day=1.02 * rows / SOLD / self.params.days,
        )
        offered = lots(own, self.grid, self.towns, self.days, self.who)
        assayed, sheet = assays(own, offered, self.who)
        struck, _ = trades(own, offered, sheet, self.drawn, self.who, self.towns)
        asked = lot_questions({"trades": struck, "assays": assayed})
        return asked.sample(rows, random_state=own.seed % 2**32).sort_index().reset_index(drop=True)
