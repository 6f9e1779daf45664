"""Errors (INR per quintal) by commodity, market and season, with the worst slice named."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEASONS = {
    "harvest (Oct-Jan)": (10, 11, 12, 1),
    "spring (Feb-May)": (2, 3, 4, 5),
    "monsoon (Jun-Sep)": (6, 7, 8, 9),
}
DIMENSIONS = ("commodity", "market", "season")


def season(day: pd.Series) -> pd.Series:
    """Name the season of the Indian market year of each day.

    Examples
    --------
    >>> season(pd.Series(pd.to_datetime(["2024-01-31", "2024-02-01", "2024-07-15"]))).tolist()
    ['harvest (Oct-Jan)', 'spring (Feb-May)', 'monsoon (Jun-Sep)']
    """
    name = {month: label for label, months in SEASONS.items() for month in months}
    return pd.to_datetime(day).dt.month.map(name).rename("season")


def slices(rows: pd.DataFrame, min_rows: int = 100) -> pd.DataFrame:
    """Measure every slice of every question.

    Parameters
    ----------
    rows : DataFrame
        One row per answered question: ``kind, horizon_days, commodity, market, target_day, label, predicted_price``
        and, where there are any, ``baseline`` (INR per quintal, NaN where none), ``lower_bound_95, upper_bound_95``.
    min_rows : int
        A slice with fewer rows is shown but is never called the worst.

    Returns
    -------
    DataFrame
        ``kind, horizon_days, dimension, value, rows, mae, bias`` (mean of predicted - true), ``mape`` (percent),
        ``baseline_mae, skill, coverage95, worst``. ``skill`` compares on the rows that have a baseline. One worst
        slice per question (kind and horizon): the one of least skill, or of most MAPE where nothing has a baseline.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": "lot", "horizon_days": 0, "commodity": ["cotton", "tur"], "market": ["Kadi", "Latur"],
    ...     "target_day": pd.Timestamp("2024-03-01"), "label": [7000.0, 9000.0], "predicted_price": [7010.0, 9100.0],
    ...     "baseline": [7050.0, 9050.0]})
    >>> table = slices(rows, min_rows=1)
    >>> table.loc[table["worst"], ["dimension", "value", "skill"]].values.tolist()
    [['commodity', 'tur', -1.0]]
    """
    error = rows["predicted_price"] - rows["label"]
    off = (
        (rows["baseline"] - rows["label"]).abs()
        if "baseline" in rows
        else pd.Series(np.nan, index=rows.index)
    )
    per_row = pd.DataFrame(
        {
            "kind": rows["kind"].astype(str),
            "horizon_days": rows["horizon_days"],
            "commodity": rows["commodity"].astype(str),
            "market": rows["commodity"].astype(str) + " / " + rows["market"].astype(str),
            "season": season(rows["target_day"]),
            "rows": 1,
            "mae": error.abs(),
            "bias": error,
            "mape": 100.0 * error.abs() / rows["label"],
            "baseline_mae": off,
            "compared": error.abs().where(off.notna()),
            "coverage95": _covered(rows),
        },
        index=rows.index,
    )
    tables = [_of(per_row, dimension) for dimension in DIMENSIONS]
    table = pd.concat(tables, ignore_index=True)
    table["skill"] = (
        1.0 - table["compared"] / table["baseline_mae"].where(table["baseline_mae"] > 0)
    ).astype(float)
    table["worst"] = False
    for _, group in table[table["rows"] >= min_rows].groupby(["kind", "horizon_days"], sort=True):
        if group["skill"].notna().any():
            table.loc[group["skill"].idxmin(), "worst"] = True
        elif group["mape"].notna().any():
            table.loc[group["mape"].idxmax(), "worst"] = True
    order = ["kind", "horizon_days", "dimension", "value", "rows", "mae", "bias", "mape"]
    return table[[*order, "baseline_mae", "skill", "coverage95", "worst"]]


def _of(per_row: pd.DataFrame, dimension: str) -> pd.DataFrame:
    means = ["mae", "bias", "mape", "baseline_mae", "compared", "coverage95"]
    grouped = per_row.groupby(["kind", "horizon_days", dimension], sort=True)
    table = grouped[means].mean().join(grouped["rows"].sum()).reset_index()
    return table.rename(columns={dimension: "value"}).assign(dimension=dimension)


def _covered(rows: pd.DataFrame) -> pd.Series:
    if "lower_bound_95" not in rows or "upper_bound_95" not in rows:
        return pd.Series(np.nan, index=rows.index)
    inside = (rows["lower_bound_95"] <= rows["label"]) & (rows["label"] <= rows["upper_bound_95"])
    return inside.astype(float)
