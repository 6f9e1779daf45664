"""Versions of the datasets in the registry: once each, with lineage, without texts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ContractError, DataNotFound
from mandi.registry.connection import connect
from mandi.registry.datasets import dataset_lineage, dataset_versions, register_datasets, versions_holding

SECRET = "hold the soybean until Friday"


def made(folder: Path, version: str, ids: list[str], parent: str | None = None) -> Path:
    folder.mkdir(parents=True)
    rows = pd.DataFrame(
        {
            "example_id": [f"e{i}" for i in ids], "purpose": "sft", "task": "chat", "part": "train", "licence": "own", "consent": "granted",
            "provenance": "service", "generation_ids": [json.dumps([i]) for i in ids],
            "feedback_ids": [json.dumps(["f" + i] if i != "g1" else []) for i in ids], "chosen": SECRET,
        }
    )  # fmt: skip
    rows.to_parquet(folder / "rows.parquet")
    digest = hashlib.sha256((folder / "rows.parquet").read_bytes()).hexdigest()
    manifest = {
        "version": version, "parent": parent, "params": {"choosing": {"min_rating": 4}}, "enough": True, "answers": len(ids),
        "opinions": len(ids), "examples": {"sft": {"chat": {"train": len(ids)}}}, "files": {"rows.parquet": {"sha256": digest}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "frozen.json").write_text('{"sets": []}', encoding="utf-8")
    (folder / "cards").mkdir()
    (folder / "cards" / "chat.sft.md").write_text("# Dataset card\n", encoding="utf-8")
    return folder


def test_a_version_is_registered_once_with_its_lineage(project: Path, tmp_path: Path) -> None:
    folder = made(tmp_path / "one", "aaaa", ["g1", "g2"])
    first = register_datasets(folder, {"kept": 0.8}, root=project)
    again = register_datasets(folder, {"kept": 0.8}, root=project)
    assert (first.created, again.created, again.run_id) == (True, False, first.run_id)
    assert first.as_dict() == again.as_dict()
    assert dataset_versions(root=project)["version"].tolist() == ["aaaa"]
    lineage = dataset_lineage("aaaa", root=project)
    assert lineage["generation_ids"].tolist() == [["g1"], ["g2"]] and lineage["feedback_ids"].tolist() == [
        [],
        ["fg2"],
    ]
    held = connect(project).client.get_run(first.run_id)
    assert held.inputs.dataset_inputs[0].dataset.digest == "aaaa" and held.data.metrics == {"kept": 0.8}
    texts = [
        p.read_text(encoding="utf-8")
        for p in (project / "mlartifacts" / "datasets").rglob("*")
        if p.is_file()
    ]
    assert len(texts) == 4 and not any(SECRET in text for text in texts)


def test_versions_that_hold_an_answer_are_named(project: Path, tmp_path: Path) -> None:
    register_datasets(made(tmp_path / "one", "aaaa", ["g1", "g2"]), root=project)
    register_datasets(made(tmp_path / "two", "bbbb", ["g2", "g3"], "aaaa"), root=project)
    assert versions_holding(["g2", "g1"], root=project) == {"bbbb": ["g2"], "aaaa": ["g1", "g2"]}
    assert versions_holding(["g1"], root=project) == {"aaaa": ["g1"]}
    assert versions_holding(feedback_ids=["fg3"], root=project) == {"bbbb": ["fg3"]}
    assert versions_holding(["g9"], root=project) == {} == versions_holding(root=project)


def test_what_is_not_whole_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(DataNotFound):
        register_datasets(tmp_path, root=project)
    with pytest.raises(DataNotFound, match="zzzz"):
        dataset_lineage("zzzz", root=project)
    folder = made(tmp_path / "one", "aaaa", ["g1"])
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["examples"]["sft"]["chat"]["train"] = 2
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ContractError, match="counts 2"):
        register_datasets(folder, root=project)
