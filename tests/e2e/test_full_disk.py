"""Stages on a disk that is full before their first, one of their next or their last block: told plainly, and nothing is half there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..small_disk import SmallDisk, small_disk
from .small_stages import MODEL, done, small_project, stage

pytestmark = pytest.mark.e2e
PAGE = 4096
TABLES = ("data/tables", "data/truth", "reports/metrics")
TRAINED = (f"artifacts/models/{MODEL}",)
Files = dict[str, bytes]


def _files(project: Path, places: tuple[str, ...]) -> Files:
    """Return every file of some folders, and with a name of its own what a writer has left beside them."""
    found = [p for place in places for p in (project / place).parent.rglob("*") if p.is_file()]
    wanted = [p for p in found if any(p.is_relative_to(project / place) for place in places) or ".new-" in str(p) or ".part-" in str(p)]  # fmt: skip
    return {str(p.relative_to(project)): p.read_bytes() for p in wanted}


def _rooms(files: Files, disk: SmallDisk, *after: str) -> list[int]:
    """Return how many bytes of room to leave, so that the first, a middle and the last write fail; and the one after some folders."""
    if not disk.mounted:  # then no file may be larger than that; semaphores, which are files as well, may be
        return [PAGE // 4, max(len(content) for content in files.values()) // 2]
    pages = {name: -(-len(content) // PAGE) for name, content in files.items()}
    whole = sum(pages.values())
    between = [sum(n for name, n in pages.items() if name.startswith(after))] if after else []
    return [PAGE * n for n in sorted({0, whole // 3, *between, whole - 1})]


def _told(run: subprocess.CompletedProcess[str], disk: SmallDisk) -> None:
    assert run.returncode == 1, f"{run.returncode}: {run.stdout}\n{run.stderr[-3000:]}"
    assert "Traceback" not in run.stderr, run.stderr[-3000:]
    assert len(run.stderr.splitlines()) == 4, run.stderr[-3000:]
    headline, what, allowed, command = run.stderr.splitlines()
    assert headline == "there is no room to write"
    why = "No space left on device" if disk.mounted else "File too large"
    assert re.fullmatch(
        rf"{re.escape(str(disk.folder))}\S+ cannot be written: {why}; [\d.]+ MB are free there", what
    ), what
    assert allowed.endswith("a disk with room, for the files of one run about 1 GB")
    assert re.search(
        rf"next: df -h {re.escape(str(disk.folder))}\S*, then the same command again$", command
    ), command


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 24) as made:
        yield made


def test_tables_are_replaced_whole_or_not_at_all(tmp_path: Path, disk: SmallDisk) -> None:
    roomy, tables = tmp_path / "roomy", "pipelines.tables"
    small_project(roomy, seed=2)
    done(roomy, tables)
    new = _files(roomy, TABLES)
    assert {"data/tables/lots.parquet", "data/truth/truth.json", "reports/metrics/tables.json"} <= set(new)
    rooms = _rooms(new, disk, "data/tables")

    small_project(disk.folder, seed=1)
    with disk.full(rooms[-1]):
        _told(stage(disk.folder, tables), disk)
    assert _files(disk.folder, TABLES) == {}, "there was nothing, and there is nothing"
    done(disk.folder, tables)
    old = _files(disk.folder, TABLES)
    assert set(old) == set(new) and old != new

    small_project(disk.folder, seed=2)
    for left in rooms:
        with disk.full(left):
            _told(stage(disk.folder, tables), disk)
        assert _files(disk.folder, TABLES) == old, f"with room for {left} bytes"
    done(disk.folder, tables)
    assert _files(disk.folder, TABLES) == new


def test_a_model_is_replaced_whole_or_not_at_all(tmp_path: Path, disk: SmallDisk) -> None:
    roomy, train = tmp_path / "roomy", ("pipelines.train", MODEL)
    small_project(roomy, seed=1, rounds=24)
    for words in (("pipelines.tables",), ("pipelines.features", MODEL), train):
        done(roomy, *words)
    new = _files(roomy, TRAINED)
    assert any(name.endswith(".ubj") for name in new), "a file that XGBoost would write by itself"

    small_project(disk.folder, seed=1)
    shutil.copytree(roomy / "data" / "features", disk.folder / "data" / "features")
    done(disk.folder, *train)
    old = _files(disk.folder, TRAINED)
    assert old != new
    small_project(disk.folder, seed=1, rounds=24)
    for left in _rooms(new, disk):
        with disk.full(left):
            _told(stage(disk.folder, *train), disk)
        assert _files(disk.folder, TRAINED) == old, f"with room for {left} bytes"
    done(disk.folder, *train)
    assert _files(disk.folder, TRAINED) == new
