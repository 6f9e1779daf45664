"""Each demand of the student's gate fails by itself, and what cannot be compared is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mandi.core.config import load_params
from mandi.evaluation.gate import Verdict, judge, rule_for
from pipelines.student_register import compared

GOOD = {
    "test.fingerprint": 7.0, "examples.rows": 900.0, "examples.new": 200.0, "control.shuffled_feedback": 1.0, "frozen.ece": 0.03,
    "frozen.accuracy": 0.8, "refusals.confident": 0.0, "most_frequent.gain_low": 0.3, "nearest_question.gain_low": 0.02,
    "champion.rows": 300.0, "champion.gain_low": 0.01, "champion.slices_worse": 0.0, "champion.accuracy": 0.75,
    "champion.refusals.confident": 0.0,
}  # fmt: skip
HELD = {"test.fingerprint": 7.0, "frozen.accuracy": 0.75, "refusals.confident": 0.0}


def judged(metrics: dict[str, float], held: dict[str, float] | None, root: Path) -> Verdict:
    rule = rule_for(load_params(root / "params.yaml")["gates"]["student"], "generated", "gates.student")
    return judge(metrics, held, rule, task="student")


def test_a_better_student_passes(root: Path) -> None:
    assert judged(GOOD, HELD, root).passed


def test_a_first_student_needs_no_champion(root: Path) -> None:
    alone = {name: value for name, value in GOOD.items() if not name.startswith("champion.")}
    assert judged(alone, None, root).passed


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("examples.rows", 399.0), ("examples.new", 99.0), ("control.shuffled_feedback", 0.0), ("frozen.ece", 0.051),
        ("most_frequent.gain_low", 0.0), ("nearest_question.gain_low", -0.01), ("champion.gain_low", 0.0),
        ("champion.slices_worse", 1.0), ("refusals.confident", 0.01), ("frozen.accuracy", 0.74), ("test.fingerprint", 8.0),
    ],
)  # fmt: skip
def test_each_demand_fails_alone(metric: str, value: float, root: Path) -> None:
    verdict = judged({**GOOD, metric: value}, HELD, root)
    assert not verdict.passed
    assert {reason.metric for reason in verdict.failures()} == {metric}


def test_a_figure_that_is_missing_fails(root: Path) -> None:
    assert not judged({k: v for k, v in GOOD.items() if k != "frozen.ece"}, HELD, root).passed


@pytest.mark.parametrize(
    ("champion", "measured", "held", "fails", "told"),
    [
        (None, {"version": 0, "not_compared": "no champion"}, False, "", ""),
        (SimpleNamespace(version=2, source="generated"), {"version": 2, "not_compared": ""}, False, "", "itself"),
        (SimpleNamespace(version=1, source="files"), {"version": 1, "not_compared": ""}, False, "", "files"),
        (SimpleNamespace(version=3, source="generated"), {"version": 1, "not_compared": ""}, False, "v3 is champion now", ""),
        (SimpleNamespace(version=1, source="generated"), {"version": 1, "not_compared": "could not be asked"}, False, "could not", ""),
        (SimpleNamespace(version=1, source="generated"), {"version": 1, "not_compared": ""}, True, "", ""),
    ],
)  # fmt: skip
def test_what_is_compared_with(
    champion: Any, measured: dict[str, Any], held: bool, fails: str, told: str
) -> None:
    figures, not_compared, apart = compared(GOOD, measured, champion, 2, "generated")
    assert figures == (HELD if held else {})
    assert (fails in not_compared) and bool(fails) == bool(not_compared)
    assert (told in apart) and bool(told) == bool(apart)
