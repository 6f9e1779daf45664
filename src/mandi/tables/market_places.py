"""Places of the generated market: towns with states, coordinates (degrees) and road distance from the port (km)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.core.errors import ConfigError
from mandi.tables.market_crops import crop
from mandi.tables.market_params import MarketParams

EARTH_KM = 6371.0
ROAD_FACTOR = 1.25
"""Road kilometres per kilometre of great circle, assumed."""

TOWNS: tuple[tuple[str, str, str, float, float], ...] = (
    ("Rajkot", "Rajkot", "Gujarat", 22.30, 70.80), ("Gondal", "Rajkot", "Gujarat", 21.96, 70.80),
    ("Amreli", "Amreli", "Gujarat", 21.60, 71.22), ("Botad", "Botad", "Gujarat", 22.17, 71.67),
    ("Akola", "Akola", "Maharashtra", 20.71, 77.00), ("Amravati", "Amravati", "Maharashtra", 20.93, 77.75),
    ("Latur", "Latur", "Maharashtra", 18.40, 76.56), ("Nagpur", "Nagpur", "Maharashtra", 21.15, 79.09),
    ("Jalna", "Jalna", "Maharashtra", 19.84, 75.88), ("Yavatmal", "Yavatmal", "Maharashtra", 20.39, 78.13),
    ("Indore", "Indore", "Madhya Pradesh", 22.72, 75.86), ("Ujjain", "Ujjain", "Madhya Pradesh", 23.18, 75.78),
    ("Dewas", "Dewas", "Madhya Pradesh", 22.97, 76.05), ("Vidisha", "Vidisha", "Madhya Pradesh", 23.52, 77.81),
    ("Neemuch", "Neemuch", "Madhya Pradesh", 24.47, 74.87), ("Itarsi", "Narmadapuram", "Madhya Pradesh", 22.61, 77.76),
    ("Kota", "Kota", "Rajasthan", 25.18, 75.83), ("Baran", "Baran", "Rajasthan", 25.10, 76.52),
    ("Sri Ganganagar", "Sri Ganganagar", "Rajasthan", 29.92, 73.88),
    ("Khanna", "Ludhiana", "Punjab", 30.70, 76.22), ("Bathinda", "Bathinda", "Punjab", 30.21, 74.94),
    ("Sirsa", "Sirsa", "Haryana", 29.53, 75.02), ("Karnal", "Karnal", "Haryana", 29.69, 76.99),
    ("Hapur", "Hapur", "Uttar Pradesh", 28.73, 77.78), ("Kanpur", "Kanpur Nagar", "Uttar Pradesh", 26.45, 80.33),
    ("Jhansi", "Jhansi", "Uttar Pradesh", 25.45, 78.57),
    ("Kalaburagi", "Kalaburagi", "Karnataka", 17.33, 76.83), ("Raichur", "Raichur", "Karnataka", 16.21, 77.36),
    ("Davangere", "Davangere", "Karnataka", 14.46, 75.92),
    ("Warangal", "Warangal", "Telangana", 17.97, 79.59), ("Adilabad", "Adilabad", "Telangana", 19.67, 78.53),
    ("Guntur", "Guntur", "Andhra Pradesh", 16.31, 80.44), ("Adoni", "Kurnool", "Andhra Pradesh", 15.63, 77.27),
    ("Gulabbagh", "Purnia", "Bihar", 25.78, 87.49),
    ("Barbil", "Kendujhar", "Odisha", 22.12, 85.40), ("Joda", "Kendujhar", "Odisha", 22.02, 85.43),
    ("Noamundi", "West Singhbhum", "Jharkhand", 22.16, 85.50),
    ("Dalli Rajhara", "Balod", "Chhattisgarh", 20.58, 81.08), ("Kirandul", "Dantewada", "Chhattisgarh", 18.63, 81.26),
    ("Ballari", "Ballari", "Karnataka", 15.14, 76.92),
)  # fmt: skip
MINES = ("Barbil", "Joda", "Noamundi", "Dalli Rajhara", "Kirandul", "Ballari")
PORTS = ((22.74, 69.70), (18.95, 72.95), (21.08, 72.63), (15.25, 80.13), (20.26, 86.67), (17.69, 83.28))
"""Mundra, Nhava Sheva, Hazira, Krishnapatnam (approach), Paradip, Visakhapatnam."""


def kilometres(
    latitude: np.ndarray, longitude: np.ndarray, other_latitude: np.ndarray, other_longitude: np.ndarray
) -> np.ndarray:
    """Return great-circle distances in km (haversine), broadcasting its arguments.

    Examples
    --------
    >>> float(kilometres(np.array(22.72), np.array(75.86), np.array(23.18), np.array(75.78)).round())
    52.0
    """
    a, b = np.radians(latitude), np.radians(other_latitude)
    across = np.radians(other_longitude) - np.radians(longitude)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(across / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def places(params: MarketParams) -> pd.DataFrame:
    """Return the markets of the generated country.

    Beyond the forty named towns, satellites with a number after the name stand 20 to 60 km from their town.

    Returns
    -------
    DataFrame
        ``market, district, state, latitude, longitude, distance_from_port_km, size`` (relative volume, mean about 1).

    Raises
    ------
    ConfigError
        No town trades one of the commodities asked for.

    Examples
    --------
    >>> places(MarketParams(markets=4, commodities=("soybean",)))["market"].nunique()
    4
    """
    rng = params.rng("places")
    wanted = [town for town in TOWNS if any(_trades(town, name) for name in params.commodities)]
    if not wanted:
        raise ConfigError(f"no town trades {params.commodities}", allowed="commodities of market_crops.CROPS")
    order = np.argsort((np.arange(len(wanted)) * 0.6180339887498949) % 1.0, kind="stable")
    rows = []
    for number in range(params.markets):
        market, district, state, latitude, longitude = wanted[order[number % len(wanted)]]
        copy = number // len(wanted)
        if copy:
            angle, step = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.55)
            market = f"{market} {copy + 1}"
            latitude, longitude = latitude + step * np.sin(angle), longitude + step * np.cos(angle)
        rows.append((market, district, state, latitude, longitude))
    frame = pd.DataFrame(rows, columns=["market", "district", "state", "latitude", "longitude"])
    ports = np.array(PORTS)
    to_ports = kilometres(
        frame["latitude"].to_numpy()[:, None],
        frame["longitude"].to_numpy()[:, None],
        ports[:, 0],
        ports[:, 1],
    )
    frame["distance_from_port_km"] = (to_ports.min(axis=1) * ROAD_FACTOR).round(1)
    frame["size"] = np.exp(rng.normal(0, 0.7, len(frame)) - 0.245)
    return frame.sort_values("market", kind="stable").reset_index(drop=True)


def cells(params: MarketParams, towns: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of commodity and market in which there is trade, commodity by commodity.

    A town trades a commodity of its state in 19 cases of 20; each commodity has at least two markets.

    Returns
    -------
    DataFrame
        ``commodity`` and the columns of `places`; ``size`` is the relative volume of the pair.
    """
    rng = params.rng("places")
    rng = np.random.default_rng(rng.integers(2**32, size=4))
    parts = []
    for name in params.commodities:
        able = np.array(
            [_trades((m, "", s), name) for m, s in zip(towns["market"], towns["state"], strict=True)]
        )
        drawn = rng.random(len(towns))
        size = np.exp(rng.normal(0, 0.5, len(towns)) - 0.125)
        power = 0.4 if name == "iron_ore" else 1.0
        chosen = able & ((drawn < 0.95) | (name == "iron_ore"))
        if chosen.sum() < 2:
            candidates = np.flatnonzero(able) if able.sum() >= 2 else np.arange(len(towns))
            chosen[candidates[:2]] = True
        part = towns.loc[chosen].copy()
        part.insert(0, "commodity", name)
        part["size"] = (part["size"] * size[chosen]) ** power
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _trades(town: tuple[object, ...], commodity: str) -> bool:
    name = str(town[0])
    mine = any(name == m or name.startswith(f"{m} ") for m in MINES)
    return str(town[2]) in crop(commodity).states and mine == (commodity == "iron_ore")
