"""What a killed run left locked is released, what a living one holds is not, and a lock file that breaks off is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mandi.core.errors import ConfigError
from mandi.report.recovery import is_dvc, recover

GONE = 2**22 + 1  # greater than any process may be


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    folder = tmp_path / ".dvc" / "tmp"
    folder.mkdir(parents=True)
    return folder


def listed(tmp: Path, pid: int) -> Path:
    one = {"pid": pid, "cmd": "dvc repro"}
    path = tmp / "rwlock"
    path.write_text(json.dumps({"write": {"/p/data/tables": one}, "read": {"/p/data/source.json": [one]}}))
    return path


def test_nothing_is_left_nothing_is_said(tmp_path: Path, tmp: Path) -> None:
    assert recover(tmp_path) == []
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\n")
    assert recover(tmp_path) == []


def test_what_a_process_that_is_gone_held_is_released(tmp_path: Path, tmp: Path) -> None:
    path = listed(tmp, GONE)
    assert [line.split(" was locked")[0] for line in recover(tmp_path)] == ["source.json", "tables"]
    assert json.loads(path.read_text()) == {"read": {}, "write": {}}


def test_the_number_of_a_dead_process_that_another_program_has_now(tmp_path: Path, tmp: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        listed(tmp, other.pid)
        assert not is_dvc(other.pid)
        assert len(recover(tmp_path)) == 2
        other.communicate(b"\n")


def test_what_a_process_of_dvc_holds_stays_locked(tmp_path: Path, tmp: Path) -> None:
    program = "import sys; print('here', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "dvc", "repro"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline()
        path = listed(tmp, other.pid)
        before = path.read_text()
        assert recover(tmp_path) == [] and path.read_text() == before
        other.communicate(b"\n")


def test_a_list_that_breaks_off_is_removed(tmp_path: Path, tmp: Path) -> None:
    path = listed(tmp, GONE)
    path.write_text(path.read_text()[:40])
    assert "broke off" in recover(tmp_path)[0]
    assert not path.exists()


def test_a_lock_file_that_breaks_off_is_told_with_the_way_back(tmp_path: Path, tmp: Path) -> None:
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages:\n  tab")
    with pytest.raises(ConfigError) as told:
        recover(tmp_path)
    assert "git checkout -- dvc.lock" in str(told.value) and "breaks off after 27 bytes" in str(told.value)
