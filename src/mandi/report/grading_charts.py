"""The charts of a grader: F1 by grade beside simpler graders, confusion, reliability, sets, accuracy by share answered, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mandi.evaluation.grading.grading_examiner import BESIDE, BY_GRADE
from mandi.evaluation.grading.grading_figures import GRADES, SAID, places
from mandi.evaluation.grading.grading_metrics import accuracy_at, confusion, f1_by_grade, reliability
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
    days,
    legend,
    require,
)

if TYPE_CHECKING:
    from mandi.report.results import Results

DRAWN_BESIDE = ("random_forest", "boosting", "scaled_svm")
SHARES = np.linspace(0.5, 1.0, 26)
PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # a number is read before the line behind it


def charts(results: Results) -> list[Chart]:
    """Draw everything measured on a grader.

    Parameters
    ----------
    results : Results
        Of the task "grading".

    Returns
    -------
    list of Chart
    """
    rows = results.rows[results.rows["label"].isin(GRADES)]
    drawn = [f1_beside(results.tables[BESIDE]), f1_by_grade_chart(rows, results.tables[BY_GRADE])]
    drawn += [
        confusion_chart(rows),
        reliability_chart(rows),
        answered_chart(rows),
        set_chart(rows, results.metrics.get("set.nominal")),
        unusual_chart(rows),
    ]
    if len(results.backtest):
        drawn.append(over_time(results.backtest))
    return drawn


def f1_beside(table: pd.DataFrame, title: str = "Macro-F1 beside simpler graders and the ceiling") -> Chart:
    """Draw macro-F1 of the model and of every simpler grader with 95 % intervals, and the ceiling as a line.

    Parameters
    ----------
    table : DataFrame
        ``grader, macro_f1`` and, for graders, ``low, high``.
    """
    require(table, ["grader", "macro_f1"])
    ceiling = table[table["grader"].str.startswith("ceiling")]
    shown = table[table["low"].notna()].sort_values("macro_f1") if "low" in table else table
    figure, (axes,) = chart(title, "macro-F1", "", height=1.2 + 0.34 * len(shown))
    place = np.arange(len(shown))
    error = np.abs(np.vstack([shown["macro_f1"] - shown["low"], shown["high"] - shown["macro_f1"]]))
    colours = [MODEL if name == "model" else NAIVE for name in shown["grader"]]
    axes.barh(
        place, shown["macro_f1"], xerr=error, color=colours, height=0.62, error_kw={"ecolor": INK, "lw": 0.9}
    )
    for at, value, high in zip(place.tolist(), shown["macro_f1"], shown["high"]):
        axes.text(max(value, high) + 0.012, at, f"{value:.3f}", va="center", fontsize=8.5, bbox=PLAIN)
    for value, name, dash in zip(ceiling["macro_f1"], ceiling["grader"], ("--", ":")):
        axes.axvline(value, color=FLOOR, ls=dash, lw=1.4, label=f"{name} {value:.3f}")
    axes.set_yticks(place, [str(name).replace("_", " ") for name in shown["grader"]])
    axes.set_xlim(0.0, 1.08)
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    legend(axes)
    return figure


def f1_by_grade_chart(rows: pd.DataFrame, by_grade: pd.DataFrame, title: str = "F1 by grade") -> Chart:
    """Draw F1 of each grade, with its 95 % interval for the model, beside some simpler graders.

    Parameters
    ----------
    rows : DataFrame
        Answered questions: ``label`` and one column of grades per grader.
    by_grade : DataFrame
        ``grade, f1, low, high`` of the model.
    """
    require(by_grade, ["grade", "f1", "low", "high"])
    figure, (axes,) = chart(title, "grade the inspector gave", "F1")
    place = np.arange(len(by_grade))
    others = [name for name in DRAWN_BESIDE if name in rows and rows[name].isin(GRADES).all()]
    width = 0.8 / (1 + len(others))
    error = np.abs(np.vstack([by_grade["f1"] - by_grade["low"], by_grade["high"] - by_grade["f1"]]))
    axes.bar(
        place,
        by_grade["f1"],
        width,
        yerr=error,
        color=MODEL,
        label="model",
        error_kw={"ecolor": INK, "lw": 0.9},
    )
    for number, (name, colour) in enumerate(zip(others, (NAIVE, SEASON, EXTRA))):
        told = f1_by_grade(confusion(places(rows["label"]), places(rows[name]), len(GRADES)))
        axes.bar(place + (number + 1) * width, told, width, color=colour, label=name.replace("_", " "))
    axes.set_xticks(place + 0.5 * width * len(others), by_grade["grade"])
    axes.set_ylim(0.0, 1.0)
    legend(axes)
    return figure


def confusion_chart(rows: pd.DataFrame, title: str = "What was said of which grade") -> Chart:
    """Draw the confusion of grades in their order, share of the grade given, with counts.

    Parameters
    ----------
    rows : DataFrame
        ``label, quality_grade``.
    """
    require(rows, ["label", SAID])
    counts = confusion(places(rows["label"]), places(rows[SAID]), len(GRADES))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    figure, (axes,) = chart(title, "grade said", "grade given", width=5.0, height=4.2)
    axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    for row in range(len(GRADES)):
        for column in range(len(GRADES)):
            colour = "white" if share[row, column] > 0.5 else INK
            text = f"{share[row, column]:.1%}\n{int(counts[row, column]):,}"
            axes.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
    axes.set_xticks(range(len(GRADES)), GRADES)
    axes.set_yticks(range(len(GRADES)), GRADES)
    axes.grid(False)
    return figure


def reliability_chart(
    rows: pd.DataFrame, title: str = "Is a confidence of 90 % right in 90 of 100 lots?"
) -> Chart:
    """Draw the share that was right by the confidence said; the area of a dot grows with its lots.

    Parameters
    ----------
    rows : DataFrame
        ``label, quality_grade, confidence``.
    """
    require(rows, ["label", SAID, "confidence"])
    right = (rows["label"] == rows[SAID]).to_numpy().astype(np.float64)
    table = reliability(rows["confidence"].to_numpy(dtype=float), right)
    figure, (axes,) = chart(title, "confidence said", "share that was right", width=5.4, height=4.2)
    axes.plot([0.25, 1.0], [0.25, 1.0], color=NAIVE, lw=1.0, ls="--", label="as said")
    spread = np.sqrt(table["right"] * (1 - table["right"]) / table["lots"])
    axes.errorbar(table["confidence"], table["right"], yerr=1.96 * spread, fmt="none", ecolor=MODEL, lw=0.9)
    size = 20 + 300 * table["lots"] / table["lots"].max()
    axes.scatter(table["confidence"], table["right"], s=size, color=MODEL, alpha=0.75, label="measured")
    axes.set_xlim(0.25, 1.02)
    axes.set_ylim(0.0, 1.05)
    legend(axes)
    return figure


def answered_chart(
    rows: pd.DataFrame, title: str = "Accuracy when the least sure lots go to a person"
) -> Chart:
    """Draw accuracy on the surest lots by the share of lots answered.

    Parameters
    ----------
    rows : DataFrame
        ``label, quality_grade, confidence, abstained``.
    """
    require(rows, ["label", SAID, "confidence", "abstained"])
    right = (rows["label"] == rows[SAID]).to_numpy().astype(np.float64)
    confidence = rows["confidence"].to_numpy(dtype=float)
    figure, (axes,) = chart(title, "share of lots answered", "accuracy")
    axes.plot(
        SHARES,
        [accuracy_at(confidence, right, share) for share in SHARES],
        color=MODEL,
        lw=1.8,
        label="model",
    )
    answered = (rows["abstained"] == 0).to_numpy()
    axes.scatter(
        [answered.mean()],
        [right[answered].mean()],
        color=WORST,
        zorder=3,
        label="as packaged: the others are abstained from",
    )
    axes.set_xlim(1.01, 0.49)
    legend(axes)
    return figure


def set_chart(
    rows: pd.DataFrame,
    nominal: float | None = None,
    title: str = "Does the set of grades hold the grade given?",
) -> Chart:
    """Draw the share of lots whose grade is in the set, by grade given, and how many grades sets hold.

    Parameters
    ----------
    rows : DataFrame
        ``label`` and ``in_set_A`` to ``in_set_D``.
    nominal : float, optional
        The share asked for.
    """
    require(rows, ["label", *(f"in_set_{g}" for g in GRADES)])
    inside = rows[[f"in_set_{g}" for g in GRADES]].to_numpy(dtype=float)
    given = places(rows["label"])
    covered = inside[np.arange(len(given)), given]
    figure, (axes,) = chart(title, "grade the inspector gave", "share of lots in the set")
    means = np.array(
        [covered[given == i].mean() if (given == i).any() else np.nan for i in range(len(GRADES))]
    )
    lots = np.array([(given == i).sum() for i in range(len(GRADES))])
    spread = 1.96 * np.sqrt(means * (1 - means) / np.maximum(lots, 1))
    axes.bar(
        range(len(GRADES)), means, color=MODEL, width=0.6, yerr=spread, error_kw={"ecolor": INK, "lw": 0.9}
    )
    size = inside.sum(axis=1)
    for place in range(len(GRADES)):
        mine = size[given == place]
        if len(mine):
            axes.text(
                place,
                0.72,
                f"{means[place]:.1%}\n{mine.mean():.2f} grades",
                ha="center",
                color="white",
                fontsize=9,
            )
    if nominal is not None:
        axes.axhline(nominal, color=FLOOR, ls="--", lw=1.2, label=f"asked for: {nominal:g}")
    axes.set_xticks(range(len(GRADES)), GRADES)
    axes.set_ylim(0.7, 1.0)
    legend(axes)
    return figure


def unusual_chart(rows: pd.DataFrame, title: str = "How unusual lots are for their supplier") -> Chart:
    """Draw the spread of the anomaly score, which is flat where lots are as they were, and what is flagged.

    Parameters
    ----------
    rows : DataFrame
        ``anomaly_score, is_anomaly``.
    """
    require(rows, ["anomaly_score", "is_anomaly"])
    figure, (axes,) = chart(title, "share of usual lots that are less unusual", "lots")
    edges = np.linspace(0.0, 1.0, 51).tolist()
    score, flagged = rows["anomaly_score"].to_numpy(dtype=float), (rows["is_anomaly"] > 0).to_numpy()
    axes.hist(score[~flagged], edges, color=MODEL, label="not flagged")
    axes.hist(score[flagged], edges, color=WORST, label=f"flagged: {flagged.mean():.1%}")
    axes.axhline(
        len(score) / 50, color=NAIVE, ls="--", lw=1.0, label="if nothing had changed since calibration"
    )
    legend(axes)
    return figure


def over_time(rows: pd.DataFrame, title: str = "Accuracy by month of the back-test") -> Chart:
    """Draw the accuracy of the back-test by month, with the forest as specified beside it where it was measured.

    Parameters
    ----------
    rows : DataFrame
        ``asof, label, quality_grade`` and graders beside.
    """
    require(rows, ["asof", "label", SAID])
    month = rows["asof"].dt.tz_localize(None).dt.to_period("M").dt.to_timestamp()
    figure, (axes,) = chart(title, "", "accuracy")
    for name, colour, words in (
        (SAID, MODEL, "model"),
        ("random_forest", NAIVE, "random forest as specified"),
    ):
        if name in rows:
            right = (rows[name] == rows["label"]).groupby(month).mean()
            axes.plot(right.index, right, "o-", color=colour, lw=1.5, ms=4, label=words)
    axes.set_ylim(None, 1.0)
    days(axes)
    legend(axes)
    return figure
