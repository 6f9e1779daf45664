"""Indian holidays and festivals as one frame per span of days: names once per day, windows around the ones that matter.

Dates come from the `holidays` library (MIT), which knows the moon-dated festivals of every year. Diwali is among them: the
frame is built once, every year of history and of the horizon is in it, and it is what Prophet and the trading calendar get.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mandi.core.errors import ConfigError

if TYPE_CHECKING:
    from pandas import DataFrame

DIWALI = "Diwali"
SPAN = 4  # years that are looked up together
ESTIMATED = " (estimated)"  # the moon is not sighted yet: the day itself is the best known
Days = np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]


@dataclass(frozen=True)
class FestivalParams:
    """Which days around a festival differ from others.

    Attributes
    ----------
    country : str
        ISO code, as the library takes it.
    windows : dict of str to (int, int)
        First and last day around a festival, in days from it. A short window: of a wide one most days have as many
        coefficients as there were festivals to learn them from.
    window : (int, int)
        Of all others. Moon-dated days differ by one between almanacs.
    prior_scale : float
        Of Prophet's holiday effects; smaller holds them closer to nothing.
    """

    country: str = "IN"
    windows: dict[str, tuple[int, int]] = field(default_factory=lambda: {DIWALI: (-3, 4)})
    window: tuple[int, int] = (-1, 1)
    prior_scale: float = 1.0

    def __post_init__(self) -> None:
        for name, (first, last) in {"window": self.window, **self.windows}.items():
            if first > 0 or last < 0:
                raise ConfigError(
                    f"window of {name} is {first} to {last}", allowed="from 0 or less to 0 or more"
                )

    def span(self, festival: str) -> tuple[int, int]:
        """Return the first and last day around a festival."""
        return self.windows.get(festival, self.window)


def festivals(first_year: int, last_year: int, params: FestivalParams | None = None) -> DataFrame:
    """Return every festival of some years, one row per name and day.

    Parameters
    ----------
    first_year, last_year : int
        Both included.
    params : FestivalParams, optional

    Returns
    -------
    DataFrame
        ``holiday``, ``ds`` (midnight without zone), ``lower_window``, ``upper_window`` (days), ``prior_scale``: what
        ``Prophet(holidays=...)`` takes. No name occurs twice on a day.

    Raises
    ------
    ConfigError
        The years are not in order.

    Examples
    --------
    >>> told = festivals(2023, 2026)
    >>> told.loc[told["holiday"] == "Diwali", "ds"].dt.strftime("%Y-%m-%d").tolist()
    ['2023-11-12', '2024-10-31', '2025-10-20', '2026-11-08']
    >>> int(told.duplicated(["holiday", "ds"]).sum())
    0
    """
    import pandas as pd

    chosen = params or FestivalParams()
    if first_year > last_year:
        raise ConfigError(f"years {first_year} to {last_year}", allowed="the earlier one first")
    named = _named(chosen.country, first_year, last_year)
    spans = [chosen.span(name) for name, _ in named]
    return pd.DataFrame(
        {
            "holiday": [name for name, _ in named],
            "ds": np.array([day for _, day in named], dtype="datetime64[ns]"),
            "lower_window": np.array([first for first, _ in spans], dtype=np.int64),
            "upper_window": np.array([last for _, last in spans], dtype=np.int64),
            "prior_scale": chosen.prior_scale,
        }
    )


def festival_places(days: Days, params: FestivalParams | None = None) -> np.ndarray:
    """Say for each day which festival it lies near and on which side: ``"Diwali-2"``, ``"Holi+0"``, or nothing.

    Where the windows of two festivals meet, the nearer one counts; of two as near, the one with a window of its own, then
    the first by name.

    Parameters
    ----------
    days : array of datetime64[D]
    params : FestivalParams, optional

    Examples
    --------
    >>> festival_places(np.array(["2024-10-29", "2024-08-15", "2024-07-30"], dtype="datetime64[D]")).tolist()
    ['Diwali-2', 'Independence Day+0', '']
    """
    chosen = params or FestivalParams()
    if len(days) == 0:
        return np.array([], dtype=object)
    year = days.astype("datetime64[Y]").astype(int) + 1970
    windows = tuple(sorted(chosen.windows.items()))
    first, told = _places(
        chosen.country,
        chosen.window,
        windows,
        int(year.min()) // SPAN * SPAN,
        int(year.max()) // SPAN * SPAN + SPAN,
    )
    found: np.ndarray = told[(days - first).astype(int)]
    return found


@lru_cache(maxsize=16)
def _places(
    country: str,
    window: tuple[int, int],
    windows: tuple[tuple[str, tuple[int, int]], ...],
    first: int,
    last: int,
) -> tuple[np.datetime64, np.ndarray]:
    own = dict(windows)
    start = np.datetime64(f"{first}-01-01", "D")
    told = np.full(int((np.datetime64(f"{last + 1}-01-01", "D") - start).astype(int)), "", dtype=object)
    ranks: dict[int, tuple[int, bool, str]] = {}
    for name, day in _named(country, first - 1, last + 1):
        before, after = own.get(name, window)
        for offset in range(before, after + 1):
            rank = (abs(offset), name not in own, f"{name}{offset:+d}")
            here = int((np.datetime64(day, "D") - start).astype(int)) + offset
            ranks[here] = min(rank, ranks.get(here, rank))
    for here, (_, _, place) in ranks.items():
        if 0 <= here < len(told):
            told[here] = place
    return start, told


@lru_cache(maxsize=32)
def _named(country: str, first_year: int, last_year: int) -> tuple[tuple[str, str], ...]:
    from holidays import country_holidays

    found = set()
    for day, names in country_holidays(
        country, years=range(first_year, last_year + 1), language="en_US"
    ).items():
        for name in names.split("; "):
            found.add((day.isoformat(), name.replace(ESTIMATED, "")))
    return tuple((name, day) for day, name in sorted(found))
