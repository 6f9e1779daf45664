"""Judges one fitted model by the examiner of its task: the untouched test, a back-test, controls, and what could be known at best."""

from __future__ import annotations

import shutil

import pandas as pd

from mandi.evaluation.controls import control_metrics
from mandi.evaluation.examination import predict_blind
from mandi.evaluation.examiner import examiner_for, plain
from mandi.evaluation.floor import floor_text
from mandi.features import feature_set
from mandi.models import model_class, new_model
from mandi.tables.ingest import read_tables
from pipelines import project, read_truth, skipped, stage, write_json


def main(model: str) -> None:
    """Write reports/evaluation/<model> and reports/metrics/<model>.json."""
    paths, params = project()
    out = paths.evaluation(model)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if reason := skipped(paths, model):
        write_json(paths.metrics(model), {"skipped": reason})
        print(f"{model} is not evaluated: it {reason}")
        return
    seed, fitted = int(params["seed"]), model_class(model).load(paths.model(model))
    examiner = examiner_for(fitted.spec.task, params, model)
    frame, tables = pd.read_parquet(paths.features(model) / "frame.parquet"), read_tables(paths.tables)
    truth, test = read_truth(paths), frame[frame["part"] == "test"]
    beside = examiner.beside(frame, tables, fitted.baselines(frame, seed))
    judged = examiner.examine(predict_blind(fitted, test), frame, beside, truth)
    print(f"test: {len(test):,} questions")
    if text := floor_text(judged.metrics):
        print(text)

    metrics = known(judged.metrics)
    answers = examiner.backtest(frame, lambda: new_model(model, params), tell)
    if len(answers):
        rolled = examiner.examine(answers, frame, beside, truth)
        earlier = int((~answers.index.isin(test.index)).sum())
        fits = answers["fitted_until"].nunique()
        print(f"back-test: {fits} fits, {len(answers):,} questions, {earlier:,} of them not in the test")
        rolled.rows.assign(origin=answers["origin"]).to_parquet(out / "backtest.parquet")
        write_json(out / "backtest.json", rolled.as_dict())
        metrics |= {f"backtest.{n}": v for n, v in known(rolled.metrics).items() if n.count(".") < 3}
    else:
        judged.rows.iloc[:0].to_parquet(out / "backtest.parquet")
        write_json(out / "backtest.json", {"metrics": {}, "tables": {}, "notes": ["no back-test was made"]})

    controls = examiner.controls(
        feature_set(model, params), fitted, lambda: new_model(model, params), frame, tables, seed
    )
    for control in controls:
        print(control)
    judged.rows.to_parquet(out / "predictions.parquet")
    write_json(out / "test.json", judged.as_dict(), sort=False)  # columns are read in their order
    write_json(out / "controls.json", [control.as_dict() for control in controls])
    write_json(paths.metrics(model), metrics | control_metrics(controls))


def known(metrics: dict[str, float]) -> dict[str, float]:
    """Return the metrics that are finite, as plain numbers."""
    return {name: value for name, value in plain(metrics).items() if value is not None}


def tell(done: int, total: int, text: str) -> None:
    """Print a progress line."""
    print(f"back-test {done}/{total}: {text}")


if __name__ == "__main__":
    stage(main)
