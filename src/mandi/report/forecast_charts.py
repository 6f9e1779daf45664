"""Charts of a forecasting model: the fan, what it is made of, errors by days ahead beside simple forecasts and members.

Arrivals are tonnes; weeks are sums of seven days that end on the day drawn. Errors are percent of what came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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
    day,
    days,
    legend,
    require,
    thousands,
)  # fmt: skip

if TYPE_CHECKING:
    from mandi.report.results import Results

TONNES = "tonnes a week"
NAMES = {
    "predicted_demand": ("blend", MODEL),
    "seasonal_naive": ("same days last year", SEASON),
    "last_week": ("last week again", NAIVE),
    "mean_28": ("mean of 28 days", EXTRA),
    "prophet": ("Prophet alone", FLOOR),
}
MOST_PARTS = 5
TALLEST = 2.0  # of the higher of the model and the same days of last year: lines far above would flatten both


def charts(results: Results) -> list[Chart]:
    """Draw everything measured on a forecasting model.

    Parameters
    ----------
    results : Results
        Of the task "forecast".

    Returns
    -------
    list of Chart
    """
    rows = results.rows[results.rows["label"].notna()]
    weeks = rows[rows["kind"] == "week"]
    country = weeks[weeks["level"] == "country"]
    drawn: list[Chart | None] = []
    if len(country):
        by_size = country.groupby("commodity")["label"]
        first = str((by_size.std() / by_size.mean()).fillna(0.0).idxmax())  # the one with the sharpest season
        drawn += [
            fan(
                country[country["commodity"] == first],
                f"Weekly arrivals of {first}, forecast from three moments of the test",
            ),
            error_by_horizon(country, "Error by days ahead, the country's weeks of the test"),
            by_commodity(country, floors_of(results)),
            members(country),
        ]
    rolled = results.backtest
    if len(rolled):
        back = rolled[(rolled["kind"] == "week") & (rolled["level"] == "country") & rolled["label"].notna()]
        if len(back):
            drawn.append(error_by_horizon(back, "Back-test of the half year before: error by days ahead"))
    if len(weeks):
        drawn.append(coverage_by_horizon(rows))
    return [one for one in drawn if one is not None]


def fan(rows: pd.DataFrame, title: str, origins: int = 3) -> Chart:
    """Draw the weeks that came and forecasts with 95 % intervals from some moments.

    Parameters
    ----------
    rows : DataFrame
        Weeks of one place: ``asof, target_day, label, predicted_demand, lower_bound, upper_bound`` (tonnes).
    title : str
    origins : int
        Moments drawn, evenly picked.
    """
    require(rows, ["asof", "target_day", "label", "predicted_demand", "lower_bound", "upper_bound"])
    figure, (axes,) = chart(title, "", TONNES)
    came = rows.drop_duplicates("target_day").sort_values("target_day")
    phase = day(
        came["target_day"]
    ).dt.dayofweek  # around a festival a moment may lie a day off: its weeks overlap others
    came = came[phase == phase.mode().iloc[0]]
    axes.plot(day(came["target_day"]), came["label"], ".-", color=INK, lw=0.9, ms=4, label="came")
    moments = np.sort(rows["asof"].unique())
    whole = [m for m in moments if (rows["asof"] == m).sum() >= rows.groupby("asof").size().max()] or list(
        moments
    )
    for place, colour in zip(
        np.unique(np.linspace(0, len(whole) - 1, origins).astype(int)), CYCLE, strict=False
    ):
        ahead = rows[rows["asof"] == whole[place]].sort_values("target_day")
        at = day(ahead["target_day"])
        since = pd.Timestamp(whole[place]).date()
        axes.fill_between(at, ahead["lower_bound"], ahead["upper_bound"], color=colour, alpha=0.15, lw=0)
        axes.plot(at, ahead["predicted_demand"], "-", color=colour, lw=1.8, label=f"from {since}, with 95 %")
    thousands(axes)
    days(axes)
    legend(axes)
    return figure


def daily_fan(ahead: pd.DataFrame, title: str, past: pd.DataFrame | None = None) -> Chart:
    """Draw a daily forecast with its 95 % interval.

    Parameters
    ----------
    ahead : DataFrame
        ``target_day, predicted_demand, lower_bound, upper_bound`` (tonnes); ``label`` where it came.
    title : str
    past : DataFrame, optional
        ``day`` and ``arrivals`` (tonnes) before.
    """
    require(ahead, ["target_day", "predicted_demand", "lower_bound", "upper_bound"])
    figure, (axes,) = chart(title, "", "tonnes a day")
    if past is not None and len(past):
        told = past.groupby("day")["arrivals"].sum().sort_index()
        axes.plot(told.index, told.to_numpy(), "-", color=INK, lw=0.8, label="came before")
    ahead = ahead.sort_values("target_day")
    at = day(ahead["target_day"])
    axes.fill_between(
        at, ahead["lower_bound"], ahead["upper_bound"], color=MODEL, alpha=0.18, lw=0, label="95 % interval"
    )
    axes.plot(at, ahead["predicted_demand"], "-", color=MODEL, lw=1.4, label="forecast")
    if "label" in ahead and ahead["label"].notna().any():
        axes.plot(at, ahead["label"], "x", color=WORST, ms=4, mew=1.2, label="came true")
    axes.set_ylim(bottom=0)
    thousands(axes)
    days(axes)
    legend(axes)
    return figure


def components(effects: pd.DataFrame, at: pd.Series, title: str = "What the forecast is made of") -> Chart:
    """Draw the parts of a forecast, day by day.

    Parameters
    ----------
    effects : DataFrame
        ``index, feature, effect`` (tonnes), as ``Model.explain`` returns them.
    at : Series
        Day of every index.
    title : str
    """
    require(effects, ["index", "feature", "effect"])
    wide = effects.pivot_table(index="index", columns="feature", values="effect", aggfunc="sum").fillna(0.0)
    order = wide.abs().mean().sort_values(ascending=False).index
    shown = [*order[:MOST_PARTS]]
    if len(order) > MOST_PARTS:
        wide = wide.assign(**{"all others": wide[order[MOST_PARTS:]].sum(axis=1)})
        shown.append("all others")
    when = day(at.loc[wide.index])
    place = np.argsort(when.to_numpy(), kind="stable")
    figure, (axes,) = chart(title, "", "tonnes a day", height=3.8)
    for colour, name in zip([*CYCLE, "#B2B2B2"], shown, strict=False):
        axes.plot(
            when.to_numpy()[place],
            wide[name].to_numpy()[place],
            "-",
            color=colour,
            lw=1.3,
            label=str(name).replace("_", " "),
        )
    axes.axhline(0, color=INK, lw=0.8)
    thousands(axes)
    days(axes)
    legend(axes)
    return figure


def error_by_horizon(rows: pd.DataFrame, title: str) -> Chart:
    """Draw the mean absolute percentage error by days ahead, of the model and what simple forecasts there are.

    Parameters
    ----------
    rows : DataFrame
        ``horizon_days, label, predicted_demand`` and baselines (tonnes).
    """
    require(rows, ["horizon_days", "label", "predicted_demand"])
    told = rows[rows["label"] > 0]
    figure, (axes,) = chart(title, "days ahead, of the week's end", "mean error, % of what came")
    top = 0.0
    for name, (said, colour) in NAMES.items():
        if name not in told or told[name].isna().all():
            continue
        error = 100.0 * (told[name] - told["label"]).abs() / told["label"]
        mean = error.groupby(told["horizon_days"]).mean()
        wide = 2.2 if name == "predicted_demand" else 1.2
        axes.plot(mean.index.to_numpy(), mean.to_numpy(), "o-", color=colour, ms=3.5, lw=wide, label=said)
        if name in ("predicted_demand", "seasonal_naive"):
            top = max(top, TALLEST * float(mean.max()))
    axes.set_ylim(0, min(axes.get_ylim()[1], top) if top > 0 else None)
    legend(axes)
    return figure


def by_commodity(rows: pd.DataFrame, floors: dict[str, float]) -> Chart:
    """Draw the error within 30 days by commodity, beside the same days of last year and the oracle."""
    near = rows[(rows["horizon_days"] <= 30) & (rows["label"] > 0)]
    figure, (axes,) = chart("Error within 30 days, by commodity", "", "mean error, % of what came")
    names = sorted(near["commodity"].unique())
    shown = [n for n in ("predicted_demand", "seasonal_naive") if n in near]
    for i, name in enumerate(shown):
        error = 100.0 * (near[name] - near["label"]).abs() / near["label"]
        mean = error.groupby(near["commodity"]).mean().reindex(names)
        said, colour = NAMES[name]
        bars = axes.bar(np.arange(len(names)) + (i - 0.5) * 0.36, mean, 0.33, color=colour, label=said)
        axes.bar_label(bars, fmt="{:.0f}", fontsize=8, color="#444444", padding=1)
    for i, name in enumerate(names):
        if name in floors:
            named = "oracle of the generated market" if i == 0 else None
            axes.plot([i - 0.4, i + 0.4], [floors[name]] * 2, color=INK, lw=1.6, label=named)
    axes.set_xticks(range(len(names)), names)
    legend(axes)
    return figure


def members(rows: pd.DataFrame) -> Chart | None:
    """Draw what each member alone errs by within 30 days, and the blend."""
    near = rows[(rows["horizon_days"] <= 30) & (rows["label"] > 0)]
    fixed = {"commodity", "location", "level", "kind", "horizon_days", "asof", "target_day", "label", "lower_bound", "upper_bound",
             "band", "scale", "origin"}  # fmt: skip
    error = {}
    for column in near.columns:
        if column not in fixed and near[column].dtype == float and near[column].notna().all():
            error[str(column)] = 100.0 * float(((near[column] - near["label"]).abs() / near["label"]).mean())
    if len(error) < 2:
        return None
    ordered = sorted(error, key=lambda name: -error[name])
    figure, (axes,) = chart(
        "The blend and its members alone, within 30 days", "mean error, % of what came", "", height=3.8
    )
    colours = [MODEL if name == "predicted_demand" else NAIVE for name in ordered]
    said = ["blend" if name == "predicted_demand" else name.replace("_", " ") for name in ordered]
    bars = axes.barh(said, [error[name] for name in ordered], color=colours)
    axes.bar_label(bars, fmt="{:.1f}", fontsize=8, color="#444444", padding=2)
    axes.grid(False, axis="y")
    axes.grid(True, axis="x")
    return figure


def coverage_by_horizon(rows: pd.DataFrame) -> Chart:
    """Draw the share of the truth inside the 95 % interval, by days ahead, of weeks and of single days."""
    figure, (axes,) = chart(
        "How often the truth lies inside the 95 % interval", "days ahead", "share covered"
    )
    inside = (rows["label"] >= rows["lower_bound"]) & (rows["label"] <= rows["upper_bound"])
    groups = {
        "weeks of the country": ("week", True),
        "weeks of states": ("week", False),
        "days of the country": ("day", True),
    }
    for colour, (said, (kind, whole)) in zip(CYCLE, groups.items(), strict=False):
        mine = (rows["kind"] == kind) & ((rows["level"] == "country") == whole)
        if not mine.any():
            continue
        group = 10 * np.ceil(rows.loc[mine, "horizon_days"].to_numpy(dtype=float) / 10)
        share = inside[mine].groupby(group).mean()
        axes.plot(share.index.to_numpy(), share.to_numpy(), "o-", color=colour, ms=4, lw=1.3, label=said)
    axes.axhline(0.95, color=INK, lw=0.9, ls="--")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_ylim(min(0.7, axes.get_ylim()[0]), 1.01)
    legend(axes)
    return figure


def floors_of(results: Results) -> dict[str, float]:
    """Read the oracle's error by commodity out of the tables that were measured; empty where there is none."""
    for table in results.tables.values():
        if {"commodity", "oracle_mape"} <= set(table.columns):
            told = table.dropna(subset=["oracle_mape"])
            return {str(c): float(v) for c, v in zip(told["commodity"], told["oracle_mape"])}
    return {}
