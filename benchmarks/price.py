"""Forecasts of real mandi prices (INR/quintal) 0 to 60 days ahead against the last report: make bench-price.

Eight quarterly folds per crop, the last 24 months with data; markets with 500 reports or more (gated market-days);
origin every calendar day with a report in the last 14 days. The filter runs once through time and is causal; the trees
are fitted again every two folds on the four years of data before, purged by the horizon. The 2025-26 files use the trees
of the crop's last fold unchanged, markets with 20 reports or more, after 21 days. The filter's and the trees' settings
were chosen on years before the first fold; the intervals' windows and speeds and the caps of the trees are those of an
earlier study that had seen the soybean folds (30 and 60 days: all three crops). docs/benchmarks.md says what follows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import price_goals
from benchmarks.rows import Row, table, write
from mandi.core.config import build, load_params, section
from mandi.core.paths import bench_data
from mandi.evaluation import baselines, metrics, skill
from mandi.features.price import PriceFeatureParams, PriceFeatures
from mandi.features.pricing.level_questions import level_questions
from mandi.features.pricing.levels import LevelParams, market_levels
from mandi.models.pricing.market_pricer import MarketParams, MarketPricer
from mandi.tables.ingest import examine

HORIZONS = (0, 1, 7, 30, 60)
NAIVE_WINDOW = {0: 90, 1: 90, 7: 365, 30: 1100, 60: 1100}  # days, as the widths of the filter
LENT_ROWS = 40_000  # of each other crop
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Crop:
    """Files, folds (first month of each quarter) and markets of one crop."""

    name: str
    path: str
    quarters: tuple[str, ...]
    fresh: str = ""
    learns_from: int = 500  # reports a market needs to be among the rows the trees are fitted on
    with_others: bool = False  # trees are fitted on the last years of the other crops as well


CROPS = (
    Crop("soybean", "mandi_agmarknet/soyabean_2008_2017_no2016.csv.gz",
         ("2014-07", "2014-10", "2015-01", "2015-04", "2015-07", "2015-10", "2017-01", "2017-04"),
         "cotton_agmarknet/soyabean_allindia_2025_2026.csv.gz"),
    Crop("tur", "mandi_agmarknet/arhar_tur_2008_2017.csv.gz",
         ("2015-07", "2015-10", "2016-01", "2016-04", "2016-07", "2016-10", "2017-01", "2017-04")),
    Crop("cotton", "cotton_agmarknet/cotton_gujarat_2018_2024.csv.gz",
         ("2022-08", "2022-11", "2023-02", "2023-05", "2023-08", "2023-11", "2024-02", "2024-05"),
         "cotton_agmarknet/cotton_allindia_2025_2026.csv.gz", learns_from=60, with_others=True),
)  # fmt: skip
FIT_DAYS, CHECK_DAYS, WIDTH_DAYS = (
    1461,
    120,
    60,
)  # days with data: whole memory, of it validation and calibration


def main() -> None:
    """Run every crop, print the tables and write benchmarks/results/price.json."""
    root = Path(__file__).resolve().parent.parent
    data = bench_data(root)
    params = load_params(root / "params.yaml")
    rows: list[Row] = []
    lent: dict[int, list[pd.DataFrame]] = {}
    for crop in CROPS:
        since = pd.Timestamp(crop.quarters[0]) - pd.DateOffset(years=6)
        asked, reports, spent = _questions(data / crop.path, params, since)
        rows.append(Row(f"{crop.name}/filter", "cpu_seconds", spent, goal="<= 10"))
        counts = reports.groupby("market").size()
        scored = counts.index[counts >= 500]
        _say(f"{crop.name}: {len(scored)} markets scored, filter {spent:.1f} s")
        pricers: dict[int, MarketPricer] = {}
        for horizon in HORIZONS:
            frame = asked(horizon)
            learnt = frame[frame["market"].isin(counts.index[counts >= crop.learns_from])]
            others = lent.get(horizon, []) if crop.with_others else []
            judged, pricers[horizon] = _folds(crop, horizon, learnt, others, scored, params)
            past = frame[frame["market"].isin(scored)]
            rows += _judge(f"{crop.name}/{_step(horizon)}", horizon, judged, past, reports)
            if horizon in (0, 1, 7) and not crop.with_others:
                lent.setdefault(horizon, []).append(_last_years(learnt))
        if crop.fresh:
            rows += _fresh(crop, data / crop.fresh, pricers, params)
    _show(rows)
    spent = time.process_time()
    _say(f"{write(root / 'benchmarks' / 'results', 'price', rows, spent)}: {spent:.0f} s of CPU")


def _questions(
    path: Path, params: dict[str, Any], since: pd.Timestamp | None = None
) -> tuple[Callable[[int], pd.DataFrame], pd.DataFrame, float]:
    source = {"source": "agmarknet", "location": str(path), "report_lag_hours": 0}
    tables, _ = examine(
        params | {"tables": source}, root=path.parent, now=pd.Timestamp("2026-02-01", tz="UTC")
    )
    levels_set = build(LevelParams, section(params, "models.price").get("levels", {}), "models.price.levels")
    features = PriceFeatures(PriceFeatureParams(levels=levels_set))
    started = time.process_time()
    levels = market_levels(tables["reports"], features.params.levels)
    spent = time.process_time() - started
    reports = levels.loc[levels["last_age"] == 0.0, ["market", "day"]]

    def asked(horizon: int) -> pd.DataFrame:
        questions = level_questions(levels, [horizon], since=since)
        frame = features.assemble(questions, {"levels": levels})
        season = baselines.seasonal_naive(questions, tables["reports"])
        origin = frame["asof"].dt.tz_convert(None).dt.normalize()
        return frame.assign(origin=origin, seasonal_naive=season)

    return asked, reports, spent


def _folds(
    crop: Crop,
    horizon: int,
    frame: pd.DataFrame,
    others: list[pd.DataFrame],
    scored: pd.Index,
    params: dict[str, Any],
) -> tuple[pd.DataFrame, MarketPricer]:
    starts = [pd.Timestamp(quarter) for quarter in crop.quarters]
    judged = []
    settings = build(MarketParams, section(params, "models.price").get("market", {}), "models.price.market")
    pricer = MarketPricer(settings)
    for number, start in enumerate(starts):
        if number % 2 == 0:
            past = frame[frame["target_day"] < start]
            pricer = MarketPricer(settings).fit(pd.concat([_parts(past), *others], ignore_index=True))
        stop = start + pd.DateOffset(months=3)
        fold = frame[(frame["origin"] >= start) & (frame["origin"] < stop) & frame["market"].isin(scored)]
        judged.append(pd.concat([fold, pricer.predict(fold)], axis=1).assign(fold=crop.quarters[number]))
    _say(f"  {_step(horizon)}: weight of the trees {pricer.weights.get(horizon, 0.0):.2f}")
    return pd.concat(judged), pricer


def _parts(past: pd.DataFrame) -> pd.DataFrame:
    days = np.sort(past["origin"].unique())[-FIT_DAYS:]
    check, width = days[-(CHECK_DAYS + WIDTH_DAYS)], days[-WIDTH_DAYS]
    origin, target = past["origin"], past["target_day"]
    part = np.select(
        [origin >= width, (origin >= check) & (target < width), (origin >= days[0]) & (target < check)],
        ["calibration", "validation", "train"],
        "purged",
    )
    return past.assign(part=part)


def _last_years(frame: pd.DataFrame) -> pd.DataFrame:
    days = np.sort(frame["origin"].unique())[-FIT_DAYS:]
    kept = frame[frame["origin"] >= days[0]].assign(part="train")
    return kept.sample(min(len(kept), LENT_ROWS), random_state=0).sort_index()


def _fresh(crop: Crop, path: Path, pricers: dict[int, MarketPricer], params: dict[str, Any]) -> list[Row]:
    asked, reports, spent = _questions(path, params)
    counts = reports.groupby("market").size()
    scored = counts.index[counts >= 20]
    name = f"{crop.name}-2025"
    _say(f"{name}: {len(scored)} markets scored, filter {spent:.1f} s")
    rows = [Row(f"{name}/filter", "cpu_seconds", spent, goal="<= 10")]
    for horizon in (0, 1, 7, 30):
        frame = asked(horizon)
        first = reports["day"].min() + 21 * DAY
        fold = frame[(frame["origin"] >= first) & frame["market"].isin(scored)]
        judged = pd.concat([fold, pricers[horizon].predict(fold)], axis=1).assign(fold="2025")
        rows += _judge(
            f"{name}/{_step(horizon)}", horizon, judged, frame[frame["market"].isin(scored)], reports
        )
    return rows


def _judge(
    case: str, horizon: int, judged: pd.DataFrame, past: pd.DataFrame, reports: pd.DataFrame
) -> list[Row]:
    truth, ours = judged["label"].to_numpy(), judged["predicted_price"].to_numpy()
    last = np.exp(judged["last_log"].to_numpy())
    worst = min(
        skill.skill(part["label"], part["predicted_price"], np.exp(part["last_log"]))
        for _, part in judged.groupby("fold")
    )
    test = skill.diebold_mariano(truth, ours, last, judged["origin"], horizon)
    season = judged["seasonal_naive"].notna()
    error = np.abs(truth - ours)
    values: dict[str, tuple[float, float | None]] = {
        "mae": (metrics.mae(truth, ours), metrics.mae(truth, last)),
        "skill": (skill.skill(truth, ours, last), 0.0),
        "skill_worst_quarter": (worst, 0.0),
        "dm_p": (test.p_value, None),
        "r2": (metrics.r2(truth, ours), metrics.r2(truth, last)),
        "median_ae": (float(np.median(error)), float(np.median(np.abs(truth - last)))),
        "mape": (metrics.mape(truth, ours), metrics.mape(truth, last)),
        "seasonal_naive_mae": (metrics.mae(truth[season], judged.loc[season, "seasonal_naive"]), None),
        "rows": (float(len(judged)), None),
        "bank_skill": (skill.skill(truth, np.exp(judged["level"]), last), 0.0),
    }
    naive = _naive_half(judged["origin"], past, horizon)
    for level, share in ((90, 0.90), (95, 0.95)):
        low, high = (judged[f"{side}_bound_{level}"].to_numpy() for side in ("lower", "upper"))
        half = naive[share]
        known = np.isfinite(half) & np.isfinite(low)
        around = (last * np.exp(-half), last * np.exp(half))
        scores = [
            metrics.interval_score(truth[known], a[known], b[known], share) for a, b in ((low, high), around)
        ]
        values[f"coverage{level}"] = (
            metrics.coverage(truth[known], low[known], high[known]),
            metrics.coverage(truth[known], around[0][known], around[1][known]),
        )
        values[f"width{level}"] = (
            metrics.mean_width(low[known], high[known]),
            metrics.mean_width(around[0][known], around[1][known]),
        )
        values[f"interval_score_ratio{level}"] = (scores[0] / scores[1], 1.0)
    goals = price_goals.GOALS.get(case, {})
    return [
        Row(case, name, float(value), base, None, goals.get(name, ""))
        for name, (value, base) in values.items()
    ]


def _naive_half(origin: pd.Series, past: pd.DataFrame, horizon: int) -> dict[float, np.ndarray]:
    past = past.sort_values("target_day", kind="stable")
    error = np.abs(np.log(past["label"]) - past["last_log"]).to_numpy()
    target = past["target_day"].to_numpy()
    days = np.sort(origin.unique())
    # what a forecast made at the end of a day has seen; a nowcast has seen the day before
    seen = np.searchsorted(target, days, side="left" if horizon == 0 else "right")
    reporting = np.unique(target)
    found = np.full((len(days), 2), np.nan)
    for number, stop in enumerate(seen):
        place = np.searchsorted(reporting, target[stop - 1]) if stop else 0
        start = np.searchsorted(target, reporting[max(0, place - NAIVE_WINDOW[horizon] + 1)])
        if stop - start >= 50:
            found[number] = np.quantile(error[start:stop], [0.90, 0.95])
    place = np.searchsorted(days, origin.to_numpy())
    return {0.90: found[place, 0], 0.95: found[place, 1]}


def _show(rows: list[Row]) -> None:
    by_case: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_case.setdefault(row.case, {})[row.metric] = row
    lines = []
    for case, known in by_case.items():
        if "mae" in known:
            mae = known["mae"]
            names = ("skill", "bank_skill", "skill_worst_quarter", "dm_p", "r2", "coverage90", "coverage95",
                     "interval_score_ratio90", "interval_score_ratio95")  # fmt: skip
            lines.append(
                [
                    case,
                    mae.value,
                    mae.baseline,
                    known["seasonal_naive_mae"].value,
                    *(known[n].value for n in names),
                ]
            )
    head = (
        "case",
        "mae",
        "last",
        "season",
        "skill",
        "bank",
        "worst",
        "dm_p",
        "r2",
        "cov90",
        "cov95",
        "is90",
        "is95",
    )
    _say("\n" + table(head, lines) + "\n")
    _say(table(("case", "metric", "ours", "goal", "met"),
               [(r.case, r.metric, r.value, r.goal, r.met) for r in rows if r.goal]))  # fmt: skip


def _step(horizon: int) -> str:
    return f"{horizon}d" if horizon else "now"


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
