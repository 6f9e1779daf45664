"""The card says what was declared and measured, and never hides a failure."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from mandi.evaluation.appraisal import EvaluationParams, evaluate
from mandi.evaluation.baselines import baselines
from mandi.evaluation.card import card
from mandi.evaluation.controls import ControlResult
from mandi.evaluation.gate import judge, rule_for
from mandi.models.base import Field, Spec

SPEC = Spec(
    name="price",
    question="What is a fair price?",
    inputs=(),
    outputs=(Field("predicted_price", "number", "INR/quintal", "fair price"),),
    label="label",
    unit="INR/quintal",
    horizons=(0, 1),
    main_metric="market.1.mae",
    lower_is_better=True,
    request=(Field("variety", "category", "", "of the crop | seed", required=False),),
)


@pytest.fixture(scope="module")
def report(frame, predictions, reports):
    params = EvaluationParams(min_slice_rows=20, bootstrap_draws=50)
    lots = frame.loc[predictions.index].assign(kind="lot", horizon_days=0)
    lots.index = lots.index + 100_000
    whole = pd.concat([frame, lots])
    answers = pd.concat([predictions, predictions.set_axis(lots.index)])
    oracles = pd.DataFrame(
        {"public": whole["label"] * 1.01, "known": whole["label"] * 1.008, "full": whole["label"] * 1.005}
    )
    found = evaluate(
        answers, whole, params, baselines=baselines(whole, {"reports": reports}), oracles=oracles
    )
    return found


@pytest.fixture(scope="module")
def text(report):
    rule = rule_for(
        {"real": {"thresholds": [{"metric": "lot.mae", "at_most": 1, "why": "to fail"}]}}, "files"
    )
    return card(
        SPEC,
        report.as_dict(),
        source="generated",
        verdict=judge(report.metrics, None, rule, task="price").as_dict(),
        controls=[ControlResult("shuffled labels", True, "nothing is learned").as_dict()],
        lineage={"git_sha": "9f2c", "stages": {"a": "b"}},
        noise=["Reports carry 1.2 % of noise."],
    )


def test_every_part_is_there(text):
    for part in ("# Model card: price", "What is a fair price?", "## How well it does", "### Beside the baselines",
                 "### In calm and restless times", "### Where it is worst", "### The best possible", "## Controls",
                 "## Limits", "## Gate", "## Lineage"):  # fmt: skip
        assert part in text


def test_a_failed_gate_is_said_at_the_top_with_its_reason(text):
    assert (
        "**It failed its gate** (price/real): lot.mae is" in text.split("## ")[1]
        or "failed its gate" in text[:400]
    )
    assert "to fail" in text
    assert "| **no** | threshold |" in text


def test_figures_are_those_measured(text, report):
    mae = report.metrics["market.1.mae"]
    assert f"{mae:,.1f}" in text
    assert f"{report.metrics['market.1.last_price.mae']:,.1f}" in text
    assert "| question | this model | last price | seasonal naive |" in text
    assert "a market, 1 day ahead" in text
    assert "9f2c" in text


def test_it_states_the_noise_and_what_real_files_say(text, report):
    assert "near 61 INR per quintal" in text
    assert "Reports carry 1.2 % of noise." in text
    real = card(SPEC, report.as_dict(), source="agmarknet")
    assert "near 61 INR per quintal" in real
    assert "no lots in them" in real
    assert "has not been before its gate" in real


def test_bars_in_texts_do_not_break_a_table(text):
    assert "of the crop / seed (optional)" in text


def test_it_is_the_same_twice(report):
    assert card(SPEC, report.as_dict(), source="files") == card(SPEC, report.as_dict(), source="files")


def test_no_markup_of_the_data_works_in_the_card(report):
    bad = "<img src=x onerror=y> [a](javascript:b) `c` *d*\n\n# e"
    told = report.as_dict()
    tables = told["tables"]
    worst = [{**row, "value": bad, "dimension": bad} for row in tables["Worst slices"]]
    terciles = [{**row, "tercile": bad} for row in tables["By volatility of the nation"]]
    told |= {"notes": [bad]}
    tables |= {"Worst slices": worst, "By volatility of the nation": terciles}
    reason = {"passed": False, "check": bad, "text": bad}
    found = card(
        SPEC,
        told,
        source="files",
        verdict={"passed": False, "rule": bad, "reasons": [reason]},
        controls=[{"name": bad, "passed": False, "text": bad}],
        lineage={"key": "a`b"},
        noise=[bad],
    )
    plain = r"&lt;img src=x onerror=y&gt; \[a\](javascript:b) \`c\` \*d\* # e"
    assert found.count(plain) == 8 + 2 * len(worst) + len(terciles)
    assert "<img" not in found and "[a](" not in found and "\n# e" not in found
    assert "| `key` | `a'b` |" in found


def test_a_model_of_another_task_shows_its_own_tables():
    told = {
        "metrics": {"macro_f1": 0.92},
        "tables": {
            "By grade": [{"grade": "A", "f1": 0.95, "rows": 120}, {"grade": "<b>", "f1": None, "rows": 3}]
        },
        "notes": ["macro F1 weighs every grade alike"],
    }
    spec = replace(SPEC, name="quality", task="grading")
    found = card(spec, told, source="generated", limits=["Not a certificate."])
    assert "### By grade" in found and "| A | 0.950 | 120 |" in found and "| &lt;b&gt; | - | 3.000 |" in found
    assert "Not a certificate." in found and "weighs every grade" in found and "last price" not in found
