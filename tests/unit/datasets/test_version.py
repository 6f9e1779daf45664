"""The stage from frames to files: the same bytes again, cards that name nobody, deleted answers gone, versions registered."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from loop_frames import frames

from mandi.core.errors import DataNotFound, UnknownValue
from mandi.datasets.files import read_rows
from mandi.datasets.formats import check_file, export
from mandi.datasets.leaks import check_leaks
from mandi.datasets.version import MANIFEST, before, holds, manifest_of, sha256
from pipelines import datasets as stage

PARAMS = "seed: 1\ndatasets: {min_examples: 5, splitting: {min_gold: 20}}\n"


def written(root: Path, tables: tuple[pd.DataFrame, ...], monkeypatch: pytest.MonkeyPatch) -> Path:
    (root / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (root / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    for name, table in zip(("feedback/labelled", "calls/feedback", "calls/tutor_pairs"), tables, strict=True):
        path = root / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
    monkeypatch.setenv("MANDI_ROOT", str(root))
    stage.main()
    return root / "data" / "datasets"


def _bytes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_two_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = frames(420)
    folder = written(tmp_path, tables, monkeypatch)
    first, manifest = _bytes(folder), manifest_of(folder)
    assert (
        _bytes(written(tmp_path, tuple(t.sample(frac=1, random_state=5) for t in tables), monkeypatch))
        == first
    )

    names = set(first)
    assert {"rows.parquet", MANIFEST, "frozen.json", "chat/sft.train.jsonl", "cards/chat.sft.md"} <= names
    for name, known in manifest["files"].items():
        assert first[name] == known["sha256"]
    vendors = {"chat": "trl", "classification": "trl", "openai": "openai", "vertex": "vertex"}
    for name in names:
        top, purpose = name.split("/")[0], name.split("/")[-1].split(".")[0]
        if name.endswith(".jsonl"):
            assert check_file(folder / name, f"{vendors[top]}-{purpose}").problems == ()
    assert json.loads((tmp_path / "reports/metrics/datasets.json").read_text())["leaks"] == 0

    examples = read_rows(folder)
    assert check_leaks(examples, windows=[(s.start, s.end) for s in before(folder).frozen]) == []
    people = {e.party for e in examples} | {i for e in examples for i in (*e.generation_ids, *e.feedback_ids)}
    texts = {e.chosen for e in examples if e.task == "chat"}
    for card in (folder / "cards").glob("*.md"):
        said = card.read_text(encoding="utf-8")
        assert said.startswith("---\n") and manifest["version"] in said
        assert not people & set(re.findall(r"[\w-]+", said)) and not any(text in said for text in texts)

    gone = sorted({e.generation_ids[0] for e in examples if e.part == "test"})[:2] + [
        examples[0].generation_ids[0]
    ]
    left = tuple(t[~t["generation_id"].isin(gone)] for t in tables)
    assert holds(folder, gone) == sorted(set(gone))
    again = manifest_of(written(tmp_path, left, monkeypatch))
    assert holds(folder, gone) == [] and again["parent"] == manifest["version"] != again["version"]
    assert sum(s["lost"] for s in again["frozen"]) >= 2
    frozen = {e.example_id for e in read_rows(folder) if e.part == "test"}
    assert frozen == {
        e.example_id for e in examples if e.part == "test" and not set(gone) & set(e.generation_ids)
    }
    for path in folder.rglob("*"):
        if path.suffix in {".jsonl", ".json", ".md"}:
            assert not any(i in path.read_text(encoding="utf-8") for i in gone), path


def test_a_file_for_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path, frames(300), monkeypatch)
    done = export(folder, "openai-sft", "chat", tmp_path / "out" / "chat.jsonl")
    assert done.rows >= 10 and check_file(done.path, "openai-sft").problems == ()
    for wrong, error in ((("openai", "chat", "train"), UnknownValue), (("trl-sft", "poems", "train"), UnknownValue),
                         (("trl-sft", "chat", "exam"), UnknownValue)):  # fmt: skip
        with pytest.raises(error):
            export(folder, wrong[0], wrong[1], tmp_path / "no.jsonl", part=wrong[2])
    with pytest.raises(DataNotFound):
        export(tmp_path / "none", "trl-sft", "chat", tmp_path / "no.jsonl")
    assert not (tmp_path / "no.jsonl").exists()


def test_one_label_alone_is_not_written_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labelled, feedback, pairs = frames(300)
    bad = set(feedback.loc[(feedback["rating"] < 4) | feedback["correction"].notna(), "generation_id"])
    only_good = feedback[~feedback["generation_id"].isin(bad)]
    folder = written(tmp_path, (labelled, only_good, pairs), monkeypatch)
    refused = manifest_of(folder)["not_written"]
    assert "no row has the label false" in refused["chat/unpaired.train.jsonl"]
    assert not (folder / "chat" / "unpaired.train.jsonl").exists()
