"""Windows of 43 days in onion and potato markets that somebody labelled as anomalous or not, one half-year left out at a time.

The authors' protocol is a random forest or gradient boosting on the 43 daily prices. ``champion`` is a random forest on
what the window looks like (moves, ranges, roughness of prices, spread and arrivals; the level beside the year and the
weeks before, and beside the other markets of the crop); ``detector`` is the fused detector on the same and on the
retail prices relative to their mean: it learns from windows labelled as normal alone. Both learn from no window that
overlaps the half-year left out; the authors' rows do, as published. Windows that carry both labels are dropped.
The columns were chosen while looking at these windows; intervals are bootstrapped over half-years.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from mandi.models.detection.anomaly_detector import AnomalyDetector, AnomalyParams

CROPS = {
    "KARNATAKA_BANGALORE": "onion", "MAHARASHTRA_LASALGAON": "onion", "NCT OF DELHI_AZADPUR": "onion",
    "UTTAR PRADESH_LUCKNOW": "potato", "WEST BENGAL_KALYANI": "potato",
}  # fmt: skip
ENDS = 7  # days averaged at both ends of a window
DRAWS = 2000
SEED = 0
Floats = np.ndarray[Any, np.dtype[np.float64]]


def read_windows(data: Path) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return the windows (mandi, start_date, end_date, anomaly) and the daily series by name, markets as columns."""
    folder = data / "onion_anomaly_ictd"
    labels = pd.read_csv(folder / "labels.csv", parse_dates=["start_date", "end_date"])
    both = labels.groupby(["mandi", "start_date"])["anomaly"].transform("nunique")
    windows = labels[both == 1].drop_duplicates(["mandi", "start_date"]).reset_index(drop=True)
    series = pd.read_csv(folder / "series.csv.gz")
    # the file holds days such as the 30th of February
    series["date"] = pd.to_datetime(series["date"], format="%Y-%m-%d", errors="coerce")
    series = series.dropna(subset=["date"])
    names = ("wholesale_price", "retail_price", "arrival")
    return windows, {name: series.pivot(index="date", columns="mandi", values=name) for name in names}


def cut(windows: pd.DataFrame, daily: pd.DataFrame) -> Floats:
    """Return the daily values of every window, of shape (n_windows, 43)."""
    table: Any = daily
    rows = windows[["mandi", "start_date", "end_date"]].itertuples(index=False)
    return np.array([table.loc[start:end, mandi].to_numpy() for mandi, start, end in rows])


def describe(windows: pd.DataFrame, series: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per window: its shape, and its level beside the past and beside other markets."""
    wholesale, retail = (
        np.log(np.maximum(cut(windows, series[n]), 1.0)) for n in ("wholesale_price", "retail_price")
    )
    arrivals = np.log1p(np.maximum(cut(windows, series["arrival"]), 0.0))
    seen: dict[str, Any] = {"spread": (retail - wholesale).mean(axis=1)}
    views = {"wholesale": wholesale, "retail": retail, "spread": retail - wholesale, "arrivals": arrivals}
    for name, rows in views.items():
        first, last = rows[:, :ENDS].mean(axis=1), rows[:, -ENDS:].mean(axis=1)
        week, day = rows[:, 7:] - rows[:, :-7], np.diff(rows, axis=1)
        seen |= {
            f"{name}_move": last - first,
            f"{name}_range": rows.max(axis=1) - rows.min(axis=1),
            f"{name}_best_week": week.max(axis=1),
            f"{name}_worst_week": week.min(axis=1),
            f"{name}_roughness": day.std(axis=1),
            f"{name}_bulge": rows[:, 18:25].mean(axis=1) - (first + last) / 2,
            f"{name}_still": (day == 0).mean(axis=1),
        }
    told = ("over_year", "over_weeks", "move_alone", "over_others")
    for name, rows in (("wholesale", wholesale), ("retail", retail)):
        daily: Any = series[f"{name}_price"]
        logs = np.log(daily.clip(lower=1.0))
        past = np.array([_beside(w, own, logs) for w, own in zip(windows.itertuples(), rows, strict=True)])
        seen |= {f"{name}_{what}": past[:, place] for place, what in enumerate(told)}
    return pd.DataFrame(seen)


def _beside(window: Any, own: Floats, logs: Any) -> tuple[float, float, float, float]:
    before = window.start_date - pd.Timedelta(days=1)
    year = logs.loc[window.start_date - pd.Timedelta(days=365) : before, window.mandi].mean()
    weeks = logs.loc[window.start_date - pd.Timedelta(days=43) : before, window.mandi].mean()
    others = [m for m, crop in CROPS.items() if crop == CROPS[window.mandi] and m != window.mandi]
    rest = logs.loc[window.start_date : window.end_date, others].mean(axis=1).to_numpy()
    apart = own - rest
    move = apart[-ENDS:].mean() - apart[:ENDS].mean()
    return own.mean() - year, own.mean() - weeks, float(move), float(apart.mean())


def judge_windows(data: Path, say: Callable[[str], None]) -> list[Row]:
    """Return AUPRC and AUROC with 90 % intervals of every method over all windows."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.metrics import average_precision_score, roc_auc_score

    windows, series = read_windows(data)
    truth = windows["anomaly"].to_numpy(dtype=bool)
    half = (windows["start_date"].dt.year * 2 + (windows["start_date"].dt.month > 6)).to_numpy()
    shape = describe(windows, series).to_numpy(dtype=float)
    retail, wholesale = (cut(windows, series[name]) for name in ("retail_price", "wholesale_price"))
    logs = np.log(np.maximum(retail, 1.0))
    both = np.hstack([shape, logs - logs.mean(axis=1, keepdims=True)])

    def labelled(make: Callable[[], Any], rows: Floats, apart: bool) -> Floats:
        def ask(learn: Any, held: Any) -> Floats:
            return np.asarray(make().fit(rows[learn], truth[learn]).predict_proba(rows[held])[:, 1])

        return _left_out(ask, windows, half, apart)

    def normal(learn: Any, held: Any) -> Floats:
        names = [str(i) for i in range(both.shape[1])]
        detector = AnomalyDetector(AnomalyParams(beside=(), nets=3, full_steps=200, seed=SEED)).fit(
            both[learn & ~truth], names
        )
        return detector.surprise(both[held])

    def forest() -> Any:
        return RandomForestClassifier(300, min_samples_leaf=3, random_state=SEED)

    def plain() -> Any:
        return RandomForestClassifier(100, random_state=SEED)

    def boosted() -> Any:
        return GradientBoostingClassifier(random_state=SEED)

    scores = {
        "random-forest": labelled(plain, retail, apart=False),
        "gradient-boosting": labelled(boosted, retail, apart=False),
        "random-forest-wholesale": labelled(plain, wholesale, apart=False),
        "champion": labelled(forest, np.nan_to_num(shape), apart=True),
        "detector": _left_out(normal, windows, half, apart=True),
    }
    rows = []
    for metric, judge in (("auprc", average_precision_score), ("auroc", roc_auc_score)):
        base = float(judge(truth, scores["random-forest"]))
        for name, score in scores.items():
            low, high = _interval(judge, truth, score, half)
            rows += [
                Row(f"onion/{name}", metric, float(judge(truth, score)), base),
                Row(f"onion/{name}", f"{metric} low", low),
                Row(f"onion/{name}", f"{metric} high", high),
            ]
    say(f"onion: {len(windows)} windows, {truth.mean():.3f} anomalous, {len(set(half))} half-years")
    return rows


def _left_out(ask: Callable[[Any, Any], Floats], windows: pd.DataFrame, half: Any, apart: bool) -> Floats:
    """Score every half-year by what was learnt from the others, without windows that overlap it when ``apart``."""
    out = np.empty(len(windows))
    start, end = windows["start_date"].to_numpy(), windows["end_date"].to_numpy()
    for one in np.unique(half):
        held = half == one
        learn = ~held
        if apart:
            learn &= (end < start[held].min()) | (start > end[held].max())
        out[held] = ask(learn, held)
    return out


def _interval(judge: Callable[..., Any], truth: Any, score: Floats, half: Any) -> tuple[float, float]:
    draw = np.random.default_rng(SEED)
    groups = [np.flatnonzero(half == one) for one in np.unique(half)]
    found = []
    for _ in range(DRAWS):
        rows = np.concatenate([groups[i] for i in draw.integers(0, len(groups), len(groups))])
        found.append(float(judge(truth[rows], score[rows])))
    low, high = np.quantile(found, [0.05, 0.95])
    return float(low), float(high)
