"""What searching settings is worth, on time that the search has not seen: `python -m benchmarks.tuning quality --trials 20`.

Nested folds of train and validation: at each outer origin a search sees only what was known by then, with folds of its own;
then the default and what it found are fitted on all of that and asked about the time that follows. At the end a search
over all of train and validation is judged on the test of the gate, which no search has read. The loss is that of
`mandi search`, lower is better: price MAE of lots in INR per quintal, demand MASE of the country's weeks within 30 days,
quality 1 - macro-F1, fraud 1 - PR-AUC, matching 1 - mean reciprocal rank among open offers.

The rows shown are of one outer fold, two folds a search, and as many trials as they say: they tell that the nesting works, not what
fifty trials are worth, and no interval is given, so read differences of this size as noise. The rows of quality were measured twice
with the same outcome, the second time because the form of the rows had changed. Demand was not run.

The features must be there (`mandi repro features@MODEL`). Models and trials may also be set by BENCH_TUNING_MODELS
("quality price") and BENCH_TUNING_TRIALS; rows of models that are not run stay as they were. A trial of three folds
costs 15 to 40 s of processor time, so all models with 50 trials take hours.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.rows import Row, table, write
from mandi.core.config import load_params
from mandi.core.errors import DataNotFound
from mandi.core.paths import Paths, project_root
from mandi.models import MODELS, model_class, new_model
from mandi.tuning.folds import FoldParams, folds, open_rows, past_of
from mandi.tuning.losses import asked_loss, loss_of
from mandi.tuning.search import problem_of, search_params
from mandi.tuning.spaces import defaults, set_to, tidy
from mandi.tuning.study import best_trial, finished, open_study, run

COLUMNS = ("case", "metric", "tuned", "default")
LEARNT = ("train", "validation", "calibration")
FEW = 10  # trials, unless said otherwise


@dataclass(frozen=True)
class Wanted:
    """How much is run: trials and folds of every search, outer folds, and the share of time before the first of these."""

    trials: int
    outer: int
    inner: int
    first: float


def main() -> None:
    """Measure, print a table and write benchmarks/results/tuning.json."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("models", nargs="*", help="all of them if not given")
    asked.add_argument("--trials", type=int, default=int(os.environ.get("BENCH_TUNING_TRIALS") or FEW))
    asked.add_argument("--outer", type=int, default=2, help="outer folds")
    asked.add_argument(
        "--inner", type=int, default=0, help="folds of a search; search.folds.count if not given"
    )
    asked.add_argument(
        "--first", type=float, default=0.6, help="share of the time before the first outer origin"
    )
    given = asked.parse_args()
    models = given.models or os.environ.get("BENCH_TUNING_MODELS", "").split() or list(MODELS)
    for name in models:
        model_class(name)
    started, root = time.process_time(), project_root()
    params = load_params(root / "params.yaml")
    wanted = Wanted(given.trials, given.outer, given.inner or search_params(params).folds.count, given.first)
    rows = {name: measured(root, name, params, wanted) for name in models}
    found = [row for name in models for row in rows[name]]
    print(table(COLUMNS, [(r.case, r.metric, r.value, r.baseline) for r in found]))
    folder = root / "benchmarks" / "results"
    kept, spent = _others(folder / "tuning.json", models)
    write(folder, "tuning", [*kept, *found], spent + time.process_time() - started)


def measured(root: Path, model: str, params: Mapping[str, Any], wanted: Wanted) -> list[Row]:
    """Return the rows of one model: every outer fold, their mean, and the test."""
    file = Paths(root).features(model) / "frame.parquet"
    if not file.is_file():
        raise DataNotFound(f"no features of {model}", next_command=f"mandi repro features@{model}")
    frame = pd.read_parquet(file)
    task = model_class(model).spec.task
    layout = {**params.get("search", {}), "folds": {**params["search"]["folds"], "count": wanted.inner}}
    params = {**params, "search": layout}
    rows, loss = open_rows(frame), loss_of(task)
    space = defaults(problem_of(model, params, rows)[0].space)
    found: list[tuple[str, float, float]] = []

    def judge(case: str, best: Mapping[str, Any], learn: pd.DataFrame, asked: pd.DataFrame) -> None:
        default, tuned = (
            asked_loss(_fitted(model, params, settings, loss.learnt(learn)), asked, loss)
            for settings in (space, best)
        )
        found.append((case, default, tuned))
        print(f"{model}, {case}: {default:.5g} as it is, {tuned:.5g} tuned", flush=True)

    for fold in folds(rows, task, FoldParams(count=wanted.outer, first=wanted.first)):
        past = past_of(rows, fold.origin, task).assign(part="train")
        judge(
            f"from {fold.origin.date()}",
            _searched(model, params, past, wanted.trials),
            fold.learn,
            fold.asked,
        )
    means = [float(np.mean([row[column] for row in found])) for column in (1, 2)]
    found.append(("outer mean", means[0], means[1]))
    best = _searched(model, params, rows, wanted.trials)
    judge("test", best, frame[frame["part"].isin(LEARNT)], frame[frame["part"] == "test"])
    made = [
        row
        for case, default, tuned in found
        for row in (
            Row(f"{model}/{case}", "tuned", tuned, baseline=default),
            Row(f"{model}/{case}", "default", default),
        )
    ]
    return [*made, Row(f"{model}/trials", "of every search", float(wanted.trials))]


def _searched(model: str, params: Mapping[str, Any], rows: pd.DataFrame, trials: int) -> dict[str, Any]:
    problem, _ = problem_of(model, params, rows)
    study = open_study(problem.name, None)
    run(problem, study, trials, search_params(params).study, tell=lambda line: print(f"  {line}", flush=True))
    best = best_trial(study)
    print(
        f"  {model}: {best.value:.5g} found, {finished(study)[0].value:.5g} as it is, on its own folds",
        flush=True,
    )
    return dict(tidy(best.params, problem.space))


def _fitted(model: str, params: Mapping[str, Any], settings: Mapping[str, Any], learn: pd.DataFrame) -> Any:
    return new_model(model, set_to(params, model, settings, brief=True)).fit(learn)


def _others(file: Path, models: list[str]) -> tuple[list[Row], float]:
    if not file.is_file():
        return [], 0.0
    before = json.loads(file.read_text(encoding="utf-8"))
    rows = [Row(**row) for row in before["rows"] if row["case"].split("/")[0] not in models]
    return rows, float(before["cpu_seconds"]) if rows else 0.0


if __name__ == "__main__":
    main()
