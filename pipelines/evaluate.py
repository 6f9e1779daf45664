"""Judges one fitted model: the untouched test, a rolling-origin back-test, controls, and the oracles of the generated market."""

from __future__ import annotations

import shutil

import pandas as pd

from mandi.core.paths import Paths
from mandi.evaluation.backtest import asked_origins, first_origin, rolling_origin
from mandi.evaluation.controls import control_metrics, future_perturbation, shuffled_labels
from mandi.evaluation.examination import examination_params, examine, predict_blind, with_baselines
from mandi.evaluation.floor import floor_text
from mandi.features import feature_set
from mandi.models import model_class, new_model
from mandi.tables.ingest import read_tables
from pipelines import project, read_truth, skipped, stage, write_json


def main(model: str) -> None:
    """Write reports/evaluation/<model>, reports/metrics/<model>.json and the data of `dvc plots`."""
    paths, params = project()
    out = paths.evaluation(model)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if reason := skipped(paths, model):
        write_json(paths.metrics(model), {"skipped": reason})
        write_plots(paths, model, pd.DataFrame())
        print(f"{model} is not evaluated: it {reason}")
        return
    chosen, seed = examination_params(params), int(params["seed"])
    frame, tables = pd.read_parquet(paths.features(model) / "frame.parquet"), read_tables(paths.tables)
    truth, fitted = read_truth(paths), model_class(model).load(paths.model(model))
    test = frame[frame["part"] == "test"]
    beside = with_baselines(frame, tables, chosen, fitted.baselines(frame, seed))
    judged = examine(predict_blind(fitted, test), frame, beside, chosen, truth)
    print(f"test: {len(test):,} questions")
    if text := floor_text(judged.metrics):
        print(text)

    since = first_origin(frame, chosen.backtest)
    origins = asked_origins(frame, since, chosen.backtest.origins)
    answers = rolling_origin(frame, lambda: new_model(model, params), origins, chosen.backtest, tell)
    rolled = examine(answers, frame, beside, chosen, truth)
    earlier = int((~answers.index.isin(test.index)).sum())
    print(
        f"back-test: {answers['fitted_until'].nunique()} fits, {len(answers):,} questions, {earlier:,} of them not in the test"
    )

    when = test["asof"].sort_values().iloc[len(test) // 2]
    controls = [
        future_perturbation(feature_set(model, params), fitted, tables, when, seed, questions=frame),
        shuffled_labels(lambda: new_model(model, params), frame, seed),
    ]
    for control in controls:
        print(control)
    judged.rows.to_parquet(out / "predictions.parquet")
    rolled.rows.assign(origin=answers["origin"]).to_parquet(out / "backtest.parquet")
    write_json(out / "test.json", judged.as_dict())
    write_json(out / "backtest.json", rolled.as_dict())
    write_json(out / "controls.json", [control.as_dict() for control in controls])
    flat = {name: value for name, value in judged.as_dict()["metrics"].items() if value is not None}
    flat |= {
        f"backtest.{n}": v
        for n, v in rolled.as_dict()["metrics"].items()
        if v is not None and n.count(".") < 3
    }
    flat |= control_metrics(controls)
    write_json(paths.metrics(model), flat)
    write_plots(paths, model, judged.by_horizon)


def tell(done: int, total: int, text: str) -> None:
    """Print a progress line."""
    print(f"back-test {done}/{total}: {text}")


def write_plots(paths: Paths, model: str, by_horizon: pd.DataFrame) -> None:
    """Write the points that `dvc plots` draws."""
    folder = paths.reports / "plots"
    folder.mkdir(parents=True, exist_ok=True)
    skill = pd.DataFrame(columns=["question", "horizon_days", "skill"])
    cover = pd.DataFrame(columns=["question", "horizon_days", "nominal", "coverage"])
    if len(by_horizon):
        market = by_horizon[by_horizon["horizon_days"].notna() & (by_horizon["kind"] == "market")]
        skill = market[["question", "horizon_days", "skill"]]
        cover = pd.concat(
            market[["question", "horizon_days"]].assign(nominal=level, coverage=market[f"coverage{level}"])
            for level in (90, 95)
        )
    skill.to_csv(folder / f"{model}_skill.csv", index=False)
    cover.to_csv(folder / f"{model}_coverage.csv", index=False)


if __name__ == "__main__":
    stage(main)
