"""Registers one model, lets the gate judge it against the champion on the same test, and writes the receipt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

import mandi.registry.promotion as promotion
from mandi.core.paths import Paths
from mandi.evaluation.card import card
from mandi.evaluation.examination import examination_params, examine, predict_blind, with_baselines
from mandi.evaluation.gate import judge, rule_for
from mandi.models import model_class
from mandi.registry.lineage import collect
from mandi.tables.ingest import read_tables
from pipelines import project, read_json, read_truth, skipped, stage, write_json


def main(model: str) -> None:
    """Write artifacts/receipts/<model>.json; fail when the gate is not passed and there is no champion."""
    paths, params = project()
    if reason := skipped(paths, model):
        write_json(paths.receipt(model), {"skipped": reason})
        return
    source, spec = str(params["tables"]["source"]), model_class(model).spec
    metrics = read_json(paths.metrics(model))
    frame = pd.read_parquet(paths.features(model) / "frame.parquet")
    own = params["models"][model]
    lineage = collect(paths.root, model, frame=frame, model_folder=paths.model(model), params=own)
    receipt = promotion.register(
        model, paths.model(model), spec, metrics, lineage, source, params=own, root=paths.root
    )
    champion = promotion.champion(model, root=paths.root)
    held = {}
    if champion is not None and champion.version != receipt.version and champion.source == source:
        held = champions_metrics(paths, params, model, frame)
        promotion.remeasure(model, "champion", held, root=paths.root)
    verdict = judge(metrics, held or None, rule_for(params["gates"][model], source, f"gates.{model}"))
    against = champion.version if champion is not None else 0
    settled = promotion.settle(model, receipt.version, verdict, against=against, root=paths.root)
    report = read_json(paths.evaluation(model) / "test.json")
    controls = read_json(paths.evaluation(model) / "controls.json")
    text = card(
        spec, report, source=source, verdict=verdict.as_dict(), controls=controls, lineage=lineage.as_dict()
    )
    paths.receipt(model).parent.mkdir(parents=True, exist_ok=True)
    (paths.receipt(model).parent / f"{model}_card.md").write_text(text, encoding="utf-8")
    write_json(
        paths.receipt(model),
        summary(metrics, spec.main_metric, verdict.as_dict(), receipt.as_dict(), settled),
    )
    print(settled)


def champions_metrics(
    paths: Paths, params: Mapping[str, Any], model: str, frame: pd.DataFrame
) -> dict[str, float]:
    """Measure the champion on the test of the candidate."""
    chosen = examination_params(params)
    beside = with_baselines(frame, read_tables(paths.tables), chosen)
    held = promotion.load(model, "champion", root=paths.root)
    answers = predict_blind(held, frame[frame["part"] == "test"])
    found = examine(answers, frame, beside, chosen, read_truth(paths)).metrics
    return {name: value for name, value in found.items() if math.isfinite(value)}


def summary(
    metrics: Mapping[str, float],
    main_metric: str,
    verdict: Mapping[str, Any],
    receipt: Mapping[str, Any],
    settled: Any,
) -> dict[str, Any]:
    """Return what the closing table and the index show."""
    shown = main_metric if main_metric in metrics else "market.pooled.mae"
    question = shown.rpartition(".")[0]
    baseline = metrics.get(f"{question}.last_price.mae")
    floor = metrics.get(f"{question}.floor_mae")
    checks = verdict["reasons"]
    passed = sum(bool(check["passed"]) for check in checks)
    return {
        **receipt,
        "champion_version": settled.champion,
        "main": f"{shown} {metrics[shown]:.1f}",
        "baseline": f"last price {baseline:.1f}" if baseline is not None else "-",
        "floor": f"{floor:.1f}" if floor is not None else "",
        "gate": f"{'passed' if verdict['passed'] else 'FAILED'} ({passed}/{len(checks)})",
        "verdict": verdict,
    }


if __name__ == "__main__":
    stage(main)
