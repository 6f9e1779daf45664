"""Real arrivals: tonnes of soybean and tur a day in all markets of the portal together, 2010-2015, forecast 30, 60, 90 days.

Origins are 28 days apart. 2010 and 2011 are history only; scores are of the 49 origins from 2012 on, each with members
fitted, a trading calendar learnt and weights set on what had come by then. Errors are in units of the mean absolute
difference to a week before, up to the origin (MASE with period 7).

Baselines keep weekdays in place, which makes them stronger than the same ones shifted by a day: last week again; the same
week a year (364 days) ago; the mean of each weekday over 28 days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from mandi.core.errors import DataNotFound
from mandi.features.calendar import CalendarParams
from mandi.features.forecasting.festivals import FestivalParams
from mandi.models.forecasting.prophet_series import ProphetParams, fit_prophet, is_harvest
from mandi.models.forecasting.series_backtest import Backtest, rolling_backtest
from mandi.models.forecasting.series_blend import BlendParams, blend_residuals, blend_weights, mixed
from mandi.models.forecasting.series_boost import BoostMember, BoostTrees
from mandi.models.forecasting.series_intervals import IntervalParams, conformal
from mandi.models.forecasting.series_members import Member, MemberForecast, StatMember
from mandi.models.forecasting.series_panel import Floats, SeriesPanel
from mandi.models.forecasting.series_seasons import OnUsualDays, Shares, YearShape
from mandi.models.forecasting.trading_calendar import TradingCalendar

FILES = {
    "soybean": "mandi_agmarknet/soyabean_2008_2017_no2016.csv.gz",
    "tur": "mandi_agmarknet/arhar_tur_2008_2017.csv.gz",
}
FIRST, SCORED, LAST = "2010-01-01", "2012-01-01", "2015-12-31"
HORIZONS, STEP, YEAR, WEEK = (30, 60, 90), 28, 364, 7
PARAMS = BlendParams(groups=(7, 14, 28, 56), power=3.0, shrink=0.0, season=WEEK)
INTERVALS = IntervalParams(levels=(0.95,))
BASELINES: dict[str, Member] = {
    "last-week": StatMember("seasonal-naive", season=WEEK),
    "same-week-last-year": StatMember("seasonal-naive", season=YEAR),
    "mean-28-days": StatMember("mean", season=WEEK, window=28),
}
Say = Callable[[str], None]


def usual_days() -> Callable[[SeriesPanel], Shares]:
    """Return what learns the trading calendar of a panel; members that ask about one panel share one calendar."""
    known: dict[bytes, TradingCalendar] = {}

    def learn(panel: SeriesPanel) -> Shares:
        key = panel.last.tobytes()
        if key not in known:
            daily = {name: (panel.days(i), panel.values[i]) for i, name in enumerate(panel.names)}
            known[key] = TradingCalendar.fit(daily, FestivalParams())
        return known[key].shares

    return learn


def members() -> dict[str, Member]:
    """Return the members of the champion: the level of the last weeks, the year's shape, boosting; all on usual days."""
    learn = usual_days()
    boost = BoostMember(
        season=YEAR, lags=(7, 14, 21, 28, 56, 91), windows=(7, 14, 28, 56, 182, 364), origins=200, stride=7, level=28,
        offset=0.05, seeds=(0,), trees=BoostTrees(n_estimators=100, num_leaves=15),
    )  # fmt: skip
    plain: dict[str, Member] = {
        "level": StatMember("mean", window=28),
        "year": YearShape(),
        "year-half-followed": YearShape(follow=0.5),
        "year-followed": YearShape(follow=1.0),
        "boost": boost,
    }
    return {name: OnUsualDays(member, learn) for name, member in plain.items()}


def others() -> dict[str, Member]:
    """Return what is shown beside the champion without being part of it."""
    learn = usual_days()
    methods = {name: StatMember(name, history=730) for name in ("theta", "ces", "ets")}
    return {name: OnUsualDays(member, learn) for name, member in methods.items()} | {"prophet": prophet}


def prophet(panel: SeriesPanel, horizon: int) -> MemberForecast:
    """Prophet with the product's settings: seasons, Indian holidays, harvest; fitted to log tonnes of days with any."""
    calendar, festival = CalendarParams(), FestivalParams()
    values, failures = np.full((len(panel), horizon), np.nan), {}
    for place, name in enumerate(panel.names):
        ahead = panel.days_ahead(place, horizon)
        try:
            shape = fit_prophet(
                panel.days(place), panel.values[place], name, ProphetParams(), calendar, festival
            )
            values[place] = np.exp(shape.log_tonnes(ahead, is_harvest(ahead, name, calendar), festival))
        except Exception as error:  # told, and counted by the caller
            failures[place] = f"{type(error).__name__}: {error}"
    return MemberForecast(values, failures)


def read(data: Path) -> SeriesPanel:
    """Return tonnes a day in all markets together; a day nobody reported on carries 0."""
    days = pd.date_range(FIRST, LAST)
    series = {}
    for crop, stem in FILES.items():
        path = data / stem
        if not path.is_file():
            raise DataNotFound(
                f"benchmark data not found at {path}",
                next_command="export MANDI_BENCH_DATA=/path/to/the/files",
            )
        reports = pd.read_csv(path, dtype=str).drop_duplicates()
        tonnes = pd.to_numeric(reports["arrivals_tonnes"].str.replace(",", ""), errors="coerce")
        daily = tonnes.groupby(pd.to_datetime(reports["date"])).sum()
        series[crop] = daily.reindex(days, fill_value=0.0).to_numpy(dtype=float)
    return SeriesPanel.of(series, last=LAST)


def arrivals_rows(data: Path, cpu: Callable[[], float], say: Say) -> list[Row]:
    """Run baselines, members and Prophet from every origin, blend, and score."""
    panel = read(data)
    length, horizon = len(panel.values[0]), max(HORIZONS)
    first = int((np.datetime64(SCORED) - np.datetime64(FIRST)).astype(int))
    ends = [*range(first, YEAR + STEP, -STEP)][:0:-1] + list(range(first, length - horizon + 1, STEP))
    offsets = [length - end for end in ends]
    start = cpu()
    past = rolling_backtest(members(), panel, horizon, offsets, season=WEEK)
    blended, bounds, scored = champion(past, length - first)
    spent = cpu() - start
    say(f"real arrivals: {len(scored)} origins from {SCORED}; champion {spent:.0f} s of CPU")
    beside = rolling_backtest(BASELINES | others(), panel, horizon, offsets[-len(scored) :], season=WEEK)
    for failure in {(f.member, f.series, f.reason) for f in beside.failures + past.failures}:
        say(f"  fell back: {failure}")
    told = {name: beside.forecasts[:, i] for i, name in enumerate(beside.members)}
    told |= {f"member/{name}": past.forecasts[scored, i] for i, name in enumerate(past.members)}
    rows = []
    for place, crop in enumerate(panel.names):
        for steps in HORIZONS:
            cut = (beside.truth[:, place, :steps], beside.units[:, place])
            found = {name: _mase(*cut, forecast[:, place, :steps]) for name, forecast in told.items()}
            best = min(found[name] for name in BASELINES)
            case = f"arrivals-{crop}/{steps}d"
            rows.append(
                Row(case, "mase", _mase(*cut, blended[:, place, :steps]), best, goal=f"<= {best:.4f}")
            )
            inside = (bounds[0] <= beside.truth) & (beside.truth <= bounds[1])
            rows.append(Row(case, "coverage95", float(inside[:, place, :steps].mean())))
            rows += [Row(f"{case}/{name}", "mase", value, best) for name, value in found.items()]
    return [*rows, Row("arrivals/champion", "cpu_seconds", spent)]


def champion(past: Backtest, first: int) -> tuple[Floats, tuple[Floats, Floats], list[int]]:
    """Blend every scored origin by weights, and bound it by errors, of what was known at that origin.

    Returns
    -------
    array, (array, array), list
        Forecasts and bounds of shape (origins, series, horizon), and the places of the scored origins in the back-test.
    """
    scored = [i for i, offset in enumerate(past.offsets) if offset <= first]
    blended, lower, upper = (np.empty((len(scored), *past.truth.shape[1:])) for _ in range(3))
    for row, place in enumerate(scored):
        known = past.known_at(past.offsets[place])
        mean = mixed(past.forecasts[place], blend_weights(known, PARAMS), PARAMS)
        blended[row] = np.maximum(mean, 0.0)
        made = conformal(blend_residuals(known, PARAMS), past.units[place], INTERVALS)
        low, high = made.around(blended[row])
        lower[row], upper[row] = low[0], high[0]
    return blended, (lower, upper), scored


def better_than_baselines(rows: list[Row]) -> Mapping[str, bool]:
    """Return for every crop and horizon whether the champion has the smaller error."""
    cases = [
        r for r in rows if r.metric == "mase" and r.case.count("/") == 1 and r.case.startswith("arrivals-")
    ]
    return {r.case: r.baseline is not None and r.value < r.baseline for r in cases}


def _mase(truth: Floats, unit: Floats, forecast: Floats) -> float:
    return float((np.abs(truth - forecast).mean(axis=1) / unit).mean())
