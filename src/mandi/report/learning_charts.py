"""Charts of the learning loop: what feedback gained, whether confidence and reward mean what they say, where it goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from mandi.report.canvas import (
    EXTRA,
    FLOOR,
    INK,
    MODEL,
    NAIVE,
    SEASON,
    WORST,
    Chart,
    chart,
    day,
    days,
    legend,
    require,
)

ROUTE_COLOURS = {"student": MODEL, "teacher": SEASON, "human": EXTRA, "mock": NAIVE}
PART_COLOURS = {"train": MODEL, "validation": SEASON, "calibration": FLOOR, "test": WORST}


def differences(rows: pd.DataFrame, title: str, x: str = "points of accuracy gained") -> Chart:
    """Draw gains with their intervals, one line each; those whose interval includes none are grey.

    Parameters
    ----------
    rows : DataFrame
        ``part``, ``rows``, ``gain``, ``gain_low``, ``gain_high`` as fractions, top to bottom.
    title : str
    x : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(rows, ["part", "rows", "gain", "gain_low", "gain_high"])
    figure, (axes,) = chart(title, x, height=0.9 + 0.36 * max(2, len(rows)))
    for at, row in enumerate(rows.to_dict(orient="records")):
        low, middle, high = (100 * float(row[name]) for name in ("gain_low", "gain", "gain_high"))
        colour = FLOOR if low > 0 else WORST if high < 0 else NAIVE
        axes.plot([low, high], [at, at], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(middle, at, "o", color=colour, markersize=7)
        axes.annotate(
            f"{middle:+.1f}", (high, at), (6, -3), textcoords="offset points", color=colour, fontsize=8.5
        )
    axes.axvline(0, color=INK, linewidth=0.9)
    labels = [f"{row.part} ({row.rows:,.0f})" for row in rows.itertuples()]
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    return figure


def reliability(
    tables: Mapping[str, pd.DataFrame], title: str, x: str = "confidence", y: str = "share that was right"
) -> Chart:
    """Draw whether confidence is a frequency, one panel each, with the diagonal it should follow.

    Parameters
    ----------
    tables : mapping of name to DataFrame
        ``confidence``, ``accuracy``, ``low``, ``high``, ``rows`` of each bin; the name stands above the panel.
    title : str
    x, y : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    figure, panels = chart(title, x, y, panels=len(tables), width=3.9 * max(2, len(tables)), height=4.0)
    for axes, (name, table) in zip(panels, tables.items(), strict=True):
        require(table, ["confidence", "accuracy", "low", "high", "rows"])
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.9, linestyle=":")
        around = [table["accuracy"] - table["low"], table["high"] - table["accuracy"]]
        axes.errorbar(
            table["confidence"],
            table["accuracy"],
            yerr=around,
            color=MODEL,
            linewidth=1.4,
            elinewidth=1.1,
            capsize=2,
        )
        axes.scatter(
            table["confidence"],
            table["accuracy"],
            s=12 + 260 * table["rows"] / table["rows"].sum(),
            color=MODEL,
        )
        if len(tables) > 1:
            axes.set_title(name, loc="left", fontsize=9.5)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.grid(visible=True)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return figure


def weekly(weeks: pd.DataFrame, title: str) -> Chart:
    """Draw reward and learned probability of being right week by week, with their bands.

    Parameters
    ----------
    weeks : DataFrame
        ``week`` and ``reward``, ``right``, each with ``_low`` and ``_high``.
    title : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    figure, (axes,) = chart(title, "", "mean of the week's answers", height=3.2)
    for name, label, colour in (
        ("reward", "reward, by formula", MODEL),
        ("right", "learned probability of being right", SEASON),
    ):
        require(weeks, ["week", name, f"{name}_low", f"{name}_high"])
        at = day(weeks["week"])
        low, middle, high = (weeks[f"{name}{end}"].astype(float) for end in ("_low", "", "_high"))
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(at, middle, color=colour, marker="o", markersize=4, label=label)
    axes.set_ylim(0, 1)
    days(axes)
    legend(axes)
    return figure


def bars(
    frame: pd.DataFrame, name: str, value: str, title: str, x: str, *, rest: float | None = None
) -> Chart:
    """Draw one bar a row, with an interval where there is one.

    Parameters
    ----------
    frame : DataFrame
        ``name`` and ``value``; ``low`` and ``high`` where there are intervals.
    name, value : str
        Its columns.
    title : str
    x : str
        Label with units.
    rest : float, optional
        What all rows together have; drawn as a line.

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(frame, [name, value])
    figure, (axes,) = chart(title, x, height=0.9 + 0.32 * max(2, len(frame)))
    at = np.arange(len(frame))
    axes.barh(at, frame[value].astype(float), color=MODEL, height=0.62)
    if {"low", "high"} <= set(frame.columns):
        axes.hlines(at, frame["low"].astype(float), frame["high"].astype(float), color=INK, linewidth=1.1)
    if rest is not None:
        axes.axvline(rest, color=WORST, linestyle="--", linewidth=1.2, label="all together")
        legend(axes)
    axes.set_yticks(at, [str(text) for text in frame[name]])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    return figure


def parts_in_time(rows: pd.DataFrame, title: str) -> Chart:
    """Draw when the questions of each part were asked: the frozen set is later than all that is learned.

    Parameters
    ----------
    rows : DataFrame
        ``part`` and ``asked_at`` of each example.
    title : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(rows, ["part", "asked_at"])
    figure, (axes,) = chart(title, "", "examples a week", height=3.2)
    at = day(rows["asked_at"])
    first, last = at.min(), at.max()
    edges = pd.date_range(first.floor("D"), last.ceil("D") + pd.Timedelta(days=7), freq="7D")
    names = [part for part in PART_COLOURS if (rows["part"] == part).any()]
    counts = [
        np.histogram(at[rows["part"] == part].astype("int64"), edges.astype(at.dtype).astype("int64"))[0]
        for part in names
    ]
    below = np.zeros(len(edges) - 1)
    for part, count in zip(names, counts, strict=True):
        axes.bar(
            edges[:-1], count, width=6.0, align="edge", bottom=below, color=PART_COLOURS[part], label=part
        )
        below = below + count
    days(axes)
    legend(axes)
    return figure


def who_answers(bands: Mapping[str, pd.DataFrame], title: str) -> Chart:
    """Draw which share of questions lies in each band of confidence and who answers them, version by version.

    Parameters
    ----------
    bands : mapping of name to DataFrame
        ``band``, ``share``, and a column of shares for each route: student, teacher, human, mock.
    title : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    figure, (axes,) = chart(title, "share of questions", height=1.2 + 0.5 * len(bands))
    for frame in bands.values():
        require(frame, ["band", "share", *ROUTE_COLOURS])
    named = {
        r
        for r in ROUTE_COLOURS
        for frame in bands.values()
        if (frame["share"] * frame[r].fillna(0)).sum() > 0
    }
    for at, frame in enumerate(bands.values()):
        left = 0.0
        for route, colour in ROUTE_COLOURS.items():
            width = float((frame["share"] * frame[route].fillna(0.0)).sum())
            axes.barh(
                at,
                width,
                left=left,
                color=colour,
                height=0.6,
                label=route if at == 0 and route in named else None,
            )
            if width > 0.05:
                axes.annotate(
                    f"{width:.0%}",
                    (left + width / 2, at),
                    ha="center",
                    va="center",
                    color="white",
                    fontweight="bold",
                )
            left += width
    axes.set_yticks(range(len(bands)), list(bands))
    axes.set_ylim(len(bands) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=False)
    legend(axes)
    return figure
