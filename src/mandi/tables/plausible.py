"""How far a modal price (INR per quintal) is from what the country paid lately, without looking ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mandi.tables.settings import Plausibility


def national_ratio(reports: pd.DataFrame, params: Plausibility) -> pd.Series:
    """Return modal price over the national median of the days before.

    Only days strictly before a report's own count, so that the judgement of a report never depends on what
    other markets, or later days, say.

    Parameters
    ----------
    reports : DataFrame
        ``commodity``, ``event_time`` (end of the trading day, UTC), ``modal_price`` (INR per quintal, > 0).
    params : Plausibility

    Returns
    -------
    Series
        Index of ``reports``; missing where fewer than ``min_reports`` prices lie in the window.

    Examples
    --------
    >>> day = pd.to_datetime(["2024-01-01 18:30"] * 5 + ["2024-01-02 18:30"], utc=True)
    >>> seen = pd.DataFrame({"commodity": "cotton", "event_time": day, "modal_price": [7000.0] * 5 + [47500.0]})
    >>> national_ratio(seen, Plausibility()).round(2).tolist()
    [nan, nan, nan, nan, nan, 6.79]
    """
    ratio = pd.Series(np.nan, index=reports.index)
    for _, rows in reports.groupby("commodity", sort=False, observed=True).indices.items():
        of_one = reports.iloc[rows]
        day = of_one["event_time"].dt.normalize().to_numpy(dtype="datetime64[D]").astype(np.int64)
        price = of_one["modal_price"].to_numpy(dtype=float)
        order = np.argsort(day, kind="stable")
        ordered = price[order]
        days, back = np.unique(day, return_inverse=True)
        first = np.searchsorted(day[order], days - params.window_days)
        last = np.searchsorted(day[order], days)
        median = np.array(
            [
                np.median(ordered[a:b]) if b - a >= max(1, params.min_reports) else np.nan
                for a, b in zip(first, last)
            ]
        )
        ratio.iloc[rows] = price / median[back]
    return ratio
