"""One size of the scale benchmark, in a process of its own: `python -m benchmarks.scale_run SIZE KIND FOLDER`; prints JSON.

KIND is parts (out of core), dask (out of core on two workers) or frame (one frame in memory).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.scale_market import LotMaker
from mandi.compute import ComputeParams, computing, current
from mandi.core.config import load_params
from mandi.core.paths import project_root
from mandi.features import feature_set
from mandi.features.partitioned import complete, keep
from mandi.features.splits import split
from mandi.models import new_model
from mandi.tables.market_params import MarketParams
from mandi.tables.parts import Parts
from mandi.tables.synthetic import generate

BATCH = 100_000
# fewer rounds of larger steps than params.yaml has, the same at every size: what grows here are rows
STEPS = {"xgboost": (20, 0.25), "lightgbm": (40, 0.2), "quantiles": (20, 0.25)}
THREADS = 2


def main(size: int, kind: str, folder: Path) -> None:
    """Generate the questions, then time features, training and the test."""
    params = load_params(project_root() / "params.yaml")
    trees = params["models"]["price"]["lots"]["trees"]
    for name, (rounds, rate) in STEPS.items():
        trees[name] |= {"n_estimators": rounds, "learning_rate": rate}
    trees["threads"] = 1 if kind == "dask" else THREADS
    questions, frame = Parts(folder / "questions"), Parts(folder / "frame")
    tables = make(params, size, questions)
    print("begin", flush=True)  # the questions are there: what is measured begins
    marks = [time.perf_counter()]
    with computing(ComputeParams("dask", None, THREADS) if kind == "dask" else ComputeParams()):
        features = feature_set("price", params)
        history = features.history(tables)
        del tables
        known = {name: Parts(folder / "history" / name) for name in history}
        keep(history, known)
        history.clear()
        rows = complete("price", params, known, questions, frame)
        marks.append(time.perf_counter())
        model = new_model("price", params)
        if kind == "frame":
            whole = pd.concat(list(frame), ignore_index=True)
            model.fit(whole[whole["part"].isin(["train", "validation", "calibration"])])
            del whole
        else:
            (folder / "room").mkdir()
            model.fit_parts(frame, folder / "room")  # type: ignore[attr-defined]
        marks.append(time.perf_counter())
        told = current().map(Examined(model, frame), list(range(len(frame))))
    marks.append(time.perf_counter())
    found = {name: float(np.sum([one[name] for one in told])) for name in told[0]}
    tested = found.pop("rows")
    seconds = dict(zip(("features", "training", "examination"), np.diff(marks).tolist(), strict=True))
    record = model.lots.record  # type: ignore[attr-defined]
    result = {"rows": rows, "tested": tested, **{k: v / tested for k, v in found.items()}, "seconds": seconds,
              "chosen": record["chosen"], "learnt": record["rows"], "rounds": record["rounds"]}  # fmt: skip
    print("result " + json.dumps(result), flush=True)


def make(params: dict[str, Any], size: int, out: Parts) -> dict[str, pd.DataFrame]:
    """Write the questions of the market and of ``size`` lots; return the market's tables."""
    wanted = {**params["market"], "optimal_filter": False}
    tables, _ = generate(MarketParams(**wanted))
    features = feature_set("price", params)
    asked = features.questions(tables)
    reports = asked[asked["kind"] == "market"]
    starts = features.params.splits  # type: ignore[attr-defined]
    span = asked[["asof", "label_known_time"]]
    if sum(out.rows()) == len(reports) + size:
        return tables
    out.write(0, reports)
    maker = LotMaker.of(params)
    for batch, begin in enumerate(range(0, size, BATCH)):
        lots = maker.questions(batch, min(BATCH, size - begin))
        # cut where the market's own questions are cut: the first and last of them say what the fractions are of
        ends = span.sort_values("asof").iloc[[0, -1]]
        both = pd.concat([lots[["asof", "label_known_time"]], ends], ignore_index=True)
        both = both[(both["asof"] >= ends["asof"].iloc[0]) & (both["asof"] <= ends["asof"].iloc[1])]
        part = split(both, starts)
        lots = lots.assign(part=part.reindex(lots.index))
        out.write(batch + 1, lots.assign(national_ahead=np.nan)[[*reports.columns]])
    return tables


class Examined:
    """Errors on the test lots of one part of the frame, added up."""

    def __init__(self, model: Any, frame: Parts) -> None:
        self.model, self.frame = model, frame

    def __call__(self, number: int) -> dict[str, float]:
        """Price the lots of the test; sums of rows, absolute error, and prices within the bounds."""
        rows = self.frame.read(number)
        rows = rows[(rows["kind"] == "lot") & (rows["part"] == "test") & np.isfinite(rows["level"])]
        names = ("rows", "mae", "coverage90", "coverage95")
        if rows.empty:
            return dict.fromkeys(names, 0.0)
        told, label = self.model.predict(rows), rows["label"]
        inside = [label.between(told[f"lower_bound_{n}"], told[f"upper_bound_{n}"]).sum() for n in (90, 95)]
        values = (len(rows), (label - told["predicted_price"]).abs().sum(), *inside)
        return {name: float(value) for name, value in zip(names, values, strict=True)}


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
