"""The charts of a ranking: wants served among the first k beside baselines and chance, over time, by commodity, and the rule's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.evaluation.ranking.ranking_examiner import rankings
from mandi.evaluation.ranking.ranking_metrics import chance, places, recall_curve, summary
from mandi.models.ranking.match_rule import PARTS
from mandi.report.canvas import (
    CYCLE,
    EXTRA,
    FLOOR,
    INK,
    MODEL,
    NAIVE,
    SEASON,
    WORST,
    Chart,
    chart,
    legend,
    require,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mandi.report.results import Results

LOOKS = {
    "model": ("model", MODEL, "-"), "rule": ("rule of thumb", SEASON, "-"), "cheapest": ("cheapest first", NAIVE, "-"),
    "popular seller": ("seller most taken", "#56B4E9", "-"), "siamese": ("siamese network", EXTRA, "-"),
    "kernels": ("TF-IDF and kernels", WORST, "-"), "choice": ("choice line", MODEL, ":"),
    "ranker": ("pair ranker", INK, ":"), "ceiling": ("ceiling: true utility", FLOOR, "--"),
}  # fmt: skip
CURVE = 20  # places drawn
LEAST_DRAWN = 20  # offers behind a dot
TITLES = {
    "open": "Wants served among the first k of all open offers",
    "shown": "Wants served among the first k of the offers shown",
}


def charts(results: Results) -> list[Chart]:
    """Draw everything measured on a ranking.

    Parameters
    ----------
    results : Results
        Of the task "ranking".

    Returns
    -------
    list of Chart
    """
    scores = {"model": "match_score"} | {name: name for name in LOOKS if name in results.rows}
    least = int(results.metrics.get("shown.least", 0))
    drawn: list[Chart | None] = []
    for name, title in TITLES.items():
        by = rankings(results.rows, name, scores, least)
        drawn.append(served_curve(by, title) if len(by["model"]) else None)
    drawn += [
        by_commodity(results.tables["By commodity, among all open offers"])
        if "By commodity, among all open offers" in results.tables
        else None,
        over_time(results.backtest) if len(results.backtest) else None,
        score_against_deals(results.rows),
        rule_parts(results.tables.get("What the rule of thumb gives the first five", pd.DataFrame())),
    ]
    return [one for one in drawn if one is not None]


def served_curve(by: Mapping[str, pd.DataFrame], title: str, most: int = CURVE) -> Chart:
    """Draw the share of wants with a deal among the first k, one line per way to rank, and what chance gives.

    Parameters
    ----------
    by : mapping of str to DataFrame
        ``mandi.evaluation.ranking.ranking_examiner.rankings``; a line that is the model's own is left out.
    title : str
    most : int
        Places drawn.
    """
    figure, (axes,) = chart(title, "first k candidates", "share of wants served", height=3.9)
    own = recall_curve(by["model"], most)
    for i, name in enumerate([*[n for n in LOOKS if n in by], *(n for n in by if n not in LOOKS)]):
        curve = recall_curve(by[name], most)
        if name != "model" and curve.equals(own):
            continue
        label, colour, dash = LOOKS.get(name, (name, CYCLE[i % len(CYCLE)], ":"))
        axes.plot(
            curve["k"], curve["share"], dash, color=colour, lw=2.4 if name == "model" else 1.3, label=label
        )
    blind = [chance(by["model"], k) for k in own["k"]]
    axes.plot(own["k"], blind, ":", color=INK, lw=1.1, label=f"chance ({blind[4]:.2f} of five)")
    axes.axvline(5, color=INK, lw=0.6, ls=":")
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_xticks(sorted({1, 5, *range(10, most + 1, 5)}))
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles, labels, loc="lower right", ncols=2, frameon=False, fontsize=8.5)
    return figure


def by_commodity(table: pd.DataFrame, title: str = "Served among the first five, by commodity") -> Chart:
    """Draw the share served per commodity beside the rule and chance.

    Parameters
    ----------
    table : DataFrame
        ``commodity, wants, candidates, top5, chance``; ``rule top5`` where it was measured.
    """
    require(table, ["commodity", "wants", "candidates", "top5", "chance"])
    figure, (axes,) = chart(title, "", "share of wants served")
    columns = [("top5", "model", MODEL), ("rule top5", "rule of thumb", SEASON), ("chance", "chance", NAIVE)]
    there = [column for column in columns if column[0] in table]
    wide = 0.8 / len(there)
    for i, (name, label, colour) in enumerate(there):
        at = np.arange(len(table)) + (i - (len(there) - 1) / 2) * wide
        bars = axes.bar(at, table[name], wide * 0.92, color=colour, label=label)
        axes.bar_label(bars, fmt="{:.2f}", fontsize=8, color="#444444", padding=1)
    told = zip(table["commodity"], table["wants"], table["candidates"], strict=True)
    axes.set_xticks(
        range(len(table)), [f"{name}\n{wants} wants\nof {size:.0f} offers" for name, wants, size in told]
    )
    axes.tick_params(axis="x", labelsize=8.5)
    axes.set_ylim(0, 1.08)
    axes.yaxis.set_major_formatter("{x:.0%}")
    legend(axes)
    return figure


def over_time(
    rows: pd.DataFrame, title: str = "Back-test: served among the first five, quarter by quarter"
) -> Chart:
    """Draw the share served among the first five of all open offers over time, beside the rule and chance.

    Parameters
    ----------
    rows : DataFrame
        ``requirement_id, asof, label, feasible, match_score`` and where it was measured ``rule``.
    """
    require(rows, ["requirement_id", "asof", "label", "feasible", "match_score"])
    answered = rows.groupby("requirement_id")["label"].transform("max") > 0
    part = rows[answered & (rows["feasible"] > 0)]
    quarter = part.groupby("requirement_id")["asof"].first().dt.tz_localize(None).dt.to_period("Q")
    figure, (axes,) = chart(title, "", "share of wants served", height=3.0)
    names = sorted(quarter.unique())
    for column, label, colour in (("match_score", "model", MODEL), ("rule", "rule of thumb", SEASON)):
        if column not in part:
            continue
        found = places(part["requirement_id"], part[column], part["label"] > 0)
        share = [summary(found.loc[quarter.index[quarter == name]])["top5"] for name in names]
        axes.plot(range(len(names)), share, "o-", color=colour, ms=4, label=label)
    blind = [chance(found.loc[quarter.index[quarter == name]]) for name in names]
    axes.plot(range(len(names)), blind, "o:", color=NAIVE, ms=3, label="chance")
    axes.set_xticks(range(len(names)), [f"{name.year} Q{name.quarter}" for name in names])
    axes.set_ylim(0, 1.04)
    axes.yaxis.set_major_formatter("{x:.0%}")
    legend(axes)
    return figure


def score_against_deals(
    rows: pd.DataFrame, title: str = "The score is a chance: share of deals by match score"
) -> Chart | None:
    """Draw how often offers shown with about the same score were taken; None where too few were shown.

    Parameters
    ----------
    rows : DataFrame
        ``label, feasible, match_score``.
    """
    require(rows, ["label", "feasible", "match_score"])
    shown = rows[rows["label"].notna() & (rows["feasible"] > 0)]
    if len(shown) < 100:
        return None
    edges = np.unique([0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0])
    group = np.clip(np.searchsorted(edges, shown["match_score"], side="right") - 1, 0, len(edges) - 2)
    found = shown.groupby(group).agg(
        said=("match_score", "mean"), was=("label", "mean"), count=("label", "size")
    )
    found = found[found["count"] >= LEAST_DRAWN]
    figure, (axes,) = chart(title, "match score", "share that became a deal", width=5.6, height=3.9)
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8)
    spread = 1.96 * np.sqrt(found["was"] * (1 - found["was"]) / found["count"])
    axes.errorbar(found["said"], found["was"], yerr=spread, fmt="o", color=MODEL, ms=5, lw=1.2, capsize=2)
    for said, was, count in found.itertuples(index=False):
        axes.annotate(f"{count:,.0f}", (said, was), xytext=(6, -9), textcoords="offset points", fontsize=7.5)
    axes.set_ylim(-0.02, 1.02)
    axes.grid(True, axis="both")
    return figure


def rule_parts(
    table: pd.DataFrame,
    title: str = "What the rule of thumb gives, by part: the first five, the deals, all candidates",
) -> Chart | None:
    """Draw the mean points of the rule's parts, stacked.

    Parameters
    ----------
    table : DataFrame
        ``offers`` (text) and one column per part, ``quantity_points`` and so on.
    """
    parts = [f"{part}_points" for part in PARTS if f"{part}_points" in table]
    if not parts or not len(table):
        return None
    figure, (axes,) = chart(title, "points of 100", "", height=1.1 + 0.42 * len(table))
    left = np.zeros(len(table))
    for colour, name in zip(CYCLE, parts):
        width = table[name].to_numpy(dtype=float)
        bars = axes.barh(
            range(len(table)),
            width,
            left=left,
            height=0.62,
            color=colour,
            label=str(name).removesuffix("_points"),
        )
        axes.bar_label(bars, fmt="{:.0f}", label_type="center", fontsize=8, color="white")
        left = left + width
    axes.set_yticks(range(len(table)), list(table["offers"]))
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    legend(axes)
    return figure


def match_breakdown(
    explained: pd.DataFrame, score: float, title: str = "How this match score comes about"
) -> Chart:
    """Draw one match as bars: what each attribute adds to the score or takes from it.

    Parameters
    ----------
    explained : DataFrame
        ``feature, effect`` of one pair, as ``MatchingModel.explain`` gives them, base included.
    score : float
        The match score; the effects add up to it.
    """
    require(explained, ["feature", "effect"])
    told = explained[(explained["effect"].abs() > 1e-9) & (explained["feature"] != "base")]
    told = told.iloc[told["effect"].abs().argsort(kind="stable")[::-1]]
    base = float(explained.loc[explained["feature"] == "base", "effect"].sum())
    figure, (axes,) = chart(
        f"{title}: {score:.2f}", f"added to the base of {base:.2f}", "", height=1.0 + 0.27 * max(len(told), 2)
    )
    colour = [FLOOR if effect > 0 else WORST for effect in told["effect"]]
    bars = axes.barh(range(len(told)), told["effect"], color=colour, height=0.66)
    axes.bar_label(bars, [f" {effect:+.3f} " for effect in told["effect"]], fontsize=8, color="#444444")
    axes.set_yticks(range(len(told)), [str(name) for name in told["feature"]])
    axes.invert_yaxis()
    axes.axvline(0, color=INK, lw=0.9)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.margins(x=0.15)
    return figure
