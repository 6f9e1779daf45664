"""What searching settings is worth, on time that the search has not seen: `python -m benchmarks.tuning quality --trials 50`.

Nested folds of train and validation: at each outer origin a search sees only what was known by then, with folds of its own, the last
of which confirms (docs/tuning.md); then the default and what it offers are fitted on all of that and asked about the time that follows.
At the end a search over all of train and validation is judged on the test of the gate, which no search has read and which is opened
once. The loss is that of `mandi search`, lower is better: price MAE of lots in INR per quintal, demand MASE of the country's weeks
within 30 days, quality 1 - macro-F1, fraud 1 - PR-AUC, matching 1 - mean reciprocal rank among open offers.

The rows shown are of 50 trials a search and one outer fold, the last quarter of train and validation: one stretch of time per model, so
read single ratios as noise (docs/adr/0025 has the standard errors of the confirmation). The test is opened once by a run; a run that
is repeated opens it again and finds the same.

Where nothing is confirmed the default stays and the ratio is 1. `unconfirmed` is what the best trial would have given without the
confirmation, on the outer folds alone: the test is opened for no such question. `standard error` is that of the default's loss less the
tuned one's, each week (of demand four) left out in turn.

The features must be there (`mandi repro features@MODEL`). Models and trials may also be set by BENCH_TUNING_MODELS
("quality price") and BENCH_TUNING_TRIALS; rows of models that are not run stay as they were, and rows of a model are written when it
is done. The studies lie in artifacts/tuning/benchmark.db: a run that was stopped goes on where it was.
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
from mandi.core.errors import DataNotFound, MandiError
from mandi.core.memo import remembering
from mandi.core.paths import Paths, project_root
from mandi.models import MODELS, model_class, new_model
from mandi.tuning.confirm import paired
from mandi.tuning.folds import FoldParams, folds, open_rows, past_of
from mandi.tuning.losses import Loss, Stretches, loss_by_stretch, loss_of
from mandi.tuning.search import brought_on, found_in, problem_of, search_params
from mandi.tuning.spaces import defaults, set_to, tidy
from mandi.tuning.study import best_trial, open_study

COLUMNS = ("case", "metric", "value", "default")
LEARNT = ("train", "validation", "calibration")
ASKED_FOR = 50  # trials, unless said otherwise


@dataclass(frozen=True)
class Wanted:
    """How much is run: trials and folds of every search, outer folds, the share of time before the first of these, the test."""

    trials: int
    outer: int
    inner: int
    first: float
    test: bool = True


@dataclass(frozen=True)
class Best:
    """Settings a search offers, and those of its best trial before they were confirmed."""

    offered: Mapping[str, Any]
    unconfirmed: Mapping[str, Any]


class Sealed:
    """The part of a frame that only the last comparison may read, once."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows, self.opened = rows, 0

    def open(self) -> pd.DataFrame:
        """Hand out the rows, the first time."""
        if self.opened:
            raise MandiError("the test was read already", allowed="once, after everything was chosen")
        self.opened += 1
        return self._rows


def main() -> None:
    """Measure, print a table and write benchmarks/results/tuning.json."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("models", nargs="*", help="all of them if not given")
    asked.add_argument("--trials", type=int, default=int(os.environ.get("BENCH_TUNING_TRIALS") or ASKED_FOR))
    asked.add_argument("--outer", type=int, default=1, help="outer folds")
    asked.add_argument(
        "--inner", type=int, default=0, help="folds of a search; search.folds.count if not given"
    )
    asked.add_argument(
        "--first", type=float, default=0.75, help="share of the time before the first outer origin"
    )
    asked.add_argument("--no-test", action="store_true", help="the outer folds alone; the test stays closed")
    given = asked.parse_args()
    models = given.models or os.environ.get("BENCH_TUNING_MODELS", "").split() or list(MODELS)
    for name in models:
        model_class(name)
    root = project_root()
    params = load_params(root / "params.yaml")
    inner = given.inner or search_params(params).folds.count
    wanted = Wanted(given.trials, given.outer, inner, given.first, not given.no_test)
    folder = root / "benchmarks" / "results"
    for name in models:
        started = time.process_time()
        found = measured(root, name, params, wanted)
        print(table(COLUMNS, [(r.case, r.metric, r.value, r.baseline) for r in found]), flush=True)
        kept, spent = _others(folder / "tuning.json", [name])
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
    default = defaults(problem_of(model, params, rows)[0].space)
    store = Paths(root).studies.with_name("benchmark.db")
    made: list[Row] = []
    means: list[tuple[float, ...]] = []
    for fold in folds(rows, task, FoldParams(count=wanted.outer, first=wanted.first)):
        past = past_of(rows, fold.origin, task).assign(part="train")
        best = _searched(model, params, past, wanted.trials, store)
        asked = _judged(
            model, params, [default, best.offered, best.unconfirmed], fold.learn, fold.asked, loss
        )
        case = f"{model}/from {fold.origin.date()}"
        made += [*_rows(case, asked[0], asked[1]), Row(case, "unconfirmed", asked[2].whole, asked[0].whole)]
        means.append(tuple(one.whole for one in asked))
    before, tuned, unconfirmed = (float(np.mean(column)) for column in zip(*means, strict=True))
    case = f"{model}/outer folds"
    made += [
        Row(case, "tuned over default", tuned / before, goal="<= 1.0"),
        Row(case, "unconfirmed over default", unconfirmed / before),
    ]
    trials = Row(f"{model}/trials", "of every search", float(wanted.trials), goal=f">= {ASKED_FOR}")
    if not wanted.test:
        return [*made, trials]
    test = Sealed(frame[frame["part"] == "test"])
    best = _searched(model, params, rows, wanted.trials, store)
    learn = frame[frame["part"].isin(LEARNT)]
    asked = _judged(model, params, [default, best.offered], learn, test.open(), loss)
    case = f"{model}/test"
    return [
        *made,
        *_rows(case, asked[0], asked[1]),
        Row(case, "tuned over default", asked[1].whole / asked[0].whole),
        Row(case, "times read", float(test.opened), goal="1..1"),
        trials,
    ]


def _searched(model: str, params: Mapping[str, Any], rows: pd.DataFrame, trials: int, store: Path) -> Best:
    problem, about = problem_of(model, params, rows)
    study = open_study(problem.name, store)
    told = brought_on(
        problem, study, trials, search_params(params), tell=lambda line: print(f"  {line}", flush=True)
    )
    if told is None:
        raise KeyboardInterrupt
    found = found_in(study, model, problem.space, about, told)
    offered = f"trial {told.offered.trial} is offered" if told.offered else "the default stays"
    print(
        f"  {model}: {found.loss:.5g} found, {found.default_loss:.5g} as it is, on its own folds; {offered}",
        flush=True,
    )
    best = tidy(best_trial(study).params, problem.space)
    return Best({**defaults(problem.space), **found.settings}, best)


def _judged(
    model: str,
    params: Mapping[str, Any],
    chosen: list[Mapping[str, Any]],
    learn: pd.DataFrame,
    asked: pd.DataFrame,
    loss: Loss,
) -> list[Stretches]:
    told: list[Stretches] = []
    with remembering():
        for place, settings in enumerate(chosen):
            same = chosen.index(settings)
            if same < place:
                told.append(told[same])
                continue
            fitted = new_model(model, set_to(params, model, settings, brief=True)).fit(loss.learnt(learn))
            told.append(loss_by_stretch(fitted, asked, loss))
    return told


def _rows(case: str, default: Stretches, tuned: Stretches) -> list[Row]:
    print(f"{case}: {default.whole:.5g} as it is, {tuned.whole:.5g} tuned", flush=True)
    return [
        Row(case, "tuned", tuned.whole, baseline=default.whole),
        Row(case, "default", default.whole),
        Row(case, "standard error", paired([default], [tuned])[1]),
    ]


def _others(file: Path, models: list[str]) -> tuple[list[Row], float]:
    if not file.is_file():
        return [], 0.0
    before = json.loads(file.read_text(encoding="utf-8"))
    rows = [Row(**row) for row in before["rows"] if row["case"].split("/")[0] not in models]
    return rows, float(before["cpu_seconds"]) if rows else 0.0


if __name__ == "__main__":
    main()
