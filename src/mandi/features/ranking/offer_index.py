"""An index over open offers: built once, then a want meets only the offers near enough and cheap enough, never all of them.

Offers of a commodity lie market by market, and in a market by their ask. A want visits the markets within its distance
and takes the beginning of each up to its price ceiling: one binary search per market.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mandi.tables.market_places import kilometres

if TYPE_CHECKING:
    from pandas import DataFrame

Rows = NDArray[np.intp]
MOST_KEPT = 10_000  # places whose distances are kept


@dataclass(frozen=True)
class _Shelf:
    """Offers of one commodity, sorted by market and ask."""

    rows: Rows
    asks: NDArray[np.float64]
    starts: Rows  # of each market, and the end
    names: dict[str, int]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]


class OfferIndex:
    """Finds offers of a commodity by distance and price.

    Parameters
    ----------
    offers : DataFrame
        offer_commodity, offer_market, offer_latitude, offer_longitude (degrees), ask_price (INR/quintal).

    Examples
    --------
    >>> import pandas as pd
    >>> offers = pd.DataFrame({"offer_commodity": "tur", "offer_market": ["Kota", "Dewas", "Dewas"],
    ...     "offer_latitude": [25.2, 23.0, 23.0], "offer_longitude": [75.8, 76.1, 76.1], "ask_price": [6900.0, 7100.0, 7000.0]})
    >>> index = OfferIndex(offers)
    >>> index.near("tur", "Dewas", 23.0, 76.1, 100.0, 7050.0).tolist()
    [2]
    >>> index.near("tur", "Dewas", 23.0, 76.1, None, 7050.0).tolist()
    [0, 2]
    """

    def __init__(self, offers: DataFrame) -> None:
        self._shelves: dict[str, _Shelf] = {}
        self._distances: dict[tuple[str, str, float, float], NDArray[np.float64]] = {}
        columns: dict[str, Any] = {name: offers[name].to_numpy() for name in (
            "offer_market", "offer_latitude", "offer_longitude", "ask_price")}  # fmt: skip
        for name, places in offers.groupby("offer_commodity", sort=True).indices.items():
            rows = np.asarray(places, dtype=np.intp)
            market = columns["offer_market"][rows].astype(str)
            names, code = np.unique(market, return_inverse=True)
            order = np.lexsort((rows, columns["ask_price"][rows], code))
            held, code = rows[order], code[order]
            starts = np.searchsorted(code, np.arange(len(names) + 1))
            first = held[starts[:-1]]
            self._shelves[str(name)] = _Shelf(
                held, columns["ask_price"][held].astype(float), starts, {str(n): i for i, n in enumerate(names)},
                columns["offer_latitude"][first].astype(float), columns["offer_longitude"][first].astype(float),
            )  # fmt: skip

    @property
    def commodities(self) -> dict[str, int]:
        """Commodities and how many offers of each are held."""
        return {name: len(shelf.rows) for name, shelf in self._shelves.items()}

    def near(
        self,
        commodity: str,
        market: str,
        latitude: float,
        longitude: float,
        farthest_km: float | None,
        ceiling: float,
    ) -> Rows:
        """Return rows of offers within a distance whose ask is not above the ceiling, in rising order.

        Parameters
        ----------
        commodity, market : str
            The market itself is at distance 0, wherever it lies.
        latitude, longitude : float
            Degrees; NaN where the place is not known.
        farthest_km : float or None
            None takes any distance.
        ceiling : float
            INR/quintal.
        """
        shelf = self._shelves.get(commodity)
        if shelf is None:
            return np.empty(0, dtype=np.intp)
        visited = np.arange(len(shelf.latitude))
        if farthest_km is not None:
            visited = np.flatnonzero(
                self._apart(commodity, shelf, market, latitude, longitude) <= farthest_km
            )
        found = []
        for place in visited.tolist():
            begin, end = shelf.starts[place], shelf.starts[place + 1]
            found.append(shelf.rows[begin : begin + shelf.asks[begin:end].searchsorted(ceiling, "right")])
        return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.intp)

    def of(self, commodity: str) -> Rows:
        """Return rows of all offers of a commodity: to say why none of them will do."""
        shelf = self._shelves.get(commodity)
        return np.sort(shelf.rows) if shelf is not None else np.empty(0, dtype=np.intp)

    def _apart(
        self, commodity: str, shelf: _Shelf, market: str, latitude: float, longitude: float
    ) -> NDArray[np.float64]:
        key = (commodity, market, latitude, longitude)
        if key not in self._distances:
            apart = kilometres(np.array(latitude), np.array(longitude), shelf.latitude, shelf.longitude)
            if market in shelf.names:
                apart[shelf.names[market]] = 0.0
            if len(self._distances) >= MOST_KEPT:
                self._distances.clear()
            self._distances[key] = apart
        return self._distances[key]
