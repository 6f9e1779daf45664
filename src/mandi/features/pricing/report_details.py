"""What a market's day of reports says beside its modal price, and its market's running mean of such figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Floats = NDArray[np.float64]


def report_details(reports: DataFrame, price: DataFrame) -> dict[str, Floats]:
    """Lay out the details of every market's day.

    Parameters
    ----------
    reports : DataFrame
        day, market, min_price, max_price (INR/quintal); varieties of a day are taken by their medians.
    price : DataFrame
        Modal price, days x markets; details without one are left out.

    Returns
    -------
    dict
        spread, log of max over min price, and middle, log of their middle over the modal price: days x markets, NaN
        where not known.

    Examples
    --------
    >>> import pandas as pd
    >>> reports = pd.DataFrame({"day": [1], "market": "Indore", "min_price": [3900.0], "max_price": [4100.0]})
    >>> found = report_details(reports, pd.DataFrame({"Indore": [4000.0]}, index=[1]))
    >>> round(float(found["spread"][0, 0]), 3), float(found["middle"][0, 0])
    (0.05, 0.0)
    """
    grouped = reports.groupby(["day", "market"], observed=True)
    modal = price.to_numpy(np.float64)

    def wide(values: Series) -> Floats:
        known = values.unstack().reindex(index=price.index, columns=price.columns).to_numpy(np.float64)
        return np.where(np.isfinite(modal) & (known > 0), known, np.nan)

    low, high = wide(grouped["min_price"].median()), wide(grouped["max_price"].median())
    return {
        "spread": np.clip(np.log(np.where(high >= low, high / low, np.nan)), 0.0, 1.0),
        "middle": np.clip(np.log((low + high) / 2.0 / modal), -1.0, 1.0),
    }


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
