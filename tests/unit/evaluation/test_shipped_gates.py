"""The shipped gates of demand, fraud and matching: a good model passes, a naive one fails, and each demand fails alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.core.config import load_params
from mandi.evaluation.gate import GateRule, judge, rule_for

CONTROLS = {"control.future_perturbation": 1.0, "control.shuffled_labels": 1.0}

# what a good model of each task measures as
GOOD: dict[str, dict[str, float]] = {
    "demand": {
        "country.30.mape": 10.5, "country.60.mape": 10.7, "country.90.mape": 11.3, "country.30.mase": 0.49,
        "country.30.skill": 0.5, "country.60.skill": 0.48, "country.90.skill": 0.49, "country.30.last_week.skill": 0.3,
        "country.30.mean_28.skill": 0.35, "country.30.prophet.skill": 0.1, "place.30.skill": 0.34,
        "country.30.coverage95": 0.95, "country.60.coverage95": 0.96, "country.90.coverage95": 0.94,
        "country.day.30.coverage95": 0.95, "place.30.coverage95": 0.94, "unanswered": 0.0,
        "country.30.rows": 276.0, "country.60.rows": 228.0, "country.90.rows": 180.0, "place.30.rows": 936.0,
        "country.30.last_week.rows": 276.0, "country.30.mean_28.rows": 276.0,
    },
    "fraud": {
        "precision": 0.9, "recall": 0.93, "false_alarm_rate": 0.004, "recall_at_1pct": 0.95, "pr_auc": 0.9,
        "precision_at_prevalence": 0.88, "rules.gain": 0.29, "isolation_forest.gain": 0.16, "knn_z.gain": 0.02,
        "knn_z.gain_low": -0.03, "narrow_autoencoder.gain": 0.03, "unanswered": 0.0, "distinct_share": 1.0,
    },
    "matching": {
        "open.top5": 0.95, "shown.top5": 0.94, "open.mrr": 0.77, "open.rule.gain": 0.2, "shown.rule.gain": 0.29,
        "open.cheapest.gain": 0.23, "open.popular_seller.gain": 0.24, "feasible_at_10": 1.0,
    },
}  # fmt: skip
# what the simple answer to the same question measures as: the seasonal naive, red flags counted, the rule of thumb
NAIVE: dict[str, dict[str, float]] = {
    "demand": {
        "country.30.mape": 21.0, "country.60.mape": 20.5, "country.90.mape": 22.0, "country.30.mase": 1.0,
        "country.30.skill": 0.0, "country.60.skill": 0.0, "country.90.skill": 0.0, "country.30.last_week.skill": -0.4,
        "country.30.mean_28.skill": -0.3, "country.30.prophet.skill": -0.6, "place.30.skill": 0.0,
    },
    "fraud": {
        "precision": 0.4, "recall": 0.45, "false_alarm_rate": 0.02, "recall_at_1pct": 0.48, "pr_auc": 0.61,
        "precision_at_prevalence": 0.4, "rules.gain": 0.0, "isolation_forest.gain": -0.13, "knn_z.gain": -0.28,
        "knn_z.gain_low": -0.4, "narrow_autoencoder.gain": -0.26, "distinct_share": 0.01,
    },
    "matching": {
        "open.top5": 0.74, "shown.top5": 0.65, "open.mrr": 0.54, "open.rule.gain": 0.0, "shown.rule.gain": 0.0,
        "open.cheapest.gain": 0.03, "open.popular_seller.gain": 0.04,
    },
}  # fmt: skip
# a value just past each bound
BAD: dict[str, dict[str, dict[str, tuple[float, ...]]]] = {
    "demand": {
        "generated": {
            "country.30.mape": (15.1,), "country.60.mape": (17.1,), "country.90.mape": (20.1,),
            "country.30.skill": (0.09,), "country.60.skill": (0.09,), "country.90.skill": (0.09,),
            "country.30.last_week.skill": (0.09,), "country.30.mean_28.skill": (0.09,),
            "country.30.prophet.skill": (-0.01,), "place.30.skill": (0.04,), "country.30.coverage95": (0.89, 0.995),
            "country.60.coverage95": (0.89, 0.999), "country.90.coverage95": (0.87, 1.0),
            "country.day.30.coverage95": (0.89, 0.995), "place.30.coverage95": (0.87, 0.995), "unanswered": (0.02,),
        },
        "files": {
            "country.30.skill": (-0.01,), "country.60.skill": (-0.01,), "country.90.skill": (-0.01,),
            "country.30.last_week.skill": (-0.01,), "country.30.mean_28.skill": (-0.01,), "place.30.skill": (-0.01,),
            "country.30.coverage95": (0.84, 1.0), "unanswered": (0.02,),
        },
    },
    "fraud": {
        "generated": {
            "precision": (0.84,), "recall": (0.79,), "false_alarm_rate": (0.009,), "recall_at_1pct": (0.79,),
            "rules.gain": (0.04,), "isolation_forest.gain": (0.04,), "knn_z.gain": (-0.01,), "knn_z.gain_low": (-0.06,),
            "narrow_autoencoder.gain": (-0.01,), "unanswered": (0.001,), "distinct_share": (0.89,),
        },
        "files": {
            "precision_at_prevalence": (0.84,), "recall": (0.79,), "rules.gain": (-0.01,),
            "isolation_forest.gain": (-0.01,), "knn_z.gain": (-0.01,), "knn_z.gain_low": (-0.06,),
            "unanswered": (0.001,), "distinct_share": (0.89,),
        },
    },
    "matching": {
        "generated": {
            "open.top5": (0.74,), "shown.top5": (0.74,), "open.rule.gain": (0.04,), "shown.rule.gain": (0.04,),
            "open.cheapest.gain": (0.04,), "open.popular_seller.gain": (0.04,), "feasible_at_10": (0.999,),
        },
        "files": {
            "open.rule.gain": (0.0,), "open.cheapest.gain": (0.0,), "open.popular_seller.gain": (0.0,),
            "feasible_at_10": (0.999,),
        },
    },
}  # fmt: skip
RULES = [(model, source) for model in GOOD for source in ("generated", "files")]
ALONE = [
    (model, source, metric, value)
    for model, source in RULES
    for metric, values in (dict.fromkeys(CONTROLS, (0.0,)) | BAD[model][source]).items()
    for value in values
]


def shipped(root: Path, model: str, source: str) -> GateRule:
    return rule_for(load_params(root / "params.yaml")["gates"][model], source, f"gates.{model}")


def failed(metrics: dict[str, float], held: dict[str, float] | None, rule: GateRule) -> list[str]:
    return [f"{reason.check}: {reason.metric}" for reason in judge(metrics, held, rule).failures()]


def good(model: str) -> dict[str, float]:
    return {**CONTROLS, **GOOD[model], "test.fingerprint": 7.0}


@pytest.mark.parametrize(("model", "source"), RULES)
def test_a_good_model_passes_and_a_naive_one_fails(root: Path, model: str, source: str) -> None:
    rule = shipped(root, model, source)
    assert failed(good(model), None, rule) == []
    assert failed(good(model), good(model), rule) == [], "as good as the champion is good enough"
    assert failed(good(model) | NAIVE[model], None, rule)
    if source == "generated":  # where the truth is known, in everything that it is worse in
        worse = {f"threshold: {limit.metric}" for limit in rule.thresholds if limit.metric in NAIVE[model]}
        assert set(failed(good(model) | NAIVE[model], None, rule)) == worse


@pytest.mark.parametrize(("model", "source", "metric", "value"), ALONE)
def test_each_demand_fails_alone(root: Path, model: str, source: str, metric: str, value: float) -> None:
    rule = shipped(root, model, source)
    assert failed(good(model) | {metric: value}, None, rule) == [f"threshold: {metric}"]
    without = {name: known for name, known in good(model).items() if name != metric}
    assert failed(without, None, rule) == [f"threshold: {metric}"]


@pytest.mark.parametrize(("model", "source"), RULES)
def test_no_demand_is_without_its_case(root: Path, model: str, source: str) -> None:
    asked = [limit.metric for limit in shipped(root, model, source).thresholds]
    assert sorted(asked) == sorted({*CONTROLS, *BAD[model][source]})


@pytest.mark.parametrize(
    ("model", "metric", "champions"),
    [("demand", "country.30.mase", 0.48), ("fraud", "pr_auc", 0.91), ("matching", "open.mrr", 0.78)],
)
@pytest.mark.parametrize("source", ["generated", "files"])
def test_worse_than_the_champion_fails(
    root: Path, model: str, metric: str, champions: float, source: str
) -> None:
    rule = shipped(root, model, source)
    assert failed(good(model), good(model) | {metric: champions}, rule) == [f"beats champion: {metric}"]
    elsewhere = good(model) | {"test.fingerprint": 8.0}
    assert failed(good(model), elsewhere, rule), "another test is no comparison"
