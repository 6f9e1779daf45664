"""Questions, ratings and corrections over HTTP become rows, datasets and another student: `make bench-loop` with smaller numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.loop import Sizes, Turn, rows_of, told, turned
from mandi.core.paths import Paths
from mandi.feedback.generated.ask.asked import CHECKABLE

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "market": {"days": 400, "markets": 5, "lots_per_day": 2.0},
    "datasets": {"splitting": {"min_gold": 10}},
    "student": {"strengths": [4.0], "folds": 2, "min_examples": 50, "min_new": 1},
}

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loop")


@pytest.fixture(scope="module")
def turn(folder: Path) -> Iterator[Turn]:
    sizes = Sizes(first=700, calls=60, examined=120, rated=0.9, turns=("ratings",), params=SMALL)
    yield turned(ROOT, folder, sizes)["ratings"]


def test_every_answer_is_found_again_under_its_id(turn: Turn) -> None:
    assert turn.kept == len(turn.given) == 60
    assert len({one.generation_id for one in turn.given}) == 60
    assert sum(one.rated for one in turn.given) >= 40
    assert sum(one.corrected for one in turn.given) >= 1
    assert {one.route for one in turn.given} <= {"student", "teacher"}  # nobody else was there to ask


def test_opinions_are_kept_with_the_answers_they_are_of(turn: Turn, folder: Path) -> None:
    paths = Paths(folder / "project")
    said = pd.read_parquet(paths.calls / "feedback.parquet")
    rated = {one.generation_id for one in turn.given if one.rated}
    assert rated <= set(said["generation_id"])
    words = said[said["generation_id"].isin({one.generation_id for one in turn.given if one.corrected})]
    assert words["correction"].notna().any()


def test_some_of_it_is_learned_from_and_nothing_personal_is(turn: Turn, folder: Path) -> None:
    paths = Paths(folder / "project")
    rows = pd.read_parquet(paths.datasets / "rows.parquet")
    mine = rows[rows["provenance"] == "service"]
    assert turn.learned > 0
    assert turn.learned == int((mine["part"] != "test").sum())
    assert json.loads((paths.datasets / "manifest.json").read_text(encoding="utf-8"))["leaks"] == 0
    files = [path for path in sorted(paths.datasets.rglob("*")) if path.suffix in {".jsonl", ".json", ".md"}]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    planted = [span.value for one in turn.given for span in one.asked.spans if span.kind in CHECKABLE]
    assert [value for value in planted if value in text] == []


def test_both_students_sit_the_same_examination(turn: Turn) -> None:
    whole = turn.gain.iloc[0]
    assert (whole["part"], whole["rows"]) == ("all", 120)
    assert whole["gain"] == pytest.approx(whole["after"] - whole["before"])
    assert whole["gain_low"] <= whole["gain"] <= whole["gain_high"]
    assert turn.shuffled.iloc[0]["before"] == whole["before"]
    figures = {(row.case, row.metric): row.value for row in rows_of("ratings", turn)}
    assert figures["ratings", "rows_kept"] == 1.0
    assert f"{turn.learned} examples learned from" in told(turn)
