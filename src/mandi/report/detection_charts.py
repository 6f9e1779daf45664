"""The charts of a detector: precision against recall, scores of honest and fraudulent deals, kinds found, what stands out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from mandi.evaluation.detection.detection_scores import ranked
from mandi.models import model_class
from mandi.report.canvas import EXTRA, FLOOR, INK, MODEL, NAIVE, SEASON, WORST, Chart, chart, legend, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mandi.report.results import Results

MOST_FEATURES = 14
FARTHEST = 10.0  # standard deviations drawn
NINES = 4.0  # scores of 0.9999 and more are drawn together


def charts(results: Results) -> list[Chart]:
    """Draw everything measured on a detector.

    Parameters
    ----------
    results : Results
        Of the task "detection".

    Returns
    -------
    list of Chart
        None where the test held no fraud.
    """
    rows, metrics = results.rows, results.metrics
    if "pr_auc" not in metrics or not rows["label"].any():
        return []
    drawn = [precision_recall(rows, metrics), score_distribution(rows)]
    if "By kind of fraud" in results.tables and len(results.tables["By kind of fraud"]):
        drawn.append(recall_by_kind(results.tables["By kind of fraud"]))
    names = [name for name in model_class(results.model).spec.input_names() if name in rows]
    if names and (rows["is_fraud"] > 0).any():
        drawn.append(standing_out(rows, names))
    return drawn


def precision_recall(
    rows: pd.DataFrame,
    metrics: Mapping[str, float],
    title: str = "Precision and recall as the threshold falls",
) -> Chart:
    """Draw the curve of the model and of the baselines, the threshold that is served, and the oracle.

    Parameters
    ----------
    rows : DataFrame
        ``label, fraud_score`` and a column per baseline.
    metrics : mapping
        ``pr_auc``, ``precision``, ``recall``, their ``_low`` and ``_high``, ``<baseline>.pr_auc``; ``ceiling.precision`` and
        ``ceiling.recall`` where there is a ceiling.
    """
    require(rows, ["label", "fraud_score"])
    figure, (axes,) = chart(title, "recall: share of the fraud that is flagged", "precision", height=4.0)
    beside = [n.removesuffix(".pr_auc") for n in metrics if n.endswith(".pr_auc") and n.count(".") == 1]
    beside = [name for name in beside if name in rows]
    colours = dict(zip(beside, (NAIVE, SEASON, EXTRA, "#8A5A2B", "#B0B0B0")))
    for name in beside:
        precision, recall, _ = ranked(rows["label"], rows[name])
        said = f"{name.replace('_', ' ')} {metrics[f'{name}.pr_auc']:.3f}"
        axes.step(recall, precision, where="post", color=colours.get(name, NAIVE), lw=1.1, label=said)
    precision, recall, _ = ranked(rows["label"], rows["fraud_score"])
    axes.step(recall, precision, where="post", color=MODEL, lw=2, label=f"model {metrics['pr_auc']:.3f}")
    if "precision" in metrics:
        point, at = metrics["recall"], metrics["precision"]
        bounds = [[[max(value - metrics[f"{n}_low"], 0.0)], [max(metrics[f"{n}_high"] - value, 0.0)]]
                  for n, value in (("recall", point), ("precision", at))]  # fmt: skip
        axes.errorbar(
            point,
            at,
            xerr=bounds[0],
            yerr=bounds[1],
            fmt="o",
            color=INK,
            ms=6,
            lw=1,
            label="threshold served",
        )
    if "ceiling.precision" in metrics:
        axes.plot(
            metrics["ceiling.recall"], metrics["ceiling.precision"], "*", color=FLOOR, ms=13, label="oracle"
        )
    axes.axhline(float(rows["label"].mean()), color=INK, lw=0.8, ls=":")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.03)
    axes.legend(loc="lower left", bbox_to_anchor=(0.01, 0.03), fontsize=9)
    return figure


def score_distribution(rows: pd.DataFrame, title: str = "Scores of honest deals and of fraud") -> Chart:
    """Draw how many deals have which score, fraud apart; the axis stretches the scores near 1.

    Parameters
    ----------
    rows : DataFrame
        ``label, fraud_score, threshold``.
    """
    require(rows, ["label", "fraud_score", "threshold"])
    figure, panels = chart(title, "fraud score", "deals", height=3.4)
    axes = panels[0]
    nines = _nines(rows["fraud_score"])
    bins = np.linspace(0, NINES, 49).tolist()
    for value, colour, said in ((0.0, MODEL, "honest"), (1.0, WORST, "fraud")):
        axes.hist(nines[rows["label"].to_numpy() == value], bins=bins, color=colour, alpha=0.75, label=said)
    limit = float(_nines(rows["threshold"]).mean())
    axes.axvline(limit, color=INK, lw=1.2, ls="--", label=f"threshold {rows['threshold'].median():.4f}")
    axes.set_yscale("symlog", linthresh=5)
    axes.set_xticks(range(int(NINES) + 1), ["0", "0.9", "0.99", "0.999", "0.9999+"])
    legend(axes)
    return figure


def recall_by_kind(table: pd.DataFrame, title: str = "Share of each kind of fraud that is flagged") -> Chart:
    """Draw recall by kind with 95 % intervals, and how much of the kind leaves a trace at all.

    Parameters
    ----------
    table : DataFrame
        ``kind, cases, recall, low, high``; ``leave_a_trace`` where it is known.
    """
    require(table, ["kind", "cases", "recall", "low", "high"])
    figure, (axes,) = chart(title, "recall", "", height=1.2 + 0.42 * len(table))
    place = np.arange(len(table))
    recall = table["recall"].to_numpy(dtype=float)
    around = np.abs(np.vstack([recall - table["low"], table["high"] - recall]).astype(float))
    axes.barh(
        place, recall, color=MODEL, height=0.6, xerr=around, ecolor="#555555", capsize=3, label="flagged"
    )
    if "leave_a_trace" in table:
        axes.plot(table["leave_a_trace"], place, "|", color=FLOOR, ms=20, mew=2.5, label="leave a trace")
    said = [
        f"{kind.replace('_', ' ')}  ({int(n)})" for kind, n in zip(table["kind"].astype(str), table["cases"])
    ]
    axes.set_yticks(place, said)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.03)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    legend(axes)
    return figure


def standing_out(
    rows: pd.DataFrame,
    names: list[str],
    title: str = "What stands out in flagged deals",
    most: int = MOST_FEATURES,
) -> Chart:
    """Draw how far the features of flagged deals lie from honest ones, on average, in their standard deviations.

    Parameters
    ----------
    rows : DataFrame
        ``label, is_fraud`` and the features.
    names : list of str
    most : int
        Features shown, the farthest.
    """
    require(rows, ["label", "is_fraud", *names])
    honest = rows.loc[rows["label"] == 0.0, names]
    spread = honest.std().replace(0.0, np.nan)
    away = (
        ((rows.loc[rows["is_fraud"] > 0, names] - honest.mean()) / spread).abs().clip(upper=FARTHEST).mean()
    )
    shown = away.dropna().sort_values(ascending=False, kind="stable").head(most)
    figure, (axes,) = chart(
        title,
        f"mean distance from honest deals, sd (at most {FARTHEST:.0f} a deal)",
        "",
        height=1.0 + 0.27 * len(shown),
    )
    bars = axes.barh(range(len(shown)), shown, color=MODEL, height=0.68)
    axes.bar_label(bars, [f" {value:.1f}" for value in shown], fontsize=8, color="#444444")
    axes.set_yticks(range(len(shown)), [str(name).replace("_", " ") for name in shown.index])
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    return figure


def reasons(
    explained: pd.DataFrame, score: float, title: str = "Why this deal is suspicious", most: int = 10
) -> Chart:
    """Draw what one deal's score comes from.

    Parameters
    ----------
    explained : DataFrame
        ``feature, effect`` of one deal, as ``FraudModel.explain`` gives them; they sum to the score.
    score : float
    most : int
        Features shown; the others are added up.
    """
    require(explained, ["feature", "effect"])
    effects = (
        explained.set_index("feature")["effect"].astype(float).sort_values(ascending=False, kind="stable")
    )
    shown = effects.head(most)
    rest = float(effects.iloc[most:].sum())
    if len(effects) > most:
        shown = pd.concat([shown, pd.Series({f"all others ({len(effects) - most})": rest})])
    figure, (axes,) = chart(title, f"part of the score of {score:.4f}", "", height=1.0 + 0.27 * len(shown))
    bars = axes.barh(range(len(shown)), shown, color=WORST, height=0.68)
    axes.bar_label(bars, [f" {value:.3f}" for value in shown], fontsize=8, color="#444444")
    axes.set_yticks(range(len(shown)), [str(name).replace("_", " ") for name in shown.index])
    axes.invert_yaxis()
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    return figure


def _nines(score: pd.Series) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.clip(-np.log10(np.maximum(1.0 - score.to_numpy(dtype=float), 1e-12)), 0.0, NINES - 1e-9)
