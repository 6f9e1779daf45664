"""What a day's report says beside its modal price, and how far that puts the price in doubt (a factor on its variance).

Few arrivals, a range wider than the market's usual one, or none at all (min = max) go with noisier modal prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import DataFrame

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DoubtParams:
    """How a report's noise variance follows its details.

    Attributes
    ----------
    thin_power : float
        Variance falls with arrivals relative to the market's usual ones to this power.
    least_range, most_range : float
        Variance grows with the range (log max / min) relative to the market's usual one, within these factors.
    flat : float
        Factor where min = max.
    memory : float
        Reports over which a market's usual arrivals and range are averaged.
    """

    thin_power: float = 0.4
    least_range: float = 0.8
    most_range: float = 4.0
    flat: float = 2.0
    memory: float = 60.0


@dataclass(frozen=True)
class ReportDetails:
    """Days x markets, NaN without a report or without the figure.

    Attributes
    ----------
    turnover : log of arrivals over the market's usual arrivals before that day.
    spread : log of max / min price.
    middle : log of the middle of min and max over the modal price.
    doubt : factor on the noise variance of the report, 1 where nothing is known.
    """

    turnover: Floats
    spread: Floats
    middle: Floats
    doubt: Floats


def report_details(reports: DataFrame, price: DataFrame, params: DoubtParams) -> ReportDetails:
    """Gather the details of every market's day.

    Parameters
    ----------
    reports : DataFrame
        day, market, min_price, max_price (INR/quintal) and, where known, arrivals (tonnes); varieties of a day are
        taken by the median of their prices and the sum of their arrivals.
    price : DataFrame
        Modal price, days x markets; details without one are left out.
    params : DoubtParams

    Returns
    -------
    ReportDetails
        Each row depends on reports up to its day only; "usual" means before it.

    Examples
    --------
    >>> import pandas as pd
    >>> reports = pd.DataFrame({"day": [1, 2, 3], "market": "Indore", "min_price": [3900.0, 3900.0, 4000.0],
    ...     "max_price": [4100.0, 4500.0, 4000.0], "arrivals": [100.0, 100.0, 50.0]})
    >>> price = pd.DataFrame({"Indore": [4000.0, 4200.0, 4000.0]}, index=[1, 2, 3])
    >>> report_details(reports, price, DoubtParams()).doubt[:, 0].round(2).tolist()
    [1.0, 2.86, 2.64]
    """
    import pandas as pd

    if "arrivals" not in reports:
        reports = reports.assign(arrivals=np.nan)
    there = np.isfinite(price.to_numpy(np.float64))
    grouped = reports.groupby(["day", "market"], observed=True)

    def wide(values: pd.Series) -> Floats:
        table = values.unstack().reindex(index=price.index, columns=price.columns)
        known = table.to_numpy(np.float64, na_value=np.nan)
        return np.where(there & (known > 0), known, np.nan)

    low, high = wide(grouped["min_price"].median()), wide(grouped["max_price"].median())
    size = np.log(wide(grouped["arrivals"].sum(min_count=1)))
    turnover = np.clip(size - yesterday(recent_mean(size, params.memory)), -3.0, 3.0)
    spread = np.clip(np.log(np.where(high >= low, high / low, np.nan)), 0.0, 1.0)
    middle = np.clip(np.log((low + high) / 2.0 / price.to_numpy(np.float64)), -1.0, 1.0)
    usual = np.maximum(yesterday(recent_mean(spread, params.memory)), 0.01)
    wider = np.clip(np.nan_to_num(spread / usual, nan=1.0), params.least_range, params.most_range)
    doubt = np.where(spread < 0.002, params.flat, wider) * np.exp(
        -params.thin_power * np.nan_to_num(turnover)
    )
    return ReportDetails(turnover, spread, middle, doubt)


def recent_mean(values: Floats, reports: float) -> Floats:
    """Average each column's values so far, the last ``reports`` of them at full weight; NaN are passed over.

    Examples
    --------
    >>> recent_mean(np.array([[1.0], [np.nan], [3.0]]), 60.0)[:, 0].tolist()
    [1.0, 1.0, 2.0]
    """
    mean, count = np.full(values.shape[1], np.nan), np.zeros(values.shape[1])
    found = np.empty_like(values)
    for day, row in enumerate(values):
        there = np.isfinite(row)
        count += there
        start = np.where(count > 1, mean, 0.0)
        mean = np.where(there, start + (row - start) / np.minimum(np.maximum(count, 1.0), reports), mean)
        found[day] = mean
    return found


def yesterday(values: Floats) -> Floats:
    """Shift rows by one day; the first row is NaN.

    Examples
    --------
    >>> yesterday(np.array([[1.0], [2.0]]))[:, 0].tolist()
    [nan, 1.0]
    """
    return np.concatenate([np.full((1, *values.shape[1:]), np.nan), values[:-1]])


def carried(values: Floats) -> Floats:
    """Carry each column's last known value forward.

    Examples
    --------
    >>> carried(np.array([[np.nan], [2.0], [np.nan]]))[:, 0].tolist()
    [nan, 2.0, 2.0]
    """
    there = np.isfinite(values)
    place = np.maximum.accumulate(np.where(there, np.arange(len(values))[:, None], 0), axis=0)
    return np.take_along_axis(values, place, axis=0)
