"""What a laboratory measures of a lot: names, units, the colour as a number, and which values a commodity's standard allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mandi.core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    Columns = Mapping[str, Any] | DataFrame
    Numbers = NDArray[np.float64]
    Flags = NDArray[np.bool_]

UNITS: dict[str, str] = {
    "staple_length_mm": "mm",
    "micronaire": "",
    "fiber_strength": "g/tex",
    "moisture_pct": "%",
    "foreign_matter_pct": "%",
    "oil_pct": "%",
    "protein_pct": "%",
    "iron_pct": "% Fe",
    "silica_pct": "% SiO2",
}
NUMBERS = tuple(UNITS)
COLOR, COLOR_CODE = "color_grade", "color_code"
MEASURES = (*NUMBERS, COLOR_CODE)
"""Every measure as a number; what a commodity is not measured by is missing."""

Limits = Mapping[str, Mapping[str, tuple[float, ...]]]


@dataclass(frozen=True)
class MeasureParams:
    """What can be measured at all.

    Attributes
    ----------
    colors : tuple of str
        Colours of cotton from the best, words joined by ``_``; a colour not listed is not valid.
    limits : mapping of commodity to mapping of measure to (lowest, highest)
        Values the commodity's standard can hold; outside them a value is an error of the instrument or of the pen, it
        is told and not used. A measure that is not listed has no limits.
    """

    colors: tuple[str, ...] = ("white", "light_spotted", "spotted", "tinged", "yellow_stained")
    limits: dict[str, dict[str, tuple[float, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for commodity, own in self.limits.items():
            for name, pair in own.items():
                where = f"limits.{commodity}.{name}"
                if name not in NUMBERS:
                    raise ConfigError(
                        f'"{where}" is no measure{nearest(name, NUMBERS)}', allowed=", ".join(NUMBERS)
                    )
                if len(pair) != 2 or not pair[0] < pair[1]:
                    raise ConfigError(f'"{where}" is {list(pair)}', allowed="[lowest, highest]")


def measured(asked: Columns, params: MeasureParams) -> tuple[dict[str, Numbers], dict[str, Flags]]:
    """Return every measure as a number, and which values given are not valid.

    Parameters
    ----------
    asked : DataFrame or mapping of name to column
        ``commodity`` and, as far as measured, the columns of ``NUMBERS`` and ``color_grade``.
    params : MeasureParams

    Returns
    -------
    values : dict of name to array
        ``MEASURES`` (units of ``UNITS``; colour 0 for the best), float64 of shape (n,); what is missing or not valid is
        missing.
    refused : dict of name to array
        The same names, True where a value was given that is not valid.

    Examples
    --------
    >>> lots = pd.DataFrame({"commodity": ["wheat", "cotton"], "moisture_pct": [99.0, 8.1], "color_grade": [None, "Light spotted"]})
    >>> values, refused = measured(lots, MeasureParams(limits={"wheat": {"moisture_pct": (2.0, 30.0)}}))
    >>> values["moisture_pct"].tolist(), values["color_code"].tolist()
    ([nan, 8.1], [nan, 1.0])
    >>> refused["moisture_pct"].tolist()
    [True, False]
    """
    columns: dict[str, Numbers] = {}
    refused: dict[str, Flags] = {}
    lowest, highest = _bounds(np.asarray(asked["commodity"], dtype=object), params.limits)
    nothing = np.full(len(asked["commodity"]), np.nan)
    for name in NUMBERS:
        given = np.asarray(asked[name], dtype=np.float64) if name in asked else nothing
        bad = (given < lowest[name]) | (given > highest[name]) | np.isinf(given)
        columns[name], refused[name] = np.where(bad, np.nan, given), bad
    words = (
        np.asarray(asked[COLOR], dtype=object)
        if COLOR in asked
        else np.full(len(nothing), None, dtype=object)
    )
    columns[COLOR_CODE], refused[COLOR_CODE] = _colors(words, params.colors)
    return columns, refused


def _bounds(commodities: NDArray[Any], limits: Limits) -> tuple[dict[str, Any], dict[str, Any]]:
    codes, names = pd.factorize(commodities, use_na_sentinel=True)
    lowest, highest = {}, {}
    for name in NUMBERS:
        pairs = [limits.get(str(c), {}).get(name, (-np.inf, np.inf)) for c in names] + [(-np.inf, np.inf)]
        both = np.array(pairs, dtype=np.float64)[codes]
        lowest[name], highest[name] = both[:, 0], both[:, 1]
    return lowest, highest


def _colors(words: NDArray[Any], colors: tuple[str, ...]) -> tuple[Numbers, Flags]:
    codes, names = pd.factorize(words, use_na_sentinel=True)
    places = {name: float(place) for place, name in enumerate(colors)}
    known = np.array([places.get(plain_color(str(name)), np.nan) for name in names] + [np.nan])
    values = known[codes]
    return values, (codes >= 0) & np.isnan(values)


def plain_color(text: str) -> str:
    """Return a colour as it is compared.

    Examples
    --------
    >>> plain_color(" Light spotted")
    'light_spotted'
    """
    return "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
