"""Registers one model, lets the gate judge it against the champion on the same test, draws its charts and writes the receipt."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

import mandi.registry.promotion as promotion
from mandi.core.errors import GateFailed
from mandi.core.paths import Paths
from mandi.core.whole import written_whole
from mandi.evaluation.card import card, parts_of
from mandi.evaluation.examination import predict_blind
from mandi.evaluation.examiner import Standing, examiner_for
from mandi.evaluation.gate import judge, rule_for
from mandi.features import feature_params, feature_set
from mandi.models import model_class
from mandi.registry.lineage import collect
from mandi.registry.tracking import start_run
from mandi.report.pictures import write_pictures
from mandi.report.results import read_evaluation
from mandi.report.task_charts import charts_for
from mandi.tables.ingest import read_tables
from pipelines import project, read_json, read_truth, skipped, stage, write_json


def main(model: str) -> None:
    """Write artifacts/receipts/<model>.json and the charts of `dvc plots`; fail when the gate is not passed and there is no champion."""
    paths, params = project()
    if reason := skipped(paths, model):
        write_pictures([], paths.pictures(model))
        write_json(paths.receipt(model), {"skipped": reason})
        return
    source, spec = str(params["tables"]["source"]), model_class(model).spec
    metrics = read_json(paths.metrics(model))
    frame = pd.read_parquet(paths.features(model) / "frame.parquet")
    own = params["models"][model]
    lineage = collect(paths.root, model, frame=frame, model_folder=paths.model(model), params=own)
    examiner = examiner_for(spec.task, params, model)
    fitted = model_class(model).load(paths.model(model))
    used = dataclasses.asdict(fitted.params)
    if logged := getattr(fitted, "logged", None):  # parameters of the series a model fits one by one
        used |= logged()
    pictures = write_pictures(charts_for(read_evaluation(paths.root, model)), paths.pictures(model))
    with start_run(model, "pipeline", used, root=paths.root) as run:
        run.log_metrics(metrics)
        for picture in pictures:
            run.log_picture(picture)
        receipt = promotion.register(model, paths.model(model), spec, metrics, lineage, source, run=run)
    champion = promotion.champion(model, root=paths.root)
    elsewhere = champion is not None and champion.source != source
    held, apart = dict[str, float](), ""
    if champion is not None and champion.version != receipt.version and champion.source == source:
        held, apart = champions_metrics(paths, params, model, frame)
        if held:
            promotion.remeasure(model, "champion", held, root=paths.root)
    rule = rule_for(params["gates"][model], source, f"gates.{model}")
    verdict = judge(
        metrics,
        held or None,
        rule,
        not_compared=apart,
        apart=_incomparable(champion, receipt.version, source),
    )
    against = champion.version if champion is not None else 0
    settled = promotion.settle(model, receipt.version, verdict, against=against, root=paths.root)
    report = read_json(paths.evaluation(model) / "test.json")
    controls = read_json(paths.evaluation(model) / "controls.json")
    text = card(
        spec,
        report,
        source=source,
        limits=examiner.limits,
        verdict=verdict.as_dict(),
        controls=controls,
        lineage=lineage.as_dict(),
        version=receipt.version,
        parts=parts_of(frame),
    )
    with written_whole(paths.receipt(model).parent / f"{model}_card.md") as beside:
        beside.write_text(text, encoding="utf-8")
    write_json(
        paths.receipt(model),
        {
            **summary(examiner.standing(metrics), verdict.as_dict(), receipt.as_dict(), settled),
            "not_compared": apart,
        },
    )
    if elsewhere and not verdict.passed:
        raise GateFailed(
            f"{model} v{receipt.version} did not pass, and the champion was trained on tables from "
            f"{champion.source if champion else ''}, not {source}:\n{verdict}",
            next_command=f"mandi promote {model} --force --reason '...', or mandi import the other tables again",
        )
    print(f"{settled}{'; ' if apart else ''}{apart}")


def _incomparable(champion: Any, version: int, source: str) -> str:
    if champion is None:
        return ""
    if champion.version == version:
        return f"v{version} is the champion itself"
    if champion.source != source:
        return f"the champion, v{champion.version}, was trained on tables from {champion.source}, these are from {source}"
    return ""


def champions_metrics(
    paths: Paths, params: Mapping[str, Any], model: str, frame: pd.DataFrame
) -> tuple[dict[str, float], str]:
    """Measure the champion on the test of the candidate; or say why it cannot answer it."""
    examiner = examiner_for(model_class(model).spec.task, params, model)
    beside = examiner.beside(frame, read_tables(paths.tables))
    try:
        held = promotion.load(model, "champion", root=paths.root)
        answers = predict_blind(
            held, champions_frame(paths, params, model, held, frame[frame["part"] == "test"])
        )
    except Exception as error:
        # a model of older code may fail in any way; the candidate is judged without it, and the receipt says so
        return {}, f"the champion could not be asked the same test: {type(error).__name__}: {error}"
    found = examiner.examine(answers, frame, beside, read_truth(paths)).metrics
    return {name: value for name, value in found.items() if math.isfinite(value)}, ""


def champions_frame(
    paths: Paths, params: Mapping[str, Any], model: str, held: Any, test: pd.DataFrame
) -> pd.DataFrame:
    """Return the test as the champion knows it: by the parameters of its own features."""
    own = {"models": {model: dataclasses.asdict(held.params)}}
    if feature_params(model, own) == feature_params(model, params):
        return test
    features = feature_set(model, own)
    return features.assemble(test, features.history(read_tables(paths.tables)))


def summary(
    standing: Standing, verdict: Mapping[str, Any], receipt: Mapping[str, Any], settled: Any
) -> dict[str, Any]:
    """Return what the closing table and the index show."""
    checks = verdict["reasons"]
    passed = sum(bool(check["passed"]) for check in checks)
    return {
        **receipt,
        **dataclasses.asdict(standing),
        "champion_version": settled.champion,
        "gate": f"{'passed' if verdict['passed'] else 'FAILED'} ({passed}/{len(checks)})",
        "verdict": verdict,
    }


if __name__ == "__main__":
    stage(main)
