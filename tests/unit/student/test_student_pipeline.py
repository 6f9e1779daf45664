"""From examples to a champion and back: without feedback nothing is made, and a better student takes the place of the first."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from student_market import THINGS, WAYS, chat, directions

import mandi.registry.promotion as promotion
from mandi.core.paths import Paths
from mandi.datasets.files import write_rows
from mandi.datasets.rows import Example
from mandi.student.embedded.student import EmbeddedStudent
from pipelines import read_json, student, student_register

PARAMS = """
seed: 7
tables: {source: generated}
registry: {wait_seconds: 60.0}
student: {min_examples: 50, min_new: 20, folds: 3}
gates:
  student:
    real:
      thresholds:
        - {metric: examples.rows, at_least: 50}
        - {metric: control.shuffled_feedback, at_least: 1}
        - {metric: most_frequent.gain_low, at_least: 0.000001}
        - {metric: champion.gain_low, at_least: 0.000001, where_asked: true}
        - {metric: champion.slices_worse, at_most: 0, where_asked: true}
      beats_champion: [{metric: frozen.accuracy, tolerance: 0, better: higher}]
"""
OTHERS = ("zinc", "lead", "tin", "steel", "nickel", "cobalt")


def frozen() -> list[Example]:
    labels = directions(part="test", first=8000, things=OTHERS)
    labels = [
        replace(one, cluster=900 + k % 12) for k, one in enumerate(labels)
    ]  # one way to say it is one cluster
    return [*chat(40, seed=9, first=5000, part="test"), *labels]


def early() -> list[Example]:
    """Return what is known at first: prices, and no word of a falling market."""
    falling = {way.format(thing) for way in WAYS["down"] for thing in THINGS}
    return [*chat(70), *(e for e in directions() if e.facts["text"] not in falling)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MANDI_ROOT", str(tmp_path))
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    return Paths(tmp_path)


def run(paths: Paths, examples: list[Example]) -> dict[str, Any]:
    paths.datasets.mkdir(parents=True, exist_ok=True)
    write_rows(examples, paths.datasets)
    student.main()
    student_register.main()
    receipt: dict[str, Any] = read_json(paths.receipt("student"))
    return receipt


def test_without_feedback_there_is_no_student_and_no_error(project: Paths) -> None:
    student.main()
    student_register.main()
    assert "no datasets" in read_json(project.receipt("student"))["skipped"]
    receipt = run(project, chat(10))
    assert "gold" in receipt["skipped"]
    assert not (project.student / "student.json").exists()


def test_a_first_student_a_better_one_and_the_way_back(project: Paths) -> None:
    first = run(project, [*early(), *frozen()])
    assert first["gate"].startswith("passed") and first["champion_version"] == 1, first["text"]
    assert first["thresholds"] == EmbeddedStudent.load(project.student).thresholds
    again = run(project, [*early(), *frozen()])
    assert again["version"] == 1 and "itself" in again["not_compared"]

    second = run(project, [*chat(70), *directions(), *frozen()])
    assert second["version"] == 2 and second["champion_version"] == 2, second["text"]
    told = read_json(project.evaluation("student") / "before_after.json")
    assert told["champion"]["version"] == 1 and told["plain"].startswith("accuracy rose")
    assert set(pd.read_csv(project.evaluation("student") / "curve.csv")["student"]) == {
        "champion",
        "challenger",
    }
    ids = json.loads((project.student / "examples.json").read_text(encoding="utf-8"))
    assert len(ids) == 70 + len(directions()) and ids == sorted(ids)

    worse = run(project, [replace(e, weight=0.5) for e in early()] + frozen())
    assert worse["version"] == 3 and worse["champion_version"] == 2 and worse["gate"].startswith("FAILED")

    asked = pd.DataFrame(
        {
            "task": ["chat", "deal_analysis"],
            "messages": ['[{"role":"user","content":"Hello"}]'] * 2,
            "facts": ["{}"] * 2,
        }
    )
    answers = promotion.pyfunc("student", root=project.root).predict(asked)
    assert list(answers.columns) == ["answer", "confidence"] and answers["answer"].isna().all()
    assert promotion.rollback("student", root=project.root).champion == 1
    promotion.cli_promote(project.root, "student", 2, True, "the first one was worse")
    assert promotion.find("student", root=project.root).version == 2
