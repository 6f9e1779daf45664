"""Pictures of a search for settings: how it went, what decides, and where the good trials lie."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from mandi.report.canvas import FLOOR, INK, MODEL, NAIVE, RC, WORST, Chart, chart, legend, require

GOOD_TO_BAD = LinearSegmentedColormap.from_list("good to bad", [MODEL, "#9CC9E6", "#DDDDDD"])
SPREAD = 0.25  # losses further above the best than so many of its size are drawn at the edge


def search_history(trials: pd.DataFrame, loss_name: str, title: str = "How the search went") -> Chart:
    """Draw the loss of every trial, the best so far, and the default as a line.

    Parameters
    ----------
    trials : DataFrame
        ``trial, state, loss, best``; trial 0 is the default.
    loss_name : str
        With its unit.

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(trials, ["trial", "state", "loss", "best"])
    figure, (axes,) = chart(title, "trial", loss_name)
    if not len(trials):
        return _only_said(figure, "no trials yet")
    whole = trials[trials["loss"].notna()]
    pruned = trials[trials["loss"].isna()]
    axes.plot(whole["trial"], whole["loss"], "o", color=NAIVE, ms=4.5, label="scored on every fold")
    axes.step(trials["trial"], trials["best"], where="post", color=MODEL, lw=1.8, label="best so far")
    default = whole.loc[whole["trial"] == 0, "loss"]
    if len(default):
        axes.axhline(float(default.iloc[0]), color=INK, lw=0.9, ls="--", label="default")
    if len(whole):
        low, high = float(whole["loss"].min()), float(whole["loss"].max())
        top = min(high, low + SPREAD * abs(low)) if high > low else high
        room = max(top - low, 1e-9) * 0.12
        axes.set_ylim(low - room, top + room)
        axes.plot(
            pruned["trial"], np.full(len(pruned), top + 0.8 * room), "x", color=WORST, ms=5, label="pruned"
        )
        place = whole.loc[whole["loss"].idxmin()]
        axes.annotate(
            f"trial {int(place['trial'])}: {place['loss']:.4g}", (float(place["trial"]), float(place["loss"])), (0, -11),
            textcoords="offset points", ha="center", fontsize=8.5, color=MODEL, fontweight="bold",
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(axes)
    return figure


def search_confirmed(
    confirmed: pd.DataFrame, loss_name: str, title: str = "By how much the best are better on later time"
) -> Chart:
    """Draw by how much each of the best trials beats the default on time that no trial was scored on, beside what is needed.

    Parameters
    ----------
    confirmed : DataFrame
        ``trial, better_by, needed``; trial 0 is the default.
    loss_name : str
        With its unit.

    Raises
    ------
    ContractError
        A column is missing.
    """
    require(confirmed, ["trial", "better_by", "needed"])
    asked = confirmed[confirmed["trial"] != 0]
    figure, (axes,) = chart(title, f"lower {loss_name}", "", height=1.6 + 0.35 * len(asked))
    if not len(asked):
        return _only_said(figure, "nothing was asked of later time yet")
    rows = np.arange(len(asked))[::-1]
    axes.axvline(0.0, color=INK, lw=0.9, ls="--", label="default")
    axes.plot(asked["better_by"].to_numpy(dtype=float), rows, "o", color=MODEL, ms=7, label="better by")
    needed = asked["needed"].to_numpy(dtype=float)
    there = np.isfinite(needed)
    axes.plot(needed[there], rows[there], "|", color=WORST, ms=16, mew=2.2, label="has to exceed")
    axes.set_yticks(rows, [f"trial {int(trial)}" for trial in asked["trial"]])
    axes.set_ylim(-0.6, len(asked) - 0.4)
    axes.grid(False, axis="y")
    legend(axes)
    return figure


def setting_importance(importance: pd.Series, title: str = "Which settings decide") -> Chart:
    """Draw the share of each setting, the largest on top.

    Parameters
    ----------
    importance : Series
        Share by name of the setting; missing where too few trials were made to say.
    """
    figure, (axes,) = chart(
        title, "share of what tells good trials from all", "", height=1.4 + 0.28 * len(importance)
    )
    known = importance.dropna().sort_values()
    if not len(known):
        return _only_said(figure, "too few scored trials to say")
    bars = axes.barh(_short(list(known.index)), known.to_numpy(dtype=float), color=MODEL, height=0.65)
    axes.bar_label(bars, fmt="{:.0%}", fontsize=8.5, color="#444444", padding=3)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlim(0, min(1.0, float(known.max()) * 1.15))
    axes.xaxis.set_major_formatter("{x:.0%}")
    return figure


def parallel_trials(
    trials: pd.DataFrame,
    settings: list[str],
    title: str = "Where the good trials lie",
    log: tuple[str, ...] = (),
) -> Chart:
    """Draw each scored trial as a line over its settings, the better the darker; the default and the best stand out.

    Parameters
    ----------
    trials : DataFrame
        ``trial, loss`` and one column per setting.
    settings : list of str
        Axes, from left to right.
    title : str
    log : tuple of str
        Settings whose axis is logarithmic.
    """
    require(trials, ["trial", "loss", *settings])
    figure, (axes,) = chart(title, "", "", height=4.2)
    whole = trials[trials["loss"].notna()].sort_values("loss", ascending=False)
    if not len(whole):
        return _only_said(figure, "no scored trials yet")
    heights = pd.DataFrame({name: _scaled(whole[name], name in log) for name in settings}, index=whole.index)
    at = np.arange(len(settings))
    rank = whole["loss"].rank(method="first").to_numpy()
    for (_, line), place in zip(heights.iterrows(), rank):
        share = (place - 1.0) / max(len(whole) - 1.0, 1.0)
        axes.plot(at, line.to_numpy(dtype=float), color=GOOD_TO_BAD(share), lw=1.0, alpha=0.9)
    for label, rows, colour in (
        ("default", whole[whole["trial"] == 0], INK),
        ("best", whole.tail(1), FLOOR),
    ):
        for index in rows.index:
            axes.plot(at, heights.loc[index], "o-", color=colour, lw=2.2, ms=4, label=label)
    for tick, name in enumerate(settings):
        axes.axvline(tick, color="#BBBBBB", lw=0.8, zorder=0)
        for height, value in ((-0.06, whole[name].min()), (1.03, whole[name].max())):
            axes.text(tick, height, f"{value:.3g}", ha="center", fontsize=8, color="#444444")
    axes.set_ylim(-0.1, 1.1)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.set_xticks(
        at, [name.replace("_", "_\n", 1) for name in _short(settings)], fontsize=RC["legend.fontsize"] - 1
    )
    legend(axes)
    return figure


def _short(names: list[str]) -> list[str]:
    # the last part of a dotted name, with more before it where two would be the same
    last = [name.rsplit(".", 1)[-1] for name in names]
    return [".".join(name.split(".")[-2:]) if last.count(end) > 1 else end for name, end in zip(names, last)]


def _scaled(values: pd.Series, log: bool) -> np.ndarray:
    numbers = values.to_numpy(dtype=float)
    numbers = np.log(numbers) if log else numbers
    if not len(numbers) or numbers.max() <= numbers.min():
        return np.full(len(numbers), 0.5)
    return np.asarray((numbers - numbers.min()) / (numbers.max() - numbers.min()))


def _only_said(figure: Chart, text: str) -> Chart:
    axes = figure.axes[0]
    axes.text(0.5, 0.5, text, ha="center", va="center", color=INK, transform=axes.transAxes)
    axes.set_xticks([])
    axes.set_yticks([])
    return figure
