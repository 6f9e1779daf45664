"""One look for every chart: its colours, its axes with units, and a figure that shows itself without pyplot."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from mandi.core.errors import ContractError, nearest

# Okabe and Ito (2008): told apart by colour-blind readers too
MODEL, NAIVE, SEASON, FLOOR, WORST, EXTRA, INK = (
    "#0072B2", "#8C8C8C", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#222222",
)  # fmt: skip
CYCLE = (MODEL, SEASON, FLOOR, EXTRA, WORST, "#56B4E9", NAIVE)
PRICE = "INR per quintal"
RC: Any = {
    "font.size": 9.5,
    "axes.titlesize": 11,
    "axes.labelcolor": "#444444",
    "axes.edgecolor": "#BBBBBB",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.dpi": 110,
}


class Chart(Figure):
    """A figure that renders itself in a notebook as PNG, with its title as the text for who cannot see it."""

    alt = ""

    def png(self) -> bytes:
        """Return the picture; the same figure gives the same bytes."""
        with io.BytesIO() as buffer, rc_context(RC):
            self.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
            return buffer.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        return self.png(), {"alt": self.alt}


def chart(
    title: str, x: str = "", y: str = "", *, width: float = 9.0, height: float = 3.5, panels: int = 1
) -> tuple[Chart, list[Axes]]:
    """Start a chart.

    Parameters
    ----------
    title : str
        What is to be seen; also the text for who cannot see it.
    x, y : str
        Labels of the axes, with units.
    width, height : float
        Inches.
    panels : int
        Axes side by side that share the y axis.

    Returns
    -------
    figure : Chart
    axes : list of Axes

    Examples
    --------
    >>> figure, (axes,) = chart("Soybean, Dewas", "day", PRICE)
    >>> _ = axes.plot([1, 2], [4300, 4350])
    >>> figure.png()[:4]
    b'\\x89PNG'
    """
    with rc_context(RC):
        figure = Chart(figsize=(width, height), layout="constrained")
        axes = list(figure.subplots(1, panels, sharey=True, squeeze=False)[0])
    figure.alt = title
    if panels == 1:
        axes[0].set_title(title, loc="left", fontweight="bold")
    else:
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11)
    axes[0].set_ylabel(y)
    for panel in axes:
        panel.set_xlabel(x)
        panel.tick_params(length=0)
    return figure, axes


def legend(axes: Axes) -> None:
    """Put the legend under the axes, on one line, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    figure = axes.get_figure()
    if figure is not None and handles:
        with rc_context(RC):
            figure.legend(handles, labels, loc="outside lower left", ncols=min(len(labels), 6))


def thousands(axes: Axes, *, x: bool = False, y: bool = True) -> None:
    """Write numbers of an axis as 4,350."""
    written = FuncFormatter(lambda value, _: f"{value:,.0f}")
    if x:
        axes.xaxis.set_major_formatter(written)
    if y:
        axes.yaxis.set_major_formatter(written)


def days(axes: Axes) -> None:
    """Write dates of the x axis as briefly as can be."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def require(frame: pd.DataFrame, columns: list[str]) -> None:
    """Refuse a frame that lacks a column, naming the nearest one it has.

    Raises
    ------
    ContractError
        A column is missing.
    """
    for column in columns:
        if column not in frame:
            known = [str(name) for name in frame.columns]
            raise ContractError(
                f'the frame to draw has no column "{column}"{nearest(column, known)}',
                allowed=", ".join(columns),
            )


def day(moment: pd.Series) -> pd.Series:
    """Return times without their zone, as the axes want them."""
    stamps = pd.to_datetime(moment)
    return stamps.dt.tz_localize(None) if stamps.dt.tz is not None else stamps


def ahead_of(horizon_days: object) -> str:
    """Say a horizon in words.

    Examples
    --------
    >>> ahead_of(0), ahead_of(1), ahead_of(30)
    ('today', '1 day', '30 days')
    """
    count = int(str(horizon_days))
    return "today" if count == 0 else "1 day" if count == 1 else f"{count} days"
