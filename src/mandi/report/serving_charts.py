"""Charts of a service that answers in language: who answered, how an answer arrived, and what routers are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mandi.report.canvas import (
    CYCLE,
    FLOOR,
    INK,
    MODEL,
    NAIVE,
    PRICE,
    SEASON,
    WORST,
    Chart,
    chart,
    legend,
    require,
    thousands,
)

BREAKER = {"closed": FLOOR, "half_open": SEASON, "open": WORST}
OWN, STOOD_IN = "the first choice", "somebody stood in"
MILLE = 1000.0


def price_beside(view: Mapping[str, Any], title: str) -> Chart:
    """Draw the price of a deal beside its fair price and the 95 % bounds.

    Parameters
    ----------
    view : mapping
        ``deal_price``, ``fair_price``, ``lower_bound_95``, ``upper_bound_95``, INR per quintal.
    title : str
    """
    figure, (axes,) = chart(title, PRICE, height=1.6)
    low, high = view["lower_bound_95"], view["upper_bound_95"]
    axes.plot(
        [low, high],
        [0, 0],
        color=MODEL,
        alpha=0.3,
        linewidth=14,
        solid_capstyle="butt",
        label="95 % of such lots",
    )
    axes.plot(view["fair_price"], 0, "|", color=MODEL, markersize=20, markeredgewidth=3, label="fair price")
    axes.plot(view["deal_price"], 0, "D", color=WORST, markersize=9, label="this deal")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.15)
    thousands(axes, x=True, y=False)
    legend(axes)
    return figure


def who_answered(calls: pd.DataFrame, title: str) -> Chart:
    """Draw call by call who answered, and how the call found the breaker of the first choice.

    Parameters
    ----------
    calls : DataFrame
        In their order: ``by``, ``fallback``, ``breaker``; ``phase`` names groups of calls that follow one another.
    title : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(calls, ["by", "fallback", "breaker", "phase"])
    names = list(dict.fromkeys(calls["by"]))[::-1]
    number = pd.Series(range(1, len(calls) + 1), index=calls.index)
    lane = calls["by"].map(names.index)
    figure, (axes,) = chart(title, "call", height=2.6)
    for fallback, colour, label in ((False, MODEL, OWN), (True, SEASON, STOOD_IN)):
        chosen = calls["fallback"] == fallback
        axes.plot(number[chosen], lane[chosen], "o", color=colour, markersize=10, label=label)
    for position, colour in BREAKER.items():
        chosen = calls["breaker"] == position
        if chosen.any():
            axes.plot(
                number[chosen],
                [-1] * int(chosen.sum()),
                "s",
                color=colour,
                markersize=10,
                label=f"breaker {position.replace('_', ' ')}",
            )
    for first in number[calls["phase"] != calls["phase"].shift()]:
        axes.axvline(first - 0.5, color=NAIVE, linewidth=0.8, linestyle=":")
        axes.annotate(
            calls["phase"][number == first].iloc[0], (first - 0.4, len(names) - 0.45), color=INK, fontsize=9
        )
    axes.set_yticks(range(-1, len(names)), ["breaker", *names])
    axes.set_ylim(-1.6, len(names) - 0.1)
    axes.set_xticks(number)
    axes.grid(visible=False)
    legend(axes)
    return figure


def arrivals(events: pd.DataFrame, title: str) -> Chart:
    """Draw how many letters of a streamed answer had arrived after how many milliseconds.

    Parameters
    ----------
    events : DataFrame
        ``ms``, ``type`` and ``content`` of each event.
    title : str

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(events, ["ms", "type", "content"])
    pieces = events[events["type"] == "token"]
    letters = pieces["content"].str.len().cumsum()
    figure, (axes,) = chart(title, "milliseconds after the question", "letters", height=2.6)
    axes.step(pieces["ms"], letters, where="post", color=MODEL, linewidth=2)
    first = pieces["ms"].iloc[0]
    axes.axvline(first, color=SEASON, linestyle="--", linewidth=1.2)
    axes.annotate(
        f"first word after {first:.0f} ms",
        (first, letters.iloc[-1]),
        (6, -10),
        textcoords="offset points",
        color=INK,
    )
    axes.set_xlim(left=0)
    return figure


def cost_quality(
    curves: Mapping[str, pd.DataFrame], weak: float, strong: float, title: str, best: str = ""
) -> Chart:
    """Draw what routers buy: quality against dollars, each with its bootstrap band.

    Parameters
    ----------
    curves : mapping of name to DataFrame
        ``cost_usd`` a call, ``quality``, ``low`` and ``high``, a row a threshold.
    weak, strong : float
        Quality of each provider alone.
    title : str
    best : str
        Name of the curve nobody can beat; drawn as a line without a band.

    Raises
    ------
    ContractError
        A column is missing.
    """
    figure, (axes,) = chart(title, "USD for a thousand questions", "share answered rightly", height=4.2)
    whole = [0.0, 0.0]
    for (name, frame), colour in zip(curves.items(), CYCLE, strict=False):
        require(frame, ["cost_usd", "quality", "low", "high"])
        spent = MILLE * frame["cost_usd"]
        whole = [min(whole[0], spent.min()), max(whole[1], spent.max())]
        if name == best:
            axes.plot(spent, frame["quality"], color=INK, linestyle="--", linewidth=1.2, label=name)
            continue
        axes.fill_between(spent, frame["low"], frame["high"], color=colour, alpha=0.15, linewidth=0)
        axes.plot(spent, frame["quality"], color=colour, marker="o", markersize=3.5, label=name)
    axes.plot(whole, [weak, strong], color=NAIVE, linestyle=":", label="by the toss of a coin")
    for level, told, x, y, side in (
        (weak, "the cheap one alone", 1, -11, "right"),
        (strong, "the dear one alone", 0, 4, "left"),
    ):
        axes.axhline(level, color=NAIVE, linewidth=0.8)
        axes.annotate(
            told, (whole[x], level), (0, y), textcoords="offset points", ha=side, color=NAIVE, fontsize=8.5
        )
    legend(axes)
    return figure
