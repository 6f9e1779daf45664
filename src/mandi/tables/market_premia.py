"""What quality, variety, quantity and supplier add to a lot's price: log premia over the market's level of the day.

Shapes follow the trade's habit (length of cotton pays until it saturates, micronaire has a best band, strength pays
only with length, moisture and dirt cost beyond an allowance); sizes are set so that the spread of lots within a market
and day is what the min-max spread of real reports allows (docs/generated-market.md).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from mandi.tables.market_crops import COLORS, GRADE_CUTS, GRADES, crop

COLOR_PREMIUM = np.array([0.0, -0.008, -0.017, -0.028, -0.042])
GRADE_STEP = np.array([0.004, 0.0, -0.005, -0.012])
NEAR_PORT_KM = 450.0


def quality_premium(commodity: str, lots: pd.DataFrame) -> np.ndarray:
    """Return the log premium of the assayed quality.

    Parameters
    ----------
    commodity : str
        All rows are of this commodity.
    lots : DataFrame
        The assay columns of the commodity, ``color_grade`` for cotton, and ``distance_from_port_km``.

    Returns
    -------
    ndarray
        Log premium per row; about zero for a middling lot.

    Raises
    ------
    UnknownValue
        No such commodity.

    Examples
    --------
    >>> lot = pd.DataFrame({"iron_pct": [62.5], "silica_pct": [4.0], "moisture_pct": [6.0],
    ...                     "distance_from_port_km": [300.0]})
    >>> quality_premium("iron_ore", lot).round(3).tolist()
    [0.009]
    """
    crop(commodity)
    return PREMIA[commodity](lots)


def quantity_premium(commodity: str, quantity: np.ndarray) -> np.ndarray:
    """Return the log discount of large lots and of very small ones (quantity in quintals).

    Examples
    --------
    >>> quantity_premium("wheat", np.array([80.0, 320.0, 8.0])).round(4).tolist()
    [0.0, -0.0083, -0.0056]
    """
    relative = np.log(np.asarray(quantity, dtype=float) / crop(commodity).lot_quintals)
    return -(0.006 * np.maximum(relative, 0) + 0.007 * np.maximum(-relative - 1.5, 0)) + 0.0


def supplier_premium(credit_score: np.ndarray) -> np.ndarray:
    """Return the log premium a supplier's public credit score (0-100) earns; it saturates both ways.

    Examples
    --------
    >>> supplier_premium(np.array([30.0, 62.0, 95.0])).round(4).tolist()
    [-0.0078, 0.0, 0.0079]
    """
    return 0.0090 * np.tanh((np.asarray(credit_score, dtype=float) - 62.0) / 24.0)


def grade_premium(grade: np.ndarray) -> np.ndarray:
    """Return the log premium of the inspector's grade A, B, C or D.

    Examples
    --------
    >>> grade_premium(np.array(["A", "D"])).tolist()
    [0.004, -0.012]
    """
    return GRADE_STEP[np.searchsorted(GRADES, np.asarray(grade, dtype="U1"))]


def grading_index(commodity: str, lots: pd.DataFrame) -> np.ndarray:
    """Return the index on which lots are graded: about standard normal, higher is better.

    Parameters
    ----------
    commodity : str
    lots : DataFrame
        The assay columns of the commodity, and ``color_grade`` for cotton.

    Examples
    --------
    >>> lot = pd.DataFrame({"moisture_pct": [9.5], "foreign_matter_pct": [2.0], "protein_pct": [21.5]})
    >>> grading_index("tur", lot).tolist()
    [0.0]
    """
    total = np.zeros(len(lots))
    size = 0.0
    for attribute in crop(commodity).attributes:
        total += attribute.weight * (lots[attribute.column].to_numpy() - attribute.mean) / attribute.sd
        size += attribute.weight**2
    if commodity == "cotton":
        best_band = np.maximum(np.abs(lots["micronaire"].to_numpy() - 3.95) - 0.35, 0)
        total += -1.2 * best_band + 0.10 - 0.45 * (color_code(lots["color_grade"]) - 1.0)
        size += 0.30
    return total / np.sqrt(size)


def graded(index: np.ndarray) -> np.ndarray:
    """Return the grade of a grading index.

    Examples
    --------
    >>> graded(np.array([1.0, 0.0, -2.0])).tolist()
    ['A', 'B', 'D']
    """
    return np.array(GRADES, dtype=object)[
        np.searchsorted(-np.array(GRADE_CUTS), -np.asarray(index), side="left")
    ]


def color_code(color: pd.Series) -> np.ndarray:
    """Return the place of each colour in `market_crops.COLORS` (0 = white)."""
    return color.map({name: place for place, name in enumerate(COLORS)}).to_numpy(dtype=float)


def _excess(lots: pd.DataFrame, column: str, allowance: float) -> np.ndarray:
    return np.maximum(lots[column].to_numpy() - allowance, 0.0)


def _cotton(lots: pd.DataFrame) -> np.ndarray:
    staple, strength = lots["staple_length_mm"].to_numpy(), lots["fiber_strength"].to_numpy()
    length = 0.036 * np.tanh((staple - 28.0) / 3.0) - 0.008 * np.maximum(26.0 - staple, 0)
    near = lots["distance_from_port_km"].to_numpy() < NEAR_PORT_KM
    band = np.maximum(np.abs(lots["micronaire"].to_numpy() - 3.95) - 0.30, 0)
    strong = 0.004 * (strength - 28.5) * np.where(staple > 28.0, 1.0, 0.3)
    return (
        length * np.where(near, 1.25, 1.0)
        - 0.025 * band
        + strong
        + COLOR_PREMIUM[color_code(lots["color_grade"]).astype(int)]
        - 0.008 * _excess(lots, "moisture_pct", 8.5)
        - 0.008 * _excess(lots, "foreign_matter_pct", 2.5)
        + 0.010
    )


def _soybean(lots: pd.DataFrame) -> np.ndarray:
    return (
        0.006 * (lots["oil_pct"].to_numpy() - 19.2)
        + 0.002 * (lots["protein_pct"].to_numpy() - 39.0)
        - 0.008 * _excess(lots, "moisture_pct", 10.0)
        - 0.008 * _excess(lots, "foreign_matter_pct", 2.0)
        + 0.010
    )


def _tur(lots: pd.DataFrame) -> np.ndarray:
    dry = 1.0 - 0.5 * (lots["moisture_pct"].to_numpy() > 11.0)
    return (
        0.004 * (lots["protein_pct"].to_numpy() - 21.5) * dry
        - 0.004 * _excess(lots, "moisture_pct", 10.0)
        - 0.005 * _excess(lots, "foreign_matter_pct", 2.0)
        + 0.006
    )


def _wheat(lots: pd.DataFrame) -> np.ndarray:
    protein = lots["protein_pct"].to_numpy()
    return (
        0.006 * (protein - 11.6)
        + 0.006 * np.maximum(protein - 12.5, 0)
        - 0.007 * _excess(lots, "moisture_pct", 11.0)
        - 0.008 * _excess(lots, "foreign_matter_pct", 1.5)
        + 0.003
    )


def _maize(lots: pd.DataFrame) -> np.ndarray:
    wet = _excess(lots, "moisture_pct", 12.5)
    return (
        -0.006 * wet
        - 0.0015 * wet**2
        - 0.008 * _excess(lots, "foreign_matter_pct", 1.5)
        + 0.004 * (lots["protein_pct"].to_numpy() - 9.2)
        + 0.008
    )


def _iron_ore(lots: pd.DataFrame) -> np.ndarray:
    iron = lots["iron_pct"].to_numpy()
    rich = 0.012 / (1 + np.exp(-(iron - 62.0) / 0.4))
    return (
        0.016 * (iron - 61.5)
        + rich
        - 0.008 * _excess(lots, "silica_pct", 4.0)
        - 0.004 * _excess(lots, "moisture_pct", 6.0)
        - 0.016
    )


PREMIA: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "cotton": _cotton,
    "soybean": _soybean,
    "tur": _tur,
    "wheat": _wheat,
    "maize": _maize,
    "iron_ore": _iron_ore,
}
