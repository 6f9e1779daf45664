"""The card of every model, made as the stage makes it: each section is there and says something that was declared or measured."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from mandi.evaluation.card import card, parts_of
from mandi.evaluation.controls import ControlResult
from mandi.evaluation.examination import predict_blind
from mandi.evaluation.examiner import examiner_for
from mandi.evaluation.gate import judge, rule_for
from mandi.registry.lineage import collect

from .conftest import Built

SECTIONS = (
    "What it is asked and what it answers",
    "What it learnt from",
    "How well it does",
    "Controls",
    "Limits",
    "Gate",
    "Lineage",
)
SLICES = {
    "price": ("Where it is worst", "In calm and restless times"), "forecast": ("by place: best and worst", "by commodity"),
    "grading": ("By slice", "By grade"), "detection": ("Slices", "By kind of fraud"), "ranking": ("By commodity",),
}  # fmt: skip
RIVALS = {
    "price": "Beside the baselines", "forecast": "baselines alone", "grading": "Beside simpler graders",
    "detection": "Beside simpler detectors", "ranking": "satisfy every hard constraint",
}  # fmt: skip


@pytest.fixture(scope="module")
def text(built: Built, tmp_path_factory: pytest.TempPathFactory, root: Path) -> str:
    spec, frame = built.model.spec, built.frame
    examiner = examiner_for(spec.task, built.params, built.name)
    beside = examiner.beside(frame, built.tables, built.model.baselines(frame, 7))
    judged = examiner.examine(predict_blind(built.model, frame[frame["part"] == "test"]), frame, beside)
    saved = tmp_path_factory.mktemp(built.name)
    built.model.save(saved)
    rule = rule_for(built.params["gates"][built.name], "generated", built.name)
    lineage = collect(
        root, built.name, frame=frame, model_folder=saved, params=built.params["models"][built.name]
    )
    return card(
        spec, judged.as_dict(), source="generated", limits=examiner.limits,
        verdict=judge(judged.metrics, None, rule, task=built.name).as_dict(),
        controls=[ControlResult("future perturbation", True, "nothing before it changed").as_dict()],
        lineage=lineage.as_dict(), version=3, parts=parts_of(frame),
    )  # fmt: skip


def section(text: str, title: str) -> str:
    found = re.search(
        rf"^##+ [^\n]*{re.escape(title)}[^\n]*\n(.*?)(?=^##+ |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found, f"there is no section {title!r}"
    return found[1]


def rows(part: str) -> list[list[str]]:
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_section_is_there_and_filled(built: Built, text: str) -> None:
    spec = built.model.spec
    assert text.startswith(f"# Model card: {spec.name} v3\n\n{spec.question}")
    for title in SECTIONS:
        assert section(text, title).strip(), title
    asked = section(text, "What it is asked and what it answers")
    assert {row[0].strip("`") for row in rows(asked)} >= {f.name for f in (*spec.request, *spec.outputs)}
    assert {row[0].strip("`") for row in rows(section(text, "What it reads"))} == {
        f.name for f in spec.inputs
    }
    assert all(len(line) > 20 for line in section(text, "Limits").strip().splitlines())
    assert len(section(text, "Limits").strip().splitlines()) >= 4


def test_figures_slices_and_rivals_are_numbers(built: Built, text: str) -> None:
    task = built.model.spec.task
    for title in (*SLICES[task], RIVALS[task]):
        table = rows(section(text, title))
        assert table, title
        without = [row[0] for row in table if not any(re.search(r"\d", cell) for cell in row[1:])]
        assert not without, f"{title} says nothing of {without}"


def test_what_it_learnt_from_is_in_order_of_time(built: Built, text: str) -> None:
    parts = {row[0]: row for row in rows(section(text, "What it learnt from"))}
    assert {"train", "validation", "calibration", "test"} <= set(parts)
    used = built.frame["part"].value_counts()
    for name, row in parts.items():
        assert int(row[1].replace(",", "")) == used[name]
    firsts = [pd.Timestamp(parts[name][2]) for name in ("train", "validation", "calibration", "test")]
    assert firsts == sorted(firsts)


def test_gate_and_lineage_name_what_was_checked(built: Built, text: str) -> None:
    gate = rows(section(text, "Gate"))
    thresholds = built.params["gates"][built.name]["generated"]["thresholds"]
    assert len(gate) >= len(thresholds) > 0
    assert {row[0] for row in gate} <= {"yes", "**no**"}
    lineage = {row[0].strip("`"): row[1].strip("`") for row in rows(section(text, "Lineage"))}
    for name in ("data_hash", "model_hash", "params_hash", "python"):
        assert lineage[name] not in ("", "unknown"), name
    assert any(name.startswith("packages: ") for name in lineage)
