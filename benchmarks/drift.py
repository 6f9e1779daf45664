"""Whether drift is seen, and how often it is seen where there is none: make bench-drift.

Each replay is 30 days of a generated market. Every model's columns and the price model's answers and outcomes are judged once a
week in it, four times, exactly as the stage judges them, by what was known before; a replay is a false alarm if any of the five models alerts at
any of the four looks. The limits of a look come from windows that end before the window judged begins.

``replays``: 25 markets of other seeds, begun a year earlier than the market in the box, eight replays in each, spread over the
year before the planted shift, so that every season is in them: 200 in which nothing changes. ``shift``: the market in the box, from the day its regime
shifts. ``shift/others``: the shift of the 25 others, to say how lucky that one is. ``planted``: in the last replay of each of the 25,
some of the columns a model watches are moved by half their deviation.

No model is fitted in the 25: the price model's answers are those of its filter, whose level is what it answers from 30 days on and starts from
on nearer days, with the filter's own 90 % range. ``shift/fitted`` is the whole price model, fitted on what was known eight months before the shift.
Settings were chosen on the market in the box and on seeds 901 to 906, which are not in the 25.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.drift_markets import SHIFT, filter_answers, fitted_answers, frames_of
from benchmarks.rows import Row, table, write
from mandi.core.config import build, load_params
from mandi.evaluation.drift.checks import Drift
from mandi.evaluation.drift.columns import judge_columns
from mandi.evaluation.drift.concept import judge_calibration, judge_performance, judge_residuals
from mandi.evaluation.drift.monitor import watched_columns, watched_rows
from mandi.evaluation.drift.outcomes import answers_of, outcomes_of
from mandi.evaluation.drift.params import DriftParams
from mandi.evaluation.drift.windows import distance_table, ends, window
from mandi.models import model_class

SEEDS = tuple(range(1, 26))
REPLAYS, APART, LOOKS = 8, 49, (7, 14, 21, 28)
"""Replays of a market, days from one to the next, days of a replay at which it is looked at."""
PLANTED = (0.2, 0.5)
MOVED = 0.5


def main() -> None:
    """Run every case, print the table and write benchmarks/results/drift.json."""
    root = Path(__file__).resolve().parent.parent
    params = load_params(root / "params.yaml")
    drift = build(DriftParams, params["drift"], "drift")
    seeds = SEEDS[: int(sys.argv[1])] if len(sys.argv) > 1 else SEEDS
    alarms: list[dict[str, Any]] = []
    seen: list[int | None] = []
    planted: list[dict[str, Any]] = []
    for seed in seeds:
        frames = frames_of(params, {"seed": seed, "start": "2020-01-01", "days": 1288, "markets": 24})
        watch = Watch(frames, filter_answers(frames["price"]), drift, SHIFT + pd.Timedelta(days=28))
        for k in range(REPLAYS):
            start = SHIFT - pd.Timedelta(days=28 + APART * k)
            alarms.append({"seed": seed, **watch.replay(start)})
        seen.append(watch.first_alert(SHIFT))
        planted += [{"share": s, "model": m, "alert": watch.planted(m, s)} for s in PLANTED for m in frames]
        told = {k: sum(a[k] is not None for a in alarms) for k in ("any", *frames)}
        print(f"seed {seed}: {len(alarms)} replays, false alarms {told}, shift {seen[-1]}", flush=True)
    rows = [
        *replay_rows(pd.DataFrame(alarms)),
        *shift_rows(params, drift, seen),
        *planted_rows(pd.DataFrame(planted)),
    ]
    print(
        table(("case", "metric", "value", "goal", "met"), [(r.case, r.metric, r.value, r.goal, r.met) for r in rows])
    )  # fmt: skip
    total = time.process_time()
    print(
        f"{write(root / 'benchmarks' / 'results', 'drift', rows, total)}: {total:.0f} s of CPU on {len(seeds)} markets"
    )


class Watch:
    """One market looked at on many days: distances are measured once for all of them.

    Parameters
    ----------
    frames : mapping of model to DataFrame
    answered : DataFrame
        Outputs of the price model by index of its frame.
    params : DriftParams
    last : Timestamp
        Last day that may be looked at; the others lie whole weeks before it.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame],
        answered: pd.DataFrame,
        params: DriftParams,
        last: pd.Timestamp,
    ) -> None:
        self.params = params
        self.last = last
        self.kinds = {name: watched_columns(model_class(name).spec) for name in frames}
        self.rows = {name: watched_rows(frame, self.kinds[name]) for name, frame in frames.items()}
        self.tables = {name: self._distances(rows, self.kinds[name], True) for name, rows in self.rows.items()}  # fmt: skip
        said = frames["price"].loc[answered.index].join(answered)
        answers = answers_of(said, "price")
        self.answers = self._distances(answers, dict.fromkeys(answers.columns.drop("asof"), "number"), False)
        self.outcomes = outcomes_of(said, "price")
        self._looks: dict[tuple[str, pd.Timestamp], Drift] = {}

    def look(self, model: str, end: pd.Timestamp) -> Drift:
        """Judge one model at one moment, as ``monitor.look`` does."""
        if (model, end) not in self._looks:
            self._looks[model, end] = self._look(model, end)
        return self._looks[model, end]

    def _look(self, model: str, end: pd.Timestamp) -> Drift:
        params = self.params
        checks = [judge_columns("columns", self.tables[model], end, params, seasonal=True)]
        if model == "price":
            checks.append(judge_columns("answers", self.answers, end, params, seasonal=False))
            checks += [
                judge(self.outcomes, end, params)
                for judge in (judge_residuals, judge_calibration, judge_performance)
            ]
        assert all(c.judged or c.test == "answers" for c in checks), (
            f"{model} at {end}: {[c.text for c in checks]}"
        )
        return Drift(model, window(end, params).start, end, tuple(checks))

    def first_alert(self, start: pd.Timestamp, models: tuple[str, ...] = ("price",)) -> int | None:
        """Return the day from ``start`` on at which one of the models alerts first."""
        for day in LOOKS:
            if any(self.look(model, start + pd.Timedelta(days=day)).alerts for model in models):
                return day
        return None

    def replay(self, start: pd.Timestamp) -> dict[str, Any]:
        """Return by model, and of any, the day of the first alert in the 30 days from ``start`` on; and which tests."""
        found: dict[str, Any] = {name: self.first_alert(start, (name,)) for name in self.kinds}
        days = [day for day in found.values() if day is not None]
        looks = [self.look(name, start + pd.Timedelta(days=day)) for name in self.kinds for day in LOOKS]
        tests = sorted({f"{look.model}.{check.test}" for look in looks for check in look.alerts})
        return {"start": start, "any": min(days, default=None), "tests": ",".join(tests), **found}

    def planted(self, model: str, share: float) -> bool:
        """Whether the last window before the shift alerts when a share of its columns is moved."""
        rows, kinds = self.rows[model].copy(), self.kinds[model]
        numbers = [name for name in kinds if kinds[name] == "number" and name in rows]
        draw = np.random.default_rng([self.params.seed, len(numbers)])
        chosen = draw.choice(numbers, round(share * len(kinds)), replace=False)
        inside = (rows["asof"] >= SHIFT - pd.Timedelta(days=self.params.window_days)) & (rows["asof"] < SHIFT)
        for name in chosen:
            rows[name] = rows[name].astype(float) + MOVED * rows[name].std() * inside
        moved = distance_table(rows, kinds, pd.DatetimeIndex([SHIFT]), self.params, seasonal=True)
        table = self.tables[model].copy()
        table.loc[SHIFT] = moved.loc[SHIFT]
        return judge_columns("columns", table.loc[:SHIFT], SHIFT, self.params, seasonal=True).alert

    def _distances(self, rows: pd.DataFrame, kinds: Mapping[str, Any], seasonal: bool) -> pd.DataFrame:
        there = {name: kind for name, kind in kinds.items() if name in rows}
        moments = ends(rows["asof"].min(), self.last, self.params, seasonal=seasonal)
        return distance_table(rows, there, moments, self.params, seasonal=seasonal)


def replay_rows(alarms: pd.DataFrame) -> list[Row]:
    """Return the shares of replays with a false alarm: of any model, of each, and of each test."""
    wrong = alarms["any"].notna()
    by_market = wrong.groupby(alarms["seed"]).mean().to_numpy()
    draw = np.random.default_rng(0).integers(0, len(by_market), (2000, len(by_market)))
    models = [c for c in alarms.columns if c not in ("seed", "start", "any", "tests")]
    tests = sorted({t for told in alarms["tests"] for t in told.split(",") if t})
    return [
        Row("replays", "replays", float(len(alarms))),
        Row("replays", "false alarms", float(wrong.mean()), goal="<= 0.05"),
        Row("replays", "false alarms, upper end of 90 %, markets drawn whole", float(np.quantile(by_market[draw].mean(axis=1), 0.95))),
        *(Row(f"replays/{m}", "false alarms", float(alarms[m].notna().mean())) for m in models),
        *(Row(f"replays/{t}", "false alarms", float(np.mean([t in told.split(",") for told in alarms["tests"]]))) for t in tests),
    ]  # fmt: skip


def shift_rows(params: Mapping[str, Any], drift: DriftParams, others: list[int | None]) -> list[Row]:
    """Return after how many days the shift is alerted: of the market in the box, by the filter and by the whole model; of the others."""
    frames = frames_of(params, {}, models=("price",))
    rows = []
    said = {"shift": filter_answers(frames["price"]), "shift/fitted": fitted_answers(frames["price"], params)}
    for case, answered in said.items():
        watch = Watch(frames, answered, drift, SHIFT + pd.Timedelta(days=28))
        day = watch.first_alert(SHIFT)
        rows.append(
            Row(case, "days to the first alert", float(day if day is not None else 999), goal="<= 30")
        )
        for k in LOOKS:
            for check in watch.look("price", SHIFT + pd.Timedelta(days=k)).alerts:
                rows.append(Row(f"{case}/day {k}", check.test, float(check.value or 0)))
    found = [day for day in others if day is not None]
    return [*rows, Row("shift/others", "share alerted within 30 days", len(found) / max(len(others), 1))]


def planted_rows(planted: pd.DataFrame) -> list[Row]:
    """Return the shares of windows with moved columns that are an alert."""
    return [
        Row(f"planted/{share:.0%} of the columns", f"alerts, {model}", float(part["alert"].mean()))
        for (share, model), part in planted.groupby(["share", "model"])
    ]


if __name__ == "__main__":
    main()
