"""Measures forecasts of arrivals by kind of place and days ahead, with baselines and the oracle of the generated market.

What the gate asks is measured on sums of seven days: single days of a market are mostly noise. A figure at 30 days is the
mean over the whole weeks that end within 30 days of the last day known, at 60 over those after them, and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mandi.core.errors import ContractError, nearest
from mandi.evaluation.examiner import Judged, fingerprint
from mandi.evaluation.forecasting.forecast_scores import mape_nonzero, wape

BANDS = (30, 60, 90)
BY_BAND = "Weeks ahead, by kind of place"
BY_COMMODITY = "The country's weeks within 30 days, by commodity"
BY_MEMBER = "Members and baselines alone: the country's weeks within 30 days, on the same rows"
BY_DAY = "Single days"
BY_PLACE = "Weeks within 30 days, by place: best and worst"
BASELINE = "seasonal_naive"
IDENTITY = ["commodity", "location", "kind", "horizon_days", "asof", "label"]
ANSWER = ("predicted_demand", "lower_bound", "upper_bound")
GROUPS = {"country": ("country",), "place": ("state", "market")}
SHOWN_PLACES = 8


@dataclass(frozen=True)
class ForecastParams:
    """Section ``evaluation.forecast`` of params.yaml.

    Attributes
    ----------
    open_tonnes : float
        Single days with less are left out of percentages: near nothing they measure the smallness of the day.
    """

    open_tonnes: float = 1.0


def judge_forecasts(
    predictions: pd.DataFrame,
    frame: pd.DataFrame,
    beside: pd.DataFrame,
    params: ForecastParams,
    truth: Mapping[str, Any] | None = None,
) -> Judged:
    """Measure predictions for some rows of a frame.

    Parameters
    ----------
    predictions : DataFrame
        ``predicted_demand, lower_bound, upper_bound`` (tonnes), by index.
    frame : DataFrame
        Assembled questions with ``label`` (tonnes).
    beside : DataFrame
        One column per baseline (tonnes), ``seasonal_naive`` among them.
    params : ForecastParams
    truth : mapping, optional
        Of the generated market.

    Raises
    ------
    ContractError
        A column is missing, or nothing was predicted.
    """
    rows = _answered(predictions, frame, beside)
    names = [str(name) for name in beside.columns]
    flat: dict[str, float] = {
        "test.rows": float(len(rows)),
        "test.fingerprint": fingerprint(rows, IDENTITY),
        "unanswered": float(rows["predicted_demand"].isna().mean()),
    }
    by_band: list[dict[str, Any]] = []
    by_day: list[dict[str, Any]] = []
    weeks, days = rows[rows["kind"] == "week"], rows[rows["kind"] == "day"]
    for group, levels in GROUPS.items():
        for band in BANDS:
            for kind, part in (("week", weeks), ("day", days)):
                mine = part[part["level"].isin(levels) & (part["band"] == band)]
                if len(mine) == 0:
                    continue
                head = f"{group}.{band}" if kind == "week" else f"{group}.day.{band}"
                found = figures(mine, names, params.open_tonnes if kind == "day" else 0.0)
                flat |= {f"{head}.{name}": value for name, value in found.items()}
                shown = {
                    "place": group,
                    "days_ahead": band,
                    **{k: v for k, v in found.items() if "." not in k},
                }
                naive = found.get(f"{BASELINE}.mape", float("nan"))
                (by_band if kind == "week" else by_day).append({**shown, "mape_seasonal_naive": naive})
    country = weeks[(weeks["level"] == "country") & (weeks["band"] == BANDS[0])]
    floors = oracle_mape(country, truth)
    if floors:
        flat["country.30.floor_mape"] = float(country["commodity"].map(floors).mean())
    for commodity, mine in country.groupby("commodity", sort=True):
        found = figures(mine, names, 0.0)
        flat |= {f"demand_forecast_{commodity}.{k}": v for k, v in found.items() if "." not in k}
    tables = {
        BY_BAND: pd.DataFrame(by_band),
        BY_COMMODITY: _by_commodity(country, names, floors),
        BY_MEMBER: _by_member(country, names),
        BY_DAY: pd.DataFrame(by_day),
        BY_PLACE: _by_place(weeks[weeks["band"] == BANDS[0]]),
    }
    return Judged(flat, tables, rows, _notes(rows, bool(floors)))


def figures(rows: pd.DataFrame, baselines: list[str], least: float = 0.0) -> dict[str, float]:
    """Return the figures of some rows, and of each baseline on the rows where both answer.

    Parameters
    ----------
    rows : DataFrame
        ``label, predicted_demand, lower_bound, upper_bound, scale`` and the baselines, tonnes.
    baselines : list of str
    least : float
        Tonnes below which a truth is left out of percentages.

    Returns
    -------
    dict of str to float
        rows, mape, wape (percent), mase, bias (percent of what came), coverage95, width95 (percent of the forecast); per
        baseline mape, mase and ``skill`` = 1 - MASE / MASE of the baseline; ``skill`` alone is over the seasonal naive.

    Examples
    --------
    >>> told = pd.DataFrame({"label": [100.0, 200.0], "predicted_demand": [90.0, 200.0], "lower_bound": 80.0,
    ...     "upper_bound": 210.0, "scale": 10.0, "seasonal_naive": [80.0, 200.0]})
    >>> found = figures(told, ["seasonal_naive"])
    >>> found["mape"], round(found["wape"], 2), found["mase"], found["skill"], found["coverage95"]
    (5.0, 3.33, 0.5, 0.5, 1.0)
    """
    known = rows[rows["label"].notna() & rows["predicted_demand"].notna()]
    found = {"rows": float(len(known)), **_errors(known, "predicted_demand", least)}
    came = known["label"].sum()
    found["bias"] = (
        100.0 * float((known["predicted_demand"] - known["label"]).sum() / came) if came > 0 else np.nan
    )
    inside = (known["label"] >= known["lower_bound"]) & (known["label"] <= known["upper_bound"])
    found["coverage95"] = float(inside.mean()) if len(known) else np.nan
    total = known["predicted_demand"].sum()
    width = (known["upper_bound"] - known["lower_bound"]).sum()
    found["width95"] = 100.0 * float(width / total) if total > 0 else np.nan
    for name in baselines:
        both = known[known[name].notna()]
        if len(both) == 0:
            continue
        own, model = _errors(both, name, least), _errors(both, "predicted_demand", least)
        skill = 1.0 - model["mase"] / own["mase"] if own["mase"] > 0 else np.nan
        found |= {f"{name}.mape": own["mape"], f"{name}.mase": own["mase"], f"{name}.skill": skill}
        found[f"{name}.rows"] = float(len(both))
        if name == BASELINE:
            found["skill"] = skill
    return found


def oracle_mape(country: pd.DataFrame, truth: Mapping[str, Any] | None) -> dict[str, float]:
    """Return by commodity what the oracle of the generated market errs by (percent, weeks within 30 days), or nothing."""
    floors = ((truth or {}).get("floors") or {}).get("demand") or {}
    return {str(c): float(floors[c]["mape_weekly"]) for c in country["commodity"].unique() if c in floors}


def _errors(rows: pd.DataFrame, column: str, least: float) -> dict[str, float]:
    off = (rows[column] - rows["label"]).abs()
    sizable = rows[rows["label"] > max(least, 0.0)]
    return {
        "mape": mape_nonzero(sizable["label"], sizable[column]),
        "wape": wape(rows["label"], rows[column]),
        "mase": float((off / rows["scale"]).mean()) if len(rows) else np.nan,
    }


def _answered(predictions: pd.DataFrame, frame: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    for column in [*IDENTITY, "level", "target_day", "w_1"]:
        if column not in frame:
            known = map(str, frame.columns)
            raise ContractError(
                f'frame has no column "{column}"{nearest(column, known)}', allowed=", ".join(IDENTITY)
            )
    if missing := [c for c in ANSWER if c not in predictions]:
        raise ContractError(f'predictions have no column "{missing[0]}"', allowed=", ".join(ANSWER))
    if BASELINE not in beside:
        raise ContractError(f'no baseline "{BASELINE}"', allowed="what ForecastExaminer.beside returns")
    if len(predictions) == 0:
        raise ContractError("nothing was predicted", allowed="at least one row")
    asked = frame.loc[predictions.index, [*IDENTITY, "level", "target_day"]]
    rows = asked.assign(**{c: predictions[c].astype(float) for c in ANSWER})
    rows = rows.assign(**{str(c): beside[c].reindex(rows.index).astype(float) for c in beside.columns})
    place = np.minimum(np.searchsorted(BANDS, rows["horizon_days"].to_numpy(dtype=float)), len(BANDS) - 1)
    scale = weekly_steps(frame.loc[predictions.index])
    span = np.where(rows["kind"].to_numpy(dtype=object) == "week", 1.0, 7.0)
    return rows.assign(band=np.array(BANDS)[place], scale=scale / span)


def weekly_steps(frame: pd.DataFrame) -> np.ndarray:
    """Return the scale of MASE: a place's mean change from one week to the next before its first question here (tonnes)."""
    weeks = [c for c in frame.columns if str(c).startswith("w_")]
    first = frame.sort_values("asof", kind="stable").drop_duplicates(["commodity", "location"])
    steps = first[weeks].diff(axis=1).abs().mean(axis=1)
    keys = list(zip(first["commodity"], first["location"]))
    known = dict(zip(keys, np.where(steps > 0, steps, np.nan)))
    return np.array([known[key] for key in zip(frame["commodity"], frame["location"])], dtype=float)


def _by_commodity(country: pd.DataFrame, names: list[str], floors: Mapping[str, float]) -> pd.DataFrame:
    told = []
    for commodity, mine in country.groupby("commodity", sort=True):
        found = figures(mine, names, 0.0)
        row = {"commodity": commodity, **{k: v for k, v in found.items() if "." not in k}}
        told.append(
            {
                **row,
                "mape_seasonal_naive": found.get(f"{BASELINE}.mape"),
                "oracle_mape": floors.get(str(commodity)),
            }
        )
    return pd.DataFrame(told)


def _by_member(country: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    full = country.dropna(
        subset=["label", "predicted_demand", *[n for n in names if country[n].notna().any()]]
    )
    told = [
        {"forecast": name, **_errors(full, column, 0.0), "rows": len(full)}
        for name, column in [("champion's blend", "predicted_demand"), *((n, n) for n in names)]
        if len(full) and full[column].notna().all()
    ]
    return (
        pd.DataFrame(told).sort_values("mape", kind="stable", ignore_index=True) if told else pd.DataFrame()
    )


def _by_place(weeks: pd.DataFrame) -> pd.DataFrame:
    told = []
    for (commodity, location), mine in weeks.groupby(["commodity", "location"], sort=True):
        found = figures(mine, [BASELINE], 0.0)
        kept = {k: found.get(k, np.nan) for k in ("rows", "mape", "wape", "skill", "coverage95")}
        told.append({"commodity": commodity, "location": location, **kept})
    table = pd.DataFrame(told)
    if len(table) <= 2 * SHOWN_PLACES:
        return table
    ordered = table.sort_values("skill", ascending=False, kind="stable", ignore_index=True)
    return pd.concat([ordered.head(SHOWN_PLACES), ordered.tail(SHOWN_PLACES)], ignore_index=True)


def _notes(rows: pd.DataFrame, floored: bool) -> tuple[str, ...]:
    origins = rows["asof"].dt.normalize().nunique()
    said = [
        f"Test from {rows['asof'].min().date()} to {rows['asof'].max().date()}: {len(rows)} questions from {origins} origins, "
        "each answered with what was known at its own origin.",
        "MAPE, WAPE and MASE are measured on sums of seven days: at 30 days on the whole weeks that end within 30 days of the "
        "origin, at 60 on those after them to 60, at 90 likewise. MAPE leaves out weeks of nothing; every row weighs the same.",
        "MASE scale: mean change from one week to the next before the test, of the same place. Skill is 1 - MASE / MASE of the "
        "seasonal naive: the same days of last year, 364 days before.",
        "last_week repeats the last seven days known, mean_28 the mean of the last 28, both with nothing learned.",
    ]
    if floored:
        said.append(
            "The oracle knows every parameter of the generated market and today's demand factor, not which markets will report."
        )
    return tuple(said)
