"""Charts of what a model said and how far off it was: prices in INR per quintal, skill and coverage as shares, time in India trading days.

Every chart takes a frame, returns a figure that shows itself, and touches neither. Rows are answered questions:
``kind, horizon_days, commodity, market, asof, target_day, label, predicted_price``, bounds, and baselines.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MultipleLocator

from mandi.report.canvas import (
    CYCLE,
    EXTRA,
    INK,
    MODEL,
    NAIVE,
    PRICE,
    SEASON,
    WORST,
    Chart,
    ahead_of,
    chart,
    day,
    days,
    legend,
    require,
    thousands,
)  # fmt: skip

BASELINES = {
    "last_price": ("last report (persistence)", NAIVE),
    "seasonal_naive": ("same weeks last year", SEASON),
    "mean_last_lots": ("mean of the last lots", EXTRA),
}


def forecast(past: pd.DataFrame, ahead: pd.DataFrame, title: str = "Forecast") -> Chart:
    """Draw a price's past and its forecasts with 90 and 95 % intervals.

    Parameters
    ----------
    past : DataFrame
        ``day`` and ``price`` (INR per quintal).
    ahead : DataFrame
        ``target_day, predicted_price, lower_bound_90, upper_bound_90, lower_bound_95, upper_bound_95``; ``label`` where
        the truth is known.
    """
    require(past, ["day", "price"])
    require(ahead, ["target_day", "predicted_price", *_bounds(90), *_bounds(95)])
    figure, (axes,) = chart(title, "", PRICE)
    past, ahead = past.sort_values("day"), ahead.sort_values("target_day")
    axes.plot(day(past["day"]), past["price"], ".-", color=INK, lw=0.8, ms=3, label="market's reports")
    at = day(ahead["target_day"])
    for level, shade in ((95, 0.18), (90, 0.30)):
        low, high = (ahead[c].to_numpy(dtype=float) for c in _bounds(level))
        if len(at) > 1:
            axes.fill_between(at, low, high, color=MODEL, alpha=shade, lw=0, label=f"{level} % interval")
        else:
            axes.vlines(at, low, high, color=MODEL, alpha=shade + 0.2, lw=7, label=f"{level} % interval")
    axes.plot(at, ahead["predicted_price"], "o-", color=MODEL, ms=4.5, label="predicted")
    if "label" in ahead and ahead["label"].notna().any():
        axes.plot(at, ahead["label"], "x", color=WORST, ms=7, mew=1.8, label="came true")
    thousands(axes)
    days(axes)
    legend(axes)
    return figure


def past_prices(reports: pd.DataFrame, commodity: str, market: str, last_days: int = 120) -> pd.DataFrame:
    """Return a market's daily price, the median over varieties, for the last days it reported.

    Parameters
    ----------
    reports : DataFrame
        ``commodity, market, event_time`` (UTC), ``modal_price`` (INR per quintal).
    last_days : int
        Calendar days before the last report.

    Returns
    -------
    DataFrame
        ``day`` and ``price``, as ``forecast`` takes them.
    """
    require(reports, ["commodity", "market", "event_time", "modal_price"])
    here = reports[(reports["commodity"] == commodity) & (reports["market"] == market)]
    by_day = here.groupby(day(here["event_time"]).dt.normalize())["modal_price"].median()
    late = by_day[by_day.index > by_day.index.max() - pd.Timedelta(days=last_days)]
    return late.rename_axis("day").rename("price").reset_index()


def error_by_horizon(rows: pd.DataFrame, title: str = "Mean absolute error by days ahead") -> Chart:
    """Compare the model's error with that of the baselines present, on rows where all of them answer.

    Parameters
    ----------
    rows : DataFrame
        ``horizon_days, label, predicted_price`` and at least one of ``last_price, seasonal_naive, mean_last_lots``.
    """
    beside = [name for name in BASELINES if name in rows and rows[name].notna().any()]
    require(rows, ["horizon_days", "label", "predicted_price", *(beside or ["last_price"])])
    full = rows.dropna(subset=["label", "predicted_price", *beside])
    errors = full[["predicted_price", *beside]].sub(full["label"], axis=0).abs()
    mae = errors.groupby(full["horizon_days"]).mean()
    counts = full.groupby("horizon_days").size()
    return mae_bars(mae, counts, title)


def mae_bars(
    mae: pd.DataFrame, counts: pd.Series | None = None, title: str = "Mean absolute error by days ahead"
) -> Chart:
    """Draw mean absolute errors side by side.

    Parameters
    ----------
    mae : DataFrame
        INR per quintal; index ``horizon_days``, columns ``predicted_price`` and names of baselines.
    counts : Series, optional
        Questions per horizon.
    """
    figure, (axes,) = chart(title, "", PRICE)
    names = {"predicted_price": ("model", MODEL), **BASELINES}
    wide = 0.8 / mae.shape[1]
    for i, column in enumerate(mae.columns):
        label, colour = names.get(str(column), (str(column), EXTRA))
        place = np.arange(len(mae)) + (i - (mae.shape[1] - 1) / 2) * wide
        bars = axes.bar(place, mae[column], wide * 0.92, color=colour, label=label)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=8, color="#444444", padding=1)
    axes.margins(y=0.1)
    said = [
        ahead_of(h) if counts is None else f"{ahead_of(h)}\n{counts[h]:,} questions"
        for h in mae.index.to_numpy()
    ]
    axes.set_xticks(range(len(mae)), said)
    thousands(axes)
    legend(axes)
    return figure


def skill_by_quarter(rows: pd.DataFrame, baseline: str = "last_price", title: str = "") -> Chart:
    """Draw 1 - MAE / MAE of a baseline, by quarter of the decision and days ahead; below zero the model did harm.

    Parameters
    ----------
    rows : DataFrame
        ``asof, horizon_days, label, predicted_price`` and the baseline. Less than a year of them is drawn by month.
    """
    require(rows, ["asof", "horizon_days", "label", "predicted_price", baseline])
    full = rows.dropna(subset=["label", "predicted_price", baseline])
    moment = day(full["asof"])
    by, said = ("Q", "quarter") if moment.dt.to_period("Q").nunique() >= 4 else ("M", "month")
    quarter = moment.dt.to_period(by)
    errors = full[["predicted_price", baseline]].sub(full["label"], axis=0).abs()
    mean = errors.groupby([full["horizon_days"], quarter]).mean()
    skill = 1.0 - mean["predicted_price"] / mean[baseline]
    named = BASELINES.get(baseline, (baseline, NAIVE))[0]
    figure, (axes,) = chart(
        title or f"Skill over the {named}, {said} by {said}", "", f"1 - MAE / MAE of {named}"
    )
    axes.yaxis.label.set_fontsize(8.5)
    quarters = sorted(quarter.unique())
    for colour, (horizon, part) in zip(CYCLE, skill.groupby(level=0)):
        at = [quarters.index(q) for q in part.index.get_level_values(1)]
        axes.plot(at, part.to_numpy(), "o-", color=colour, ms=4, lw=1.4, label=ahead_of(horizon))
    axes.axhline(0, color=INK, lw=0.9)
    below = skill[skill < 0]
    if len(below):
        _, when = skill.index[int(np.argmin(skill))]
        axes.annotate(
            f"worst: {skill.min():+.2f}", (quarters.index(when), float(skill.min())), xytext=(0, -12),
            textcoords="offset points", ha="center", fontsize=8, color=WORST,
        )  # fmt: skip
    axes.set_xticks(
        range(len(quarters)),
        [f"{q.year} Q{q.quarter}" if by == "Q" else q.strftime("%b %Y") for q in quarters],
    )
    axes.margins(y=0.16)
    legend(axes)
    return figure


def coverage(table: pd.DataFrame, title: str = "How often the truth lies inside the interval") -> Chart:
    """Draw measured against nominal coverage.

    Parameters
    ----------
    table : DataFrame
        ``question`` (text), ``nominal`` and ``coverage`` (shares), and where there is any ``volatility`` (text): one
        panel per value, else one panel.
    """
    require(table, ["question", "nominal", "coverage"])
    table = table.dropna(subset=["coverage"])
    groups = list(table.groupby("volatility", sort=False)) if "volatility" in table else [("", table)]
    questions = list(dict.fromkeys(table["question"]))
    nominals = sorted(table["nominal"].unique())
    figure, panels = chart(title, "", "share covered", panels=max(len(groups), 1))
    for axes, (name, part) in zip(panels, groups):
        for i, (colour, nominal) in enumerate(zip((MODEL, SEASON), nominals)):
            found = part[part["nominal"] == nominal].set_index("question")["coverage"].reindex(questions)
            place = np.arange(len(questions)) + (i - (len(nominals) - 1) / 2) * 0.22
            axes.axhline(nominal, color=colour, lw=0.9, ls="--")
            axes.plot(
                place, found.to_numpy(dtype=float), "o", color=colour, ms=6, label=f"{nominal:.0%} interval"
            )
        axes.set_xticks(range(len(questions)), questions, rotation=0 if len(groups) < 2 else 35)
        axes.set_xlim(-0.6, len(questions) - 0.4)
        if len(groups) > 1:
            axes.set_title(str(name), fontsize=9.5)
    panels[0].yaxis.set_major_locator(MultipleLocator(0.05))
    panels[0].yaxis.set_major_formatter("{x:.0%}")
    panels[0].set_ylim(min(0.8, float(table["coverage"].min()) - 0.02), 1.005)
    legend(panels[0])
    return figure


def predicted_against_actual(
    rows: pd.DataFrame, title: str = "Predicted against actual", most: int = 4000
) -> Chart:
    """Draw one dot per question, coloured by commodity; at most ``most`` dots, evenly picked.

    Parameters
    ----------
    rows : DataFrame
        ``commodity, label, predicted_price``.
    """
    require(rows, ["commodity", "label", "predicted_price"])
    full = rows.dropna(subset=["label", "predicted_price"])
    picked = full.iloc[np.unique(np.linspace(0, len(full) - 1, min(most, len(full))).astype(int))]
    figure, (axes,) = chart(title, f"actual, {PRICE}", f"predicted, {PRICE}", width=5.6, height=4.8)
    for colour, (name, part) in zip(CYCLE, picked.groupby("commodity")):
        axes.plot(part["label"], part["predicted_price"], ".", ms=3, alpha=0.5, color=colour, label=str(name))
    ends = [
        float(picked[["label", "predicted_price"]].min().min()),
        float(picked[["label", "predicted_price"]].max().max()),
    ]
    axes.plot(ends, ends, color=INK, lw=0.9)
    axes.grid(True, axis="both")
    thousands(axes, x=True)
    handles, labels = axes.get_legend_handles_labels()
    for mark in axes.legend(handles, labels, loc="upper left", markerscale=3, frameon=False).legend_handles:
        if mark is not None:
            mark.set_alpha(1.0)
    return figure


def residuals(
    rows: pd.DataFrame, title: str = "Error over time: predicted minus actual", every: str = "W"
) -> Chart:
    """Draw the median error and the middle 80 % of errors per week of the target day.

    Parameters
    ----------
    rows : DataFrame
        ``target_day, label, predicted_price``.
    """
    require(rows, ["target_day", "label", "predicted_price"])
    error = (rows["predicted_price"] - rows["label"]).dropna()
    week = day(rows.loc[error.index, "target_day"]).dt.to_period(every).dt.start_time
    quantiles = error.groupby(week.to_numpy()).quantile(pd.Series([0.1, 0.5, 0.9])).unstack()
    figure, (axes,) = chart(title, "", PRICE, height=3.0)
    at = quantiles.index.to_numpy()
    axes.fill_between(
        at, quantiles[0.1], quantiles[0.9], color=MODEL, alpha=0.2, lw=0, label="middle 80 % of errors"
    )
    axes.plot(at, quantiles[0.5], color=MODEL, lw=1.5, label="median error of the week")
    axes.axhline(0, color=INK, lw=0.9)
    thousands(axes)
    days(axes)
    legend(axes)
    return figure


def _bounds(level: int) -> tuple[str, str]:
    return f"lower_bound_{level}", f"upper_bound_{level}"
