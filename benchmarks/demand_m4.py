"""M4 Weekly: 359 series, 13 weeks ahead, in the competition's own measures.

The test block is read by nothing but the scores; weights, intervals and members come from three earlier blocks of 13 weeks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from mandi.core.errors import ContractError, DataNotFound
from mandi.evaluation.forecasting import forecast_scores as scores
from mandi.models.forecasting.series_backtest import Backtest, rolling_backtest
from mandi.models.forecasting.series_blend import BlendParams, SeriesBlend, blend_weights, mixed
from mandi.models.forecasting.series_boost import BoostMember, BoostTrees
from mandi.models.forecasting.series_members import Member, StatMember
from mandi.models.forecasting.series_panel import Floats, SeriesPanel

HORIZON, BLOCKS = 13, (0, 13, 26, 39)
STATISTICAL: dict[str, Member] = {
    "theta": StatMember("theta", season=52, history=260),
    "ces": StatMember("ces", season=52, history=260),
    "ets": StatMember("ets", history=260, form="AZN"),
    "drift": StatMember("drift", history=520),
    "season": StatMember("seasonal-naive", season=52),
}
BOOSTED: dict[str, Member] = {
    "boost-wide": BoostMember(origins=60, stride=4, seeds=(0, 1)),
    "boost-deep": BoostMember(
        origins=130, stride=3, history=320, seeds=(0, 1), trees=BoostTrees(num_leaves=63)
    ),
}
PARAMS = BlendParams(power=3.0, shrink=0.25)  # one weight a series and member, over all 13 weeks
NAIVE = {"smape": 9.161, "mase": 2.777, "msis": 26.358}  # as the competition printed them
GOALS = {
    "champion": {
        "owa": "<= 0.71", "smape": "<= 6.35", "mase": "<= 2.02", "msis": "<= 14.8", "coverage95": "0.94..0.97",
        "cpu_seconds": "<= 300",
    },
    "no-boosting": {"owa": "<= 0.72", "cpu_seconds": "<= 60"},
}  # fmt: skip
Cpu = Callable[[], float]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """What one row of the table forecast, with 95 % bounds and what it cost."""

    mean: Floats
    lower: Floats
    upper: Floats
    cpu_seconds: float


def m4_rows(data: Path, cpu: Cpu, say: Say) -> list[Row]:
    """Run the naive forecast, the blend without and with boosting, and Prophet."""
    panel, truth = read(data / "demand_m4_weekly")
    scale = scores.naive_step(panel.values)
    told = {"naive": naive(panel)}
    _reproduced(told["naive"], truth, scale)
    say(f"M4 Weekly: {len(panel)} series; the naive forecast is the published one")

    start = cpu()
    past = _past(STATISTICAL, panel, "members", say)
    told["no-boosting"], plain = _blended(STATISTICAL, past, panel, cpu, start)
    start = cpu() - told["no-boosting"].cpu_seconds
    past = past.beside(_past(BOOSTED, panel, "boosting", say))
    told["champion"], blend = _blended(STATISTICAL | BOOSTED, past, panel, cpu, start)
    shares = blend.weights.groupby("member")["weight"].mean().round(3).to_dict()
    say(f"  mean weights {shares}; {len(blend.failures)} fits fell back")

    say("  Prophet, default settings, artificial weekly dates")
    told["prophet"] = prophet(panel, HORIZON, cpu)
    return _rows(told, truth, scale, {"no-boosting": plain, "champion": blend}, published(data))


def read(folder: Path) -> tuple[SeriesPanel, Floats]:
    """Return the training part and the 13 weeks that then came. The files carry no dates: those of the panel are made up."""
    found = []
    for part in ("train", "test"):
        path = folder / f"Weekly-{part}.csv.gz"
        if not path.is_file():
            raise DataNotFound(
                f"benchmark data not found at {path}",
                next_command="export MANDI_BENCH_DATA=/path/to/the/files",
            )
        frame = pd.read_csv(path, index_col=0)
        found.append(
            {str(name): row[np.isfinite(row)] for name, row in zip(frame.index, frame.to_numpy(float))}
        )
    train, test = found
    return SeriesPanel.of(train, last="2017-12-31", step_days=7), np.stack([test[name] for name in train])


def naive(panel: SeriesPanel) -> Told:
    """Repeat the last value; bounds from the spread of the steps, as they grow for a random walk."""
    last = np.array([v[-1] for v in panel.values])[:, None]
    spread = np.array([np.sqrt(np.mean(np.diff(v) ** 2)) for v in panel.values])[:, None]
    half = 1.959964 * spread * np.sqrt(np.arange(1, HORIZON + 1))
    mean = np.repeat(last, HORIZON, axis=1)
    return Told(mean, mean - half, mean + half, 0.0)


def prophet(panel: SeriesPanel, horizon: int, cpu: Cpu) -> Told:
    """Prophet as it comes, with its own 95 % intervals; the level where a fit fails."""
    import logging

    from prophet import Prophet

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).disabled = True
    np.random.seed(0)  # noqa: NPY002 - Prophet draws its intervals from the global state
    start = cpu()
    bounds = np.empty((3, len(panel), horizon))
    for place, values in enumerate(panel.values):
        model = Prophet(interval_width=0.95)
        days = panel.days(place).astype("datetime64[ns]")
        model.fit(pd.DataFrame({"ds": days, "y": values}), seed=1)
        ahead = model.predict(pd.DataFrame({"ds": panel.days_ahead(place, horizon).astype("datetime64[ns]")}))
        bounds[:, place] = ahead[["yhat", "yhat_lower", "yhat_upper"]].to_numpy().T
    return Told(bounds[0], bounds[1], bounds[2], cpu() - start)


def published(data: Path) -> dict[str, dict[str, float]]:
    """Return the best published point forecast (by OWA) and the best published intervals (by MSIS)."""
    folder = data / "published"
    points = pd.read_csv(folder / "m4_point_all_methods.csv")
    best = points.loc[points["OWA_Weekly"].astype(float).idxmin()]
    intervals = pd.read_csv(folder / "m4_intervals_all_methods.csv")
    champion = {
        "owa": float(best["OWA_Weekly"]), "smape": float(best["sMAPE_Weekly"]), "mase": float(best["MASE_Weekly"]),
        "msis": float(intervals["MSIS_Weekly"].astype(float).min()),
    }  # fmt: skip
    rivals = pd.read_csv(folder / "demand_prophet_vs_autoarima_m4.csv")
    weekly = rivals[(rivals["dataset"] == "M4 Weekly") & (rivals["metric"] == "MASE")]
    return {"champion": champion, "naive": NAIVE, "prophet": {"mase": float(weekly["prophet"].iloc[0])}}


def _reproduced(told: Told, truth: Floats, scale: Floats) -> None:
    found = round(scores.smape(truth, told.mean), 3), round(scores.mase(truth, told.mean, scale), 3)
    if found != (NAIVE["smape"], NAIVE["mase"]):
        raise ContractError(
            f"the naive forecast scores {found} on these files",
            allowed="sMAPE 9.161 and MASE 2.777, as published",
        )


def _past(members: Mapping[str, Member], panel: SeriesPanel, what: str, say: Say) -> Backtest:
    started = time.monotonic()
    past = rolling_backtest(members, panel, HORIZON, BLOCKS)
    say(f"  {what}: {len(BLOCKS)} fits of {', '.join(members)} in {time.monotonic() - started:.0f} s")
    return past


def _blended(
    members: Mapping[str, Member], past: Backtest, panel: SeriesPanel, cpu: Cpu, start: float
) -> tuple[Told, SeriesBlend]:
    blend = SeriesBlend(members, PARAMS).fit(panel, HORIZON, past=past)
    frame = blend.forecast()
    mean, lower, upper = (
        frame[c].to_numpy().reshape(len(panel), HORIZON) for c in ("mean", "lower_95", "upper_95")
    )
    return Told(mean, lower, upper, cpu() - start), blend


def _rows(
    told: Mapping[str, Told],
    truth: Floats,
    scale: Floats,
    blends: Mapping[str, SeriesBlend],
    others: Mapping[str, Mapping[str, float]],
) -> list[Row]:
    rows = []
    base: dict[str, float] = {}
    for name, row in told.items():
        smape, mase = scores.smape(truth, row.mean), scores.mase(truth, row.mean, scale)
        found = {
            "owa": scores.owa(smape, mase, NAIVE["smape"], NAIVE["mase"]), "smape": smape, "mase": mase,
            "msis": scores.msis(truth, row.lower, row.upper, scale, 0.95),
            "coverage95": scores.coverage(truth, row.lower, row.upper), "cpu_seconds": row.cpu_seconds,
        }  # fmt: skip
        if name in blends:
            found["owa in back-test"] = _earlier(blends[name].past)
            found["owa, 95 of 100 draws below"] = _upper(truth, row.mean, scale)
        base = base or found
        goals = GOALS.get(name, {})
        rows += [
            Row(f"m4-weekly/{name}", metric, value, base.get(metric) if name != "naive" else None,
                others.get(name, {}).get(metric), goals.get(metric, ""))
            for metric, value in found.items()
        ]  # fmt: skip
    for name, forecast in _members(blends["champion"]).items():
        smape, mase = scores.smape(truth, forecast), scores.mase(truth, forecast, scale)
        rows.append(
            Row(f"m4-weekly/member/{name}", "owa", scores.owa(smape, mase, NAIVE["smape"], NAIVE["mase"]))
        )
    return rows


def _members(blend: SeriesBlend) -> dict[str, Floats]:
    return dict(zip(blend.members, blend.by_member, strict=True))


def _earlier(past: Backtest) -> float:
    """Mean OWA of the back-test blocks, each blended by the weights of the other two."""
    found = []
    for row in range(len(past.offsets)):
        others = past.truth.copy()
        others[row] = np.nan
        weights = blend_weights(replace(past, truth=others), PARAMS)
        blended = mixed(past.forecasts[row], weights, PARAMS)
        known = np.isfinite(past.truth[row]).all(axis=1) & (past.units[row] > 0)
        truth, unit = past.truth[row][known], past.units[row][known]
        found.append((truth, blended[known], unit))
    ours = np.mean([[scores.smape(t, f), scores.mase(t, f, u)] for t, f, u in found], axis=0)
    return scores.owa(ours[0], ours[1], NAIVE["smape"], NAIVE["mase"])


def _upper(truth: Floats, forecast: Floats, scale: Floats) -> float:
    """OWA that 95 of 100 draws of the series stay below."""
    draw = np.random.default_rng(0)
    off = np.abs(truth - forecast)
    each = (200.0 * off / (np.abs(truth) + np.abs(forecast))).mean(axis=1) / NAIVE["smape"]
    each = (each + off.mean(axis=1) / scale / NAIVE["mase"]) / 2.0
    return float(np.quantile(each[draw.integers(0, len(each), (2000, len(each)))].mean(axis=1), 0.95))
