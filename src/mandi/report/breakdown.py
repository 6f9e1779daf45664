"""Charts that take a number apart: one price into its causes, an error into its slices, and into noise and the rest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError
from mandi.report.canvas import (
    FLOOR,
    INK,
    MODEL,
    NAIVE,
    PRICE,
    WORST,
    Chart,
    chart,
    legend,
    require,
    thousands,
)  # fmt: skip

BASES = ("base", "bias", "expected_value")


def contributions(
    explained: pd.DataFrame, predicted: float, title: str = "How this price comes about", most: int = 12
) -> Chart:
    """Draw one prediction as a waterfall from its base, in INR per quintal.

    Parameters
    ----------
    explained : DataFrame
        ``feature, effect`` of one row, as a model's ``explain`` gives them, base included.
    predicted : float
        The prediction; the effects must add up to it.
    most : int
        Effects shown; the smaller ones are added up as "all others".

    Raises
    ------
    ContractError
        The effects do not add up to the prediction.
    """
    require(explained, ["feature", "effect"])
    total = float(explained["effect"].sum())
    if not np.isclose(total, predicted, rtol=1e-6, atol=0.01):
        raise ContractError(
            f"the effects add up to {total:,.2f}, the prediction is {predicted:,.2f}", allowed="the same"
        )
    steps = _steps(explained.set_index("feature")["effect"].astype(float), most)
    figure, (axes,) = chart(title, PRICE, "", height=1.2 + 0.27 * (len(steps) + 1))
    base = float(steps.iloc[0])
    start = np.concatenate([[base], base + np.cumsum(steps.to_numpy()[1:])])
    place = list(range(1, len(steps)))
    colour = [FLOOR if effect > 0 else WORST for effect in steps.iloc[1:]]
    axes.barh(place, steps.iloc[1:], left=start[:-1], color=colour, height=0.66)
    axes.plot([base, base], [-0.4, 1.0], color=INK, lw=0.9)
    axes.plot([predicted, predicted], [len(steps) - 1.0, len(steps) + 0.4], color=MODEL, lw=1.6)
    room = 0.012 * max(float(np.ptp(start)), 1.0)
    for at, left, effect in zip(place, start[:-1], steps.iloc[1:]):
        axes.text(
            max(left, left + effect) + room, at, f"{effect:+,.1f}", va="center", fontsize=8, color="#444444"
        )
    axes.text(base + room, 0, f"{base:,.0f}", va="center", fontsize=8.5)
    axes.text(
        predicted + room,
        len(steps),
        f"{predicted:,.0f}",
        va="center",
        fontsize=8.5,
        color=MODEL,
        fontweight="bold",
    )
    axes.set_yticks(range(len(steps) + 1), [*(str(n).replace("_", " ") for n in steps.index), "predicted"])
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    span = max(float(np.ptp(start)), 1.0)
    axes.set_xlim(start.min() - 0.06 * span, start.max() + 0.13 * span)
    thousands(axes, x=True, y=False)
    return figure


def slices(table: pd.DataFrame, dimension: str = "commodity", most: int = 15, title: str = "") -> Chart:
    """Draw one question's slices, the worst of them named.

    Parameters
    ----------
    table : DataFrame
        Of one kind and horizon: ``dimension, value, rows, mape`` (percent), ``skill`` (may be NaN), ``worst``.
    """
    require(table, ["dimension", "value", "rows", "mape", "skill", "worst"])
    part = table[table["dimension"] == dimension]
    by_skill = bool(part["skill"].notna().any())
    shown = part.sort_values("skill" if by_skill else "mape", ascending=by_skill).head(most)
    worst = table.loc[table["worst"], "value"]
    named = f"; worst of all slices: {worst.iloc[0]}" if len(worst) else ""
    axis = (
        "skill over the baseline (share of its error)" if by_skill else "mean absolute error, % of the price"
    )
    figure, (axes,) = chart(
        title or f"By {dimension}{named}", axis, "", height=1.0 + 0.27 * max(len(shown), 2)
    )
    values = shown["skill"] if by_skill else shown["mape"]
    colour = [WORST if (w or (by_skill and v < 0)) else MODEL for w, v in zip(shown["worst"], values)]
    bars = axes.barh(range(len(shown)), values, color=colour, height=0.68)
    axes.bar_label(
        bars, [f" {v:.3f}" if by_skill else f" {v:.1f} %" for v in values], fontsize=8, color="#444444"
    )
    axes.set_yticks(range(len(shown)), [f"{v}  ({n:,})" for v, n in zip(shown["value"], shown["rows"])])
    axes.invert_yaxis()
    axes.axvline(0, color=INK, lw=0.9)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    return figure


def against_floor(
    errors: Mapping[str, float], floor: float | None = None, title: str = "Error beside the best possible"
) -> Chart:
    """Draw named errors as bars and the noise floor as a line.

    Parameters
    ----------
    errors : mapping of name to float
        Mean absolute errors, INR per quintal; the first is the model.
    floor : float, optional
        What an oracle with every parameter of the market would still get wrong.
    """
    known = {name: value for name, value in errors.items() if value is not None and np.isfinite(value)}
    figure, (axes,) = chart(
        title, f"mean absolute error, {PRICE}", "", height=1.0 + 0.36 * max(len(known), 2)
    )
    bars = axes.barh(
        range(len(known)), list(known.values()), color=[MODEL, *[NAIVE] * (len(known) - 1)], height=0.62
    )
    axes.bar_label(bars, [f" {v:,.1f}" for v in known.values()], fontsize=8.5, color="#444444")
    axes.set_yticks(range(len(known)), list(known))
    axes.invert_yaxis()
    if floor is not None and np.isfinite(floor):
        axes.axvline(floor, color=FLOOR, lw=2, label=f"noise floor {floor:,.1f}")
        legend(axes)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.margins(x=0.1)
    return figure


def _steps(effects: pd.Series, most: int) -> pd.Series:
    summed = effects.groupby(level=0, sort=False).sum()
    order = summed.abs().sort_values(ascending=False, kind="stable").index
    start = [name for name in order if name in BASES]
    if abs(float(summed[start].sum())) < 0.5 * abs(float(summed.sum())) and len(order):
        start = [order[0]]  # a level that is most of the price: what the rest adds to it is to be seen
    rest = [name for name in order if name not in start]
    parts = [
        pd.Series({" + ".join(map(str, start)) or "base": float(summed[start].sum())}),
        summed[rest[:most]],
    ]
    if rest[most:]:
        parts.append(pd.Series({f"all others ({len(rest[most:])})": float(summed[rest[most:]].sum())}))
    return pd.concat(parts)
