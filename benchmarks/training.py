"""CPU time of fitting the lot pricer against the same library calls on the same matrix: `python -m benchmarks.training`.

Bare: what somebody would write who has the matrix in hand and no package; the same boosters with the same settings,
rounds and early stopping. The pricer also builds the matrix, chooses, and conformalises.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.rows import Row, table, write
from mandi.core.config import build, load_params, section
from mandi.core.paths import project_root
from mandi.features import feature_set
from mandi.models.price import PriceParams
from mandi.models.pricing.lot_pricer import BOUNDS, LotPricer
from mandi.models.pricing.lot_ranks import CANDIDATES
from mandi.models.pricing.lot_trees import QUANTILES, TreeParams, device_for
from mandi.tables.market_params import MarketParams
from mandi.tables.synthetic import generate

RATIO = "<= 1.25"
REPEATS = 3


def main() -> None:
    """Measure, print a table and write benchmarks/results/training.json."""
    started = time.process_time()
    root = project_root()
    params = load_params(root / "params.yaml")
    lots = build(PriceParams, section(params, "models.price"), "models.price").lots
    tables, _ = generate(
        build(MarketParams, {**section(params, "market"), "optimal_filter": False}, "market")
    )
    features = feature_set("price", params)
    history = features.history(tables)
    frame = features.assemble(features.questions(tables, history), history)
    rows, reports = frame[frame["kind"] == "lot"], frame[frame["kind"] == "market"]
    pricer = LotPricer(lots)
    ours, bare = [], []
    for _ in range(REPEATS):  # in turn, so that both meet the same moments of a busy machine
        start = time.process_time()
        pricer.fit(rows, reports)
        ours.append(time.process_time() - start)
        bare.append(_bare(pricer, _matrices(pricer, rows), lots.trees))
    found = [
        Row("lots", "train_rows", float((rows["part"] == "train").sum())),
        Row("lots", "cpu_seconds", min(ours), baseline=min(bare)),
        Row("lots", "cpu_ratio", min(ours) / min(bare), goal=RATIO),
    ]
    print(table(("case", "metric", "ours", "bare", "goal", "met"),
                [(r.case, r.metric, r.value, r.baseline, r.goal, r.met) for r in found]))  # fmt: skip
    write(root / "benchmarks" / "results", "training", found, time.process_time() - started)


def _matrices(pricer: LotPricer, rows: Any) -> dict[str, tuple[Any, ...]]:
    usable = rows[np.isfinite(rows["level"])]
    usable = usable.assign(level=pricer._level(usable))
    parts = {name: pricer._data(usable[usable["part"] == name]) for name in ("train", "validation")}
    parts["both"] = tuple(
        np.concatenate(pair) for pair in zip(parts["train"], parts["validation"], strict=True)
    )
    return parts


def _bare(pricer: LotPricer, parts: dict[str, tuple[Any, ...]], trees: TreeParams) -> float:
    start = time.process_time()
    for name in (*pricer.params.candidates, BOUNDS):
        _library(name, parts["train"], trees, parts["validation"], None)
    if pricer.params.refit:
        for name in (*pricer.members, BOUNDS):
            _library(name, parts["both"], trees, None, pricer.record["rounds"][name])
    return time.process_time() - start


def _library(
    name: str, data: tuple[Any, ...], trees: TreeParams, later: tuple[Any, ...] | None, rounds: int | None
) -> None:
    import lightgbm
    import xgboost

    if name == "line":  # ours alone: no library does it
        return
    matrix, target, weight = data
    if name.startswith("lightgbm"):
        settings = vars(trees.lightgbm) | {
            "objective": CANDIDATES[name][1], "metric": "l1", "seed": trees.seed, "num_threads": trees.threads,
            "deterministic": True, "force_row_wise": True, "bagging_freq": 1, "verbose": -1,
        }  # fmt: skip
        most = settings.pop("n_estimators")
        train = lightgbm.Dataset(matrix, target, weight=weight, params={"verbose": -1})
        watched: dict[str, Any] = {}
        if later is not None:
            watched = {"valid_sets": [train.create_valid(later[0], later[1], weight=later[2])],
                       "callbacks": [lightgbm.early_stopping(trees.early_stopping_rounds, verbose=False)]}  # fmt: skip
        lightgbm.train(settings, train, num_boost_round=rounds or most, **watched)
        return
    chosen = trees.quantiles if name == BOUNDS else trees.xgboost
    settings = vars(chosen) | {
        "objective": "reg:quantileerror" if name == BOUNDS else CANDIDATES[name][1], "tree_method": "hist",
        "device": device_for(trees.device), "seed": trees.seed, "nthread": trees.threads, "verbosity": 0,
    }  # fmt: skip
    most = settings.pop("n_estimators")
    if name == BOUNDS:
        settings["quantile_alpha"] = list(QUANTILES)
    data_train = xgboost.DMatrix(matrix, label=target, weight=weight, nthread=trees.threads)
    watched = {}
    if later is not None:
        data_later = xgboost.DMatrix(later[0], label=later[1], weight=later[2], nthread=trees.threads)
        watched = {
            "evals": [(data_later, "validation")],
            "early_stopping_rounds": trees.early_stopping_rounds,
        }
    xgboost.train(settings, data_train, num_boost_round=rounds or most, verbose_eval=False, **watched)


if __name__ == "__main__":
    main()
