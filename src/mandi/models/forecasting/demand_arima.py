"""ARIMA of one fixed order for the country's daily arrivals of each commodity: a row of the tables, not a candidate.

The coefficients are estimated once, on the last days before the test; at every origin the filter runs on over what was
known by then. Negative forecasts are raised to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FITTED_DAYS = 365
HORIZON = 30  # days; further ahead a fixed order says nothing but its mean
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def arima_forecasts(frame: DataFrame, rows: DataFrame, order: tuple[int, ...]) -> Series:
    """Forecast the rows that ask about the country, to 30 days ahead.

    Parameters
    ----------
    frame : DataFrame
        All questions: the labels of kind "day" are the history.
    rows : DataFrame
        Those to be answered.
    order : tuple of int
        p, d, q.

    Returns
    -------
    Series
        Tonnes on the index of ``rows``; missing for other places, further ahead, and where the fit fails.
    """
    import pandas as pd

    found = pd.Series(np.nan, index=rows.index)
    asked = rows[(rows["level"] == "country") & (rows["horizon_days"] <= HORIZON)]
    for commodity, own in asked.groupby("commodity", sort=True):
        days, tonnes = _history(frame, str(commodity))
        start = own["last_day"].min().to_datetime64().astype("datetime64[D]")
        fitted = _fit(tonnes[days <= start][-FITTED_DAYS:], order)
        if fitted is None:
            continue
        for _, part in own.groupby("last_day", sort=True):
            until = days <= part["last_day"].min().to_datetime64().astype("datetime64[D]")
            found[part.index] = _answers(fitted, tonnes[until][-FITTED_DAYS:], part)
    return found


def _answers(fitted: Any, past: Floats, part: DataFrame) -> Floats:
    ahead = np.maximum(np.asarray(fitted.forward(past, HORIZON)["mean"], dtype=float), 0.0)
    total = np.concatenate([[0.0], np.cumsum(ahead)])
    steps = part["steps"].to_numpy(dtype=int)
    span = np.where(part["kind"].to_numpy(dtype=object) == "week", 7, 1)
    inside = (steps <= HORIZON) & (steps >= span)
    last = np.where(inside, steps, 1)
    return np.where(inside, total[last] - total[np.where(inside, last - span, 0)], np.nan)


def _history(frame: DataFrame, commodity: str) -> tuple[np.ndarray, Floats]:
    mine = (frame["commodity"] == commodity) & (frame["level"] == "country") & (frame["kind"] == "day")
    told = frame[mine & frame["label"].notna()].drop_duplicates("target_day").sort_values("target_day")
    return told["target_day"].to_numpy().astype("datetime64[D]"), told["label"].to_numpy(dtype=float)


def _fit(tonnes: Floats, order: tuple[int, ...]) -> Any:
    from statsforecast.models import ARIMA

    p, d, q = order
    try:
        return ARIMA(order=(p, d, q), method="CSS-ML").fit(tonnes)
    except Exception:  # a baseline that cannot be fitted is a missing row, told by its count
        return None
