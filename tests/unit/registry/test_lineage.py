from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import DataNotFound
from mandi.registry import lineage
from mandi.registry.lineage import UNKNOWN, collect, folder_hash, frame_hash, params_hash

LOCK = """
schema: '2.0'
stages:
  tables:
    deps: [{path: data/source.json, hash: md5, md5: aa11}]
  train@toy:
    deps: [{path: data/features/toy, hash: md5, md5: bb22.dir}]
  train@other:
    deps: [{path: data/features/other, hash: md5, md5: cc33.dir}]
"""


def _git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_without_git_and_dvc_it_says_unknown(tmp_path: Path) -> None:
    found = collect(tmp_path, "toy")
    assert (found.git_sha, found.git_dirty, found.stages) == (UNKNOWN, UNKNOWN, {UNKNOWN: UNKNOWN})
    assert (found.data_hash, found.model_hash, found.params_hash) == (UNKNOWN, UNKNOWN, UNKNOWN)
    assert found.packages["pandas"] == pd.__version__


def test_commit_and_changes_are_named(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("1")
    _git(tmp_path, "add", "a.txt")
    _git(tmp_path, "commit", "-q", "-m", "a")
    clean = collect(tmp_path, "toy")
    assert clean.git_sha == _git(tmp_path, "rev-parse", "HEAD")
    assert clean.git_dirty == "no"
    (tmp_path / "untracked.txt").write_text("1")
    assert collect(tmp_path, "toy").git_dirty == "no"
    (tmp_path / "a.txt").write_text("2")
    assert collect(tmp_path, "toy").git_dirty == "yes"


def test_what_the_stages_of_this_model_read(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(LOCK, encoding="utf-8")
    assert collect(tmp_path, "toy").stages == {
        "tables:data/source.json": "aa11",
        "train:data/features/toy": "bb22.dir",
    }


def test_the_folder_hash_sees_names_and_contents_but_not_where_the_folder_is(tmp_path: Path) -> None:
    def write(folder: str, files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path / folder

    base = {"model.json": "{}", "lots/trees.ubj": "xyz"}
    one = folder_hash(write("one", base))
    assert one == folder_hash(write("two", dict(reversed(base.items()))))
    assert one != folder_hash(write("three", {**base, "model.json": "[]"}))
    assert one != folder_hash(write("four", {"model.json": "{}", "lots2/trees.ubj": "xyz"}))
    (tmp_path / "empty").mkdir()
    for nothing in ("empty", "absent"):
        with pytest.raises(DataNotFound):
            folder_hash(tmp_path / nothing)


def test_the_frame_hash_sees_values_order_names_and_types() -> None:
    frame = pd.DataFrame({"a": [1.0, None], "b": ["x", None]}, index=[4, 5])
    one = frame_hash(frame)
    assert one == frame_hash(frame.copy())
    changed = [
        frame.iloc[::-1],
        frame.rename(columns={"a": "c"}),
        frame.fillna({"a": 0.0}),
        frame.reset_index(drop=True),
        frame.astype({"a": "float32"}),
        frame[["b", "a"]],
    ]
    assert one not in {frame_hash(other) for other in changed}


def test_lineage_renders_and_becomes_tags(tmp_path: Path) -> None:
    found = collect(tmp_path, "toy", params={"depth": 6}, frame=pd.DataFrame({"a": [1]}))
    assert found.params_hash == params_hash({"depth": 6}) != params_hash({"depth": 7})
    assert found.as_tags()["lineage.params_hash"] == found.params_hash
    assert found.data_hash in found._repr_html_()
    assert found.as_dict()["packages"]["mandi"]


@pytest.mark.parametrize("half", ["", "stages:\n  train@toy:\n    deps: [{path: a, md"])
def test_a_lock_file_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path, half: str) -> None:
    lock = tmp_path / "dvc.lock"
    lock.write_text(half, encoding="utf-8")
    whole = "stages:\n  train@toy:\n    deps: [{path: a, md5: b}]\n"
    writer = threading.Timer(0.25, lambda: lock.write_text(whole, encoding="utf-8"))
    writer.start()
    assert lineage._stages(tmp_path, "toy") == {"train:a": "b"}
    writer.join()
