"""The market as its traders know it at a moment: reported prices, arrivals and deals; nothing that comes later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mandi.core.errors import TooLittleData

if TYPE_CHECKING:
    from pandas import DataFrame, Timestamp

KEPT_DAYS = 800
"""Of reports before the end: two years, for a comparison with the year before."""
FRESH_DAYS = 6
LEAST_DEALS = 20
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Place:
    """Prices of a commodity in a market: trading days and modal prices, INR per quintal."""

    commodity: str
    market: str
    state: str
    days: np.ndarray[Any, Any]
    modal: np.ndarray[Any, Any]

    def before(self, day: np.datetime64) -> int:
        """Return how many reports are of days before a day; those are known on it."""
        return int(np.searchsorted(self.days, day, side="left"))

    def came(self, day: np.datetime64) -> tuple[float, np.datetime64] | None:
        """Return the first price reported for a day or the three after it, and the day it was for."""
        at = self.before(day)
        if at < len(self.days) and self.days[at] <= day + 3 * DAY:
            return float(self.modal[at]), self.days[at]
        return None


@dataclass(frozen=True)
class Market:
    """What can be asked about.

    Attributes
    ----------
    end : Timestamp
        Moment of the last report.
    places : mapping
        By commodity and market.
    arrivals : mapping
        Tonnes by day (index 0 is ``first``), by commodity and state.
    deals : DataFrame
        Trades in order of time with ``state``, ``firm`` (name of the supplier), ``assay`` (mapping) and ``found`` (bool,
        whether it was later found fraudulent).
    rows, struck : sequence of mapping, ndarray
        The same row by row, and their times.
    """

    end: Timestamp
    first: np.datetime64
    places: Mapping[tuple[str, str], Place]
    arrivals: Mapping[tuple[str, str], np.ndarray[Any, Any]]
    deals: DataFrame
    rows: Sequence[Mapping[str, Any]]
    struck: np.ndarray[Any, Any]

    @classmethod
    def of(cls, tables: Mapping[str, DataFrame]) -> Market:
        """Read the tables.

        Parameters
        ----------
        tables : mapping of str to DataFrame
            ``reports`` and ``trades``; ``partners``, ``assays`` and ``fraud_cases`` where there are some.

        Raises
        ------
        TooLittleData
            There are no reports, or hardly a deal.
        """
        reports, trades = tables.get("reports"), tables.get("trades")
        if reports is None or trades is None or not len(reports) or len(trades) < LEAST_DEALS:
            raise TooLittleData(
                "there are no deals to ask about",
                allowed="tables reports and trades",
                next_command="set calls.generated.on to false in params.yaml",
            )
        end = reports["event_time"].max()
        recent = reports[reports["event_time"] > end - np.timedelta64(KEPT_DAYS, "D")]
        day = recent["event_time"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        recent = recent.assign(day=day)
        places = {}
        daily = recent.groupby(["commodity", "market", "day"], sort=True)
        frame = daily.agg(modal=("modal_price", "median"), state=("state", "first")).reset_index()
        for (commodity, market), rows in frame.groupby(["commodity", "market"], sort=True):
            days = rows["day"].to_numpy().astype("datetime64[D]")
            where = (str(commodity), str(market))
            places[where] = Place(*where, str(rows["state"].iloc[0]), days, rows["modal"].to_numpy())
        first = day.min()
        deals = _deals(tables, frame)
        deals = deals[deals["event_time"] > end - np.timedelta64(KEPT_DAYS, "D")].reset_index(drop=True)
        rows = deals.drop(columns=["event_time", "known_time"]).to_dict("records")
        struck = deals["event_time"].dt.tz_localize(None).to_numpy()
        return cls(end, first, places, _arrivals(recent, first), deals, rows, struck)

    def fresh(self, commodity: str, market: str, day: np.datetime64) -> bool:
        """Return whether a market reported lately enough to be asked about, and has a month behind it."""
        place = self.places.get((commodity, market))
        if place is None:
            return False
        known = place.before(day)
        return known >= 20 and place.days[known - 1] >= day - FRESH_DAYS * DAY


def _arrivals(reports: DataFrame, first: np.datetime64) -> dict[tuple[str, str], np.ndarray[Any, Any]]:
    summed = reports.groupby(["commodity", "state", "day"], sort=True)["arrivals"].sum().reset_index()
    long = int((reports["day"].max().to_datetime64().astype("datetime64[D]") - first) / DAY) + 1
    found = {}
    for (commodity, state), rows in summed.groupby(["commodity", "state"], sort=True):
        tonnes = np.zeros(long)
        tonnes[((rows["day"].to_numpy().astype("datetime64[D]") - first) / DAY).astype(int)] = rows[
            "arrivals"
        ]
        found[(str(commodity), str(state))] = tonnes
    return found


def _deals(tables: Mapping[str, DataFrame], daily: DataFrame) -> DataFrame:
    deals = tables["trades"].sort_values(["event_time", "trade_id"], kind="stable", ignore_index=True)
    state = daily.drop_duplicates("market").set_index("market")["state"]
    deals = deals.assign(state=deals["market"].map(state), firm=deals["supplier_id"], found=False)
    partners, cases, assays = tables.get("partners"), tables.get("fraud_cases"), tables.get("assays")
    if partners is not None and len(partners):
        names = partners.drop_duplicates("partner_id").set_index("partner_id")["name"]
        deals = deals.assign(firm=deals["supplier_id"].map(names).fillna(deals["supplier_id"]))
    if cases is not None and len(cases):
        deals = deals.assign(found=deals["trade_id"].isin(set(cases["trade_id"])))
    measured = [
        c for c in ("moisture_pct", "foreign_matter_pct") if assays is not None and c in assays.columns
    ]
    if assays is not None and measured:
        sheet = assays.drop_duplicates("lot_id").set_index("lot_id")[measured]
        deals = deals.join(sheet, on="lot_id")
    return deals.dropna(subset=["state"]).reset_index(drop=True)
