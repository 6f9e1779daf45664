"""Trading days of the generated market: Sundays, national holidays and the moon-dated festivals Holi and Diwali.

New moons follow the mean synodic month from the one of 2000-01-06 18:14 UTC; festivals may be a day off the almanac.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SYNODIC_DAYS = 29.530588853
FIRST_NEW_MOON = pd.Timestamp("2000-01-06 18:14")
FIXED_HOLIDAYS = ((1, 26), (5, 1), (8, 15), (10, 2))


def new_moons(start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """Return the days (India time) of the mean new moons between two days.

    Examples
    --------
    >>> new_moons(pd.Timestamp("2023-11-01"), pd.Timestamp("2023-11-30"))[0].date()
    datetime.date(2023, 11, 13)
    """
    first = int(np.floor((start - FIRST_NEW_MOON) / pd.Timedelta(days=SYNODIC_DAYS))) - 1
    last = int(np.ceil((end - FIRST_NEW_MOON) / pd.Timedelta(days=SYNODIC_DAYS))) + 1
    moons = pd.DatetimeIndex(
        [FIRST_NEW_MOON + pd.Timedelta(days=SYNODIC_DAYS * k, hours=5.5) for k in range(first, last)]
    ).normalize()
    return moons[(moons >= start) & (moons <= end)]


def diwali_days(years: range) -> dict[int, pd.Timestamp]:
    """Return the new moon nearest to the first days of November of each year.

    Examples
    --------
    >>> {y: str(d.date()) for y, d in diwali_days(range(2023, 2025)).items()}
    {2023: '2023-11-13', 2024: '2024-11-01'}
    """
    return {year: new_moons(pd.Timestamp(year, 10, 17), pd.Timestamp(year, 11, 15))[0] for year in years}


def calendar(start: str, days: int) -> pd.DataFrame:
    """Return one row per day: how open the markets are and how near Diwali is.

    Parameters
    ----------
    start : str
        First day, ISO.
    days : int
        Number of days.

    Returns
    -------
    DataFrame
        ``day`` (tz-naive midnight), ``weekday``, ``day_of_year``, ``openness`` (share of markets that trade:
        1 on a working day, .30 on a Sunday, .05 on a holiday), ``to_diwali`` (days to the nearest Diwali, signed).

    Examples
    --------
    >>> calendar("2023-08-14", 2)["openness"].tolist()
    [1.0, 0.05]
    """
    day = pd.date_range(start, periods=days, freq="D")
    years = range(day[0].year - 1, day[-1].year + 2)
    diwali = pd.DatetimeIndex(list(diwali_days(years).values()))
    gaps = (day.to_numpy()[:, None] - diwali.to_numpy()[None, :]) / np.timedelta64(1, "D")
    to_diwali = gaps[np.arange(days), np.abs(gaps).argmin(axis=1)]
    holi = [
        new_moons(pd.Timestamp(y, 2, 12), pd.Timestamp(y, 3, 13))[0] + pd.Timedelta(days=15) for y in years
    ]
    openness = np.ones(days)
    openness[day.dayofweek == 6] = 0.30
    fixed = np.isin(day.month * 100 + day.day, [m * 100 + d for m, d in FIXED_HOLIDAYS])
    closed = fixed | day.isin(holi) | ((to_diwali >= -1) & (to_diwali <= 3)) | (to_diwali == -20)
    openness[closed] = 0.05
    return pd.DataFrame(
        {
            "day": day,
            "weekday": day.dayofweek.to_numpy(),
            "day_of_year": day.dayofyear.to_numpy(),
            "openness": openness,
            "to_diwali": to_diwali,
        }
    )


def end_of_day(day: pd.Series | pd.DatetimeIndex) -> pd.Series:
    """Return the moment a trading day ends in India: 18:30 UTC of that day, tz-aware.

    Examples
    --------
    >>> end_of_day(pd.Series([pd.Timestamp("2024-05-01")]))[0]
    Timestamp('2024-05-01 18:30:00+0000', tz='UTC')
    """
    naive = pd.Series(pd.DatetimeIndex(day)).reset_index(drop=True)
    return (naive + pd.Timedelta(hours=18, minutes=30)).dt.tz_localize("UTC").astype("datetime64[ns, UTC]")
