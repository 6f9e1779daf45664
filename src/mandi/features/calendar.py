"""Calendar of a trading day: month, quarter, weekday, day of year, harvest season and days since it began."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.core.errors import ConfigError
from mandi.core.frames import factorized

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("month", "quarter", "day_of_week", "day_of_year", "is_harvest_season", "days_since_harvest_start")
INDIA = np.timedelta64(5 * 60 + 30, "m")


@dataclass(frozen=True)
class CalendarParams:
    """First and last month of the harvest of each commodity; an empty list means that it has none.

    ``default`` is for commodities not named. The kharif crops come in from October; wheat is cut from April.
    """

    default: tuple[int, ...] = (10, 1)
    harvest: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, months in {"default": self.default, **self.harvest}.items():
            if len(months) not in (0, 2) or not all(1 <= m <= 12 for m in months):
                raise ConfigError(
                    f"harvest of {name} is {list(months)}", allowed="[first month, last month] or []"
                )

    def months(self, commodity: str) -> tuple[int, ...]:
        """Return the first and last month of a commodity's harvest, or nothing."""
        return self.harvest.get(commodity, self.default)


def trading_day(moments: pd.Series) -> pd.Series:
    """Return the Indian trading day a moment belongs to; midnight in India closes the day before.

    Parameters
    ----------
    moments : Series
        UTC times.

    Returns
    -------
    Series
        Midnights without time zone.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.Series(pd.to_datetime(["2024-03-01 06:00", "2024-03-01 18:30", "2024-03-01 18:31"], utc=True))
    >>> trading_day(times).dt.day.tolist()
    [1, 1, 2]
    """
    days = trading_dates(moments.to_numpy(dtype="datetime64[ns]"))  # of times with zone, UTC
    return pd.Series(days.astype("datetime64[ns]"), index=moments.index)


def trading_dates(moments: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return :func:`trading_day` of times (UTC) without zone, as dates."""
    return (moments + INDIA - np.timedelta64(1, "ns")).astype("datetime64[D]")


def calendar_features(days: pd.Series, commodities: pd.Series, params: CalendarParams) -> pd.DataFrame:
    """Describe trading days by the calendar; everything here is known any time before.

    Parameters
    ----------
    days : Series
        Midnights without time zone.
    commodities : Series
        Names of commodities, on the same index.
    params : CalendarParams

    Returns
    -------
    DataFrame
        ``month`` (1-12), ``quarter`` (1-4), ``day_of_week`` (0 = Monday), ``day_of_year`` (1-366),
        ``is_harvest_season`` (0 or 1), ``days_since_harvest_start`` (0 on the first day; missing without a harvest).

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.Series(pd.to_datetime(["2024-10-01", "2024-09-30", "2024-01-31"]))
    >>> found = calendar_features(days, pd.Series(["cotton"] * 3), CalendarParams())
    >>> found[["is_harvest_season", "days_since_harvest_start"]].to_numpy().tolist()
    [[1.0, 0.0], [0.0, 365.0], [1.0, 122.0]]
    """
    found = calendar_numbers(days.to_numpy(dtype="datetime64[D]"), commodities.to_numpy(dtype=object), params)
    return pd.DataFrame(found, index=days.index)


def calendar_numbers(
    day: NDArray[np.datetime64], commodities: NDArray[np.object_], params: CalendarParams
) -> dict[str, NDArray[np.float64]]:
    """Return the columns of :func:`calendar_features` by their names.

    Parameters
    ----------
    day : array of dates
    commodities : array of names
    params : CalendarParams
    """
    year = day.astype("datetime64[Y]")
    month = (day.astype("datetime64[M]") - year.astype("datetime64[M]")).astype(np.int64) + 1
    codes, names = factorized(commodities)
    spans = [*(params.months(str(name)) for name in names), params.default]  # the last is of a missing name
    opening = np.array([span[0] if span else 0 for span in spans], dtype=np.int64)[codes]
    closing = np.array([span[1] if span else 0 for span in spans], dtype=np.int64)[codes]
    return {
        "month": month.astype(float),
        "quarter": ((month - 1) // 3 + 1).astype(float),
        "day_of_week": ((day.astype(np.int64) + 3) % 7).astype(float),
        "day_of_year": (day - year).astype(np.int64) + 1.0,
        "is_harvest_season": _in_season(month, opening, closing).astype(float),
        "days_since_harvest_start": _since_start(day, year, month, opening),
    }


def _in_season(
    month: NDArray[np.int64], opening: NDArray[np.int64], closing: NDArray[np.int64]
) -> NDArray[np.bool_]:
    around = np.where(
        opening <= closing, (month >= opening) & (month <= closing), (month >= opening) | (month <= closing)
    )
    return np.asarray((opening > 0) & around)


def _since_start(
    day: NDArray[np.datetime64],
    year: NDArray[np.datetime64],
    month: NDArray[np.int64],
    opening: NDArray[np.int64],
) -> NDArray[np.float64]:
    season_year = year - (month < opening).astype(np.int64)
    start = (season_year.astype("datetime64[M]") + np.maximum(opening - 1, 0)).astype("datetime64[D]")
    return np.where(opening > 0, (day - start).astype(np.int64), np.nan)
