"""Charts of market tables: coverage, price levels, generated against real, floors; prices in INR per quintal.

Every chart takes frames, returns a figure that shows itself, and touches neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mandi.report.canvas import (
    CYCLE,
    EXTRA,
    FLOOR,
    MODEL,
    NAIVE,
    PRICE,
    SEASON,
    Chart,
    chart,
    days,
    legend,
    require,
)
from mandi.tables.measure import log_prices, national_level

MEASURES = {
    "national_calm_20": "national move",
    "noise_sd": "reporting noise",
    "drift_long": "market drift",
    "market_spread": "lasting differences",
    "price_range": "day's range",
    "variety_spread": "between varieties",
}
"""Measures that are shares of the price, with their names on the chart."""


def coverage(reports: pd.DataFrame, title: str = "Share of market-days with a report, by week") -> Chart:
    """Draw how many of each commodity's market-days have a report, week by week (a closed Sunday counts as a gap).

    Parameters
    ----------
    reports : DataFrame
        ``commodity, market, event_time``.
    """
    require(reports, ["commodity", "market", "event_time"])
    figure, (axes,) = chart(title, "", "share of the commodity's market-days")
    once = reports.drop_duplicates(["commodity", "market", "event_time"])
    week = once["event_time"].dt.tz_localize(None).dt.to_period("W").dt.start_time
    for colour, (name, part) in zip(_colours(), once.assign(week=week).groupby("commodity"), strict=False):
        share = part.groupby("week").size() / (7 * part["market"].nunique())
        axes.plot(share.index, share, color=colour, lw=1.1, label=str(name))
    axes.set_ylim(0, 1.05)
    days(axes)
    legend(axes)
    return figure


def levels(
    reports: pd.DataFrame, shift: str = "", title: str = "National level, relative to its mean"
) -> Chart:
    """Draw each commodity's national level (median over markets) and the day of a regime shift.

    Parameters
    ----------
    reports : DataFrame
        The reports table.
    shift : str
        ISO date; empty for none.
    """
    require(reports, ["commodity", "market", "state", "event_time", "modal_price"])
    figure, (axes,) = chart(title, "", "price over mean price")
    usable = reports[reports["modal_price"] > 0]
    for colour, (name, part) in zip(_colours(), usable.groupby("commodity"), strict=False):
        level = national_level(log_prices(part)).rolling(7, min_periods=1).median()
        axes.plot(level.index, np.exp(level), color=colour, lw=1.0, label=str(name))
    if shift:
        axes.axvline(float(_date_number(shift)), color=NAIVE, lw=1.0, ls="--", label=f"regime shift {shift}")
    days(axes)
    legend(axes)
    return figure


def generated_and_real(
    measures: pd.DataFrame, own: str = "generated", title: str = "Sizes, side by side"
) -> Chart:
    """Draw every measure of size as a dot per commodity and source.

    Parameters
    ----------
    measures : DataFrame
        From `mandi.tables.market_reality.side_by_side`.
    own : str
        What ``source`` calls the tables that the real files are laid beside.
    """
    require(measures, ["source", "label", *MEASURES])
    figure, (axes,) = chart(title, "percent of the price", "", height=3.8)
    for source, colour, lift in ((own, MODEL, 0.15), ("real", SEASON, -0.15)):
        part = measures[measures["source"] == source]
        for place, name in enumerate(MEASURES):
            values = 100 * part[name].dropna()
            axes.plot(
                values,
                np.full(len(values), len(MEASURES) - place + lift),
                "o",
                ms=6,
                alpha=0.75,
                color=colour,
                label=source if place == 0 and len(part) else None,
            )
    axes.set_yticks(range(len(MEASURES), 0, -1), list(MEASURES.values()))
    axes.set_xscale("symlog", linthresh=1.0)
    axes.grid(axis="x")
    legend(axes)
    return figure


def moves(
    generated: pd.DataFrame,
    real: Mapping[str, pd.DataFrame],
    own: str = "generated",
    title: str = "Moves of a market's report from one day to the next",
) -> Chart:
    """Draw the distribution of day-to-day log moves of single markets, generated and real, one line per commodity.

    Parameters
    ----------
    generated : DataFrame
        The reports table.
    real : mapping of label to DataFrame
        May be empty.
    own : str
        What the first are called.
    """
    figure, (axes,) = chart(title, "percent", "density (log)")
    edges = np.linspace(-15, 15, 61)
    sources = [(str(n), p, MODEL) for n, p in generated[generated["modal_price"] > 0].groupby("commodity")]
    sources += [(label, part, SEASON) for label, part in real.items()]
    for label, part, colour in sources:
        step = 100 * log_prices(part).diff().to_numpy().ravel()
        density, _ = np.histogram(step[~np.isnan(step)], bins=edges, density=True)
        kind = "real" if colour == SEASON else own
        first = label in (sources[0][0], next(iter(real), None))
        axes.plot(
            edges[:-1] + 0.25,
            np.maximum(density, 1e-5),
            color=colour,
            lw=1.0,
            alpha=0.8,
            label=kind if first else None,
        )
    axes.set_yscale("log")
    legend(axes)
    return figure


def arrivals_by_month(
    generated: pd.DataFrame, real: Mapping[str, pd.DataFrame], title: str = "Arrivals over the year"
) -> Chart:
    """Draw mean daily arrivals of each month relative to the year's, for sources that span a year.

    Parameters
    ----------
    generated : DataFrame
        The reports table.
    real : mapping of label to DataFrame
        May be empty.
    """
    figure, (axes,) = chart(title, "month", "times the yearly mean")
    sources = [(f"{n}", p, "-") for n, p in generated.groupby("commodity")]
    sources += [(f"{label} (real)", part, "--") for label, part in real.items()]
    for colour, (label, part, style) in zip(_colours(len(sources)), sources, strict=True):
        total = part.dropna(subset=["arrivals"]).groupby("event_time")["arrivals"].sum()
        if len(total) < 2 or total.index.max() - total.index.min() < pd.Timedelta(days=360):
            continue
        by_month = total.groupby(pd.DatetimeIndex(total.index).month).mean()
        axes.plot(by_month.index, by_month / by_month.mean(), style, color=colour, lw=1.3, label=label)
    axes.set_xticks(range(1, 13))
    legend(axes)
    return figure


def floors(
    price: Mapping[str, Any], title: str = "Lot price on the last months: the oracles and the naive prices"
) -> Chart:
    """Draw the mean absolute error of each oracle and naive price by commodity.

    Parameters
    ----------
    price : mapping
        ``floors.price`` of the generated market's truth.
    """
    figure, (axes,) = chart(title, "", f"MAE, {PRICE}")
    rows = {**price["by_commodity"], "pooled": price["pooled"]}
    shown = {
        "full": ("moment's level known", FLOOR),
        "known": ("yesterday's known", EXTRA),
        "public": ("public reports: the floor", MODEL),
        "last_report": ("last report", NAIVE),
        "last_lots": ("last lots", SEASON),
    }
    at = np.arange(len(rows))
    for place, (name, (label, colour)) in enumerate(shown.items()):
        heights = [row[name]["mae"] if name in row else np.nan for row in rows.values()]
        axes.bar(at + 0.16 * (place - 2), heights, width=0.15, color=colour, label=label)
    axes.set_xticks(at, list(rows))
    axes.set_yscale("log")
    legend(axes)
    return figure


def _colours(count: int = 30) -> list[str]:
    return [CYCLE[n % len(CYCLE)] for n in range(count)]


def _date_number(date: str) -> float:
    from matplotlib.dates import date2num

    return float(date2num(pd.Timestamp(date).to_pydatetime()))
