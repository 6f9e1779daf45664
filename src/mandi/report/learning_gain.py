"""One picture of what feedback gained: how right a student is against how much it answers alone, before and after."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from mandi.report.canvas import CYCLE, INK, MODEL, NAIVE, Chart, chart, legend, require

BEFORE, AFTER = NAIVE, MODEL
RIGHT_EDGE = 0.85  # a label beyond it is written to the left


def gain(
    curves: Mapping[str, pd.DataFrame],
    points: Mapping[str, tuple[float, float, float]],
    title: str,
    *,
    target: float,
) -> Chart:
    """Draw what a student gained: how right it is against how much it answers alone, before and after.

    Parameters
    ----------
    curves : mapping of name to DataFrame
        ``share``, ``accuracy``, ``low``, ``high`` of `mandi.report.learning_curve.answered_curve`; the first is the one before, the
        last the one after, what lies between are controls.
    points : mapping of name to (share, accuracy, confidence)
        Where the threshold of each version lies.
    title : str
    target : float
        Accuracy asked of answers that nobody checks.

    Raises
    ------
    ContractError
        A column is missing.
    """
    figure, (axes,) = chart(
        title,
        "share of questions the student answers, the surest first",
        "share of these that are right",
        height=5.0,
    )
    names = list(curves)
    lowest = target
    for name, frame in curves.items():
        require(frame, ["share", "accuracy", "low", "high"])
        colour, control = _colour(name, names), name not in (names[0], names[-1])
        if not len(frame):
            continue
        lowest = min(lowest, float(frame["low"].min()))
        if not control:
            axes.fill_between(
                frame["share"], frame["low"], frame["high"], color=colour, alpha=0.16, linewidth=0
            )
        axes.plot(
            frame["share"], frame["accuracy"], color=colour, linewidth=1.4 if control else 2.4,
            linestyle=":" if control else "-", label=name,
        )  # fmt: skip
    axes.axhline(target, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.annotate(
        f"asked for: {target:.0%}",
        (1.0, target),
        (-2, 3),
        textcoords="offset points",
        ha="right",
        color=INK,
        fontsize=8.5,
    )
    bottom = max(0.0, np.floor((lowest - 0.04) * 20) / 20)
    axes.set_ylim(bottom, 1.01)
    axes.set_xlim(0, 1.0)
    _thresholds(axes, points, names)
    _reach(axes, curves, names, target, bottom)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    legend(axes)
    return figure


def _thresholds(axes: Axes, points: Mapping[str, tuple[float, float, float]], names: list[str]) -> None:
    for name, (share, accuracy, confidence) in points.items():
        if not np.isfinite(accuracy):
            continue
        colour, above = _colour(name, names), name == names[-1]
        axes.plot(share, accuracy, "o", color=colour, markersize=11, markeredgecolor="white", zorder=5)
        axes.annotate(
            f"threshold {confidence:.2f}:\n{share:.0%} answered, {accuracy:.0%} right",
            (share, accuracy),
            (0, 14 if above else -14),
            textcoords="offset points",
            ha="right" if share > RIGHT_EDGE else "left" if share < 1 - RIGHT_EDGE else "center",
            va="bottom" if above else "top",
            color=colour if above else INK,
            fontsize=8.5,
            fontweight="bold",
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": colour, "linewidth": 0.8},
            zorder=6,
        )


def _reach(
    axes: Axes, curves: Mapping[str, pd.DataFrame], names: list[str], target: float, bottom: float
) -> None:
    ends = []
    for name in dict.fromkeys((names[0], names[-1])):
        good = curves[name].loc[curves[name]["accuracy"] >= target, "share"]
        end = float(good.max()) if len(good) else 0.0
        ends.append(end)
        if end:
            axes.plot(
                [end, end], [bottom, target], color=_colour(name, names), linewidth=1.0, linestyle=(0, (2, 2))
            )
    if len(ends) == 2 and abs(ends[1] - ends[0]) > 0.01:
        height = bottom + 0.04 * (1.0 - bottom)
        axes.annotate(
            "",
            (ends[1], height),
            (ends[0], height),
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.6},
        )
        more = 100 * (ends[1] - ends[0])
        axes.annotate(
            f"{more:+.0f} points of questions at {target:.0%} right", (sum(ends) / 2, height), (0, 6),
            textcoords="offset points", ha="center", color=INK, fontsize=9, fontweight="bold",
        )  # fmt: skip


def _colour(name: str, names: list[str]) -> str:
    if name == names[0]:
        return BEFORE
    return AFTER if name == names[-1] else CYCLE[1 + names.index(name) % (len(CYCLE) - 1)]
