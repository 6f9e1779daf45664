"""A folder takes another's place whole or not at all: after an error, a kill, and on a full disk."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mandi.core.errors import DiskFull
from mandi.core.whole import previous_of, replaced, written_whole

from ...small_disk import SmallDisk, disk

__all__ = ["disk"]

KILLED = """
import os, signal, sys
from pathlib import Path
from mandi.core.whole import replaced
moment = sys.argv[2]
if moment == "swap":
    rename = Path.rename
    def dying(self, target):
        if ".new-" in self.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, target)
    Path.rename = dying
with replaced(Path(sys.argv[1])) as fresh:
    (fresh / "a").write_text("new")
    if moment == "write":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def old(parent: Path) -> Path:
    folder = parent / "tables"
    with replaced(folder) as fresh:
        (fresh / "a").write_text("old")
    return folder


@pytest.mark.parametrize("moment", ["write", "swap"])
def test_whoever_is_killed_leaves_the_old_one(tmp_path: Path, moment: str) -> None:
    folder = old(tmp_path)
    died = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], check=False)
    assert died.returncode == -signal.SIGKILL
    there = folder if folder.is_dir() else previous_of(folder)
    assert (there / "a").read_text() == "old"
    with replaced(folder) as fresh:
        assert list(fresh.iterdir()) == []
        (fresh / "a").write_text("newer")
    assert (folder / "a").read_text() == "newer"
    assert [p.name for p in tmp_path.iterdir()] == ["tables"], "what was left behind is gone"


def test_a_full_disk_leaves_the_old_one(disk: SmallDisk) -> None:
    folder = old(disk.folder)
    with disk.full(), pytest.raises(DiskFull), replaced(folder) as fresh:
        (fresh / "a").write_text("x" * 100_000)
    assert (folder / "a").read_text() == "old"
    assert [p.name for p in disk.folder.iterdir()] == ["tables"]


def test_an_error_leaves_the_old_one(tmp_path: Path) -> None:
    folder = old(tmp_path)
    with pytest.raises(KeyError), replaced(folder) as fresh:
        (fresh / "a").write_text("new")
        raise KeyError
    assert (folder / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["tables"]


def test_a_file_is_written_whole_or_stays(disk: SmallDisk) -> None:
    file = disk.folder / "params.yaml"
    with written_whole(file) as beside:
        beside.write_text("seed: 7")
    with disk.full(), pytest.raises(DiskFull), written_whole(file) as beside:
        beside.write_text("x" * 100_000)
    assert file.read_text() == "seed: 7"
    assert [p.name for p in disk.folder.iterdir()] == ["params.yaml"]
