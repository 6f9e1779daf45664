"""Killed, out of room or locked out at any moment: the registry holds the old or the new, and the next run makes it whole."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_toy import ToyModel

from mandi.core.errors import DiskFull, StoreUnavailable
from mandi.evaluation.gate import GateRule, Threshold, judge
from mandi.registry import promotion
from mandi.registry.connection import connect
from mandi.registry.left_behind import PROCESS, this_process
from mandi.registry.tracking import runs, start_run

from ...held_database import held
from ...small_disk import SmallDisk, small_disk

LEAST_KILLS = 12
METRICS = {"lot.mae": 41.0}
RULE = GateRule(thresholds=(Threshold("lot.mae", at_most=50.0),), name="generated")


@pytest.mark.slow
def test_killed_before_any_of_its_writes_it_ends_as_if_it_had_not_been(project: Path) -> None:
    script = Path(__file__).with_name("killed_between_writes.py")
    done = subprocess.run(
        [sys.executable, str(script), str(project)], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    undisturbed, *killed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(killed) >= LEAST_KILLS, "or it did not write"
    assert undisturbed["state"]["aliases"] == {"champion": 2, "previous": 1}
    assert undisturbed["state"]["running"] == 0
    for one in killed:
        assert one["state"] == undisturbed["state"], f"killed before write {one['number']}"


HALF_MADE = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from mandi.registry import connection
left = [int(sys.argv[2])]

def statement(conn, cursor, text, *rest):
    left[0] -= text.lstrip().upper().startswith("CREATE TABLE")
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

sa.event.listen(sa.Engine, "before_cursor_execute", statement)
if sys.argv[3] == "in place":
    connection._make_whole = lambda database: None
connection.connect(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("where", ["beside", "in place"])
def test_a_database_that_was_half_made_is_made_anew(project: Path, where: str) -> None:
    (project / "mlflow.db").unlink()
    died = subprocess.run(
        [sys.executable, "-c", HALF_MADE, str(project), "15", where], capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert (project / "mlflow.db").exists() == (where == "in place")
    assert _register(project, 1.0) == 1
    assert not list(project.glob(".mlflow*")), "nothing is left beside it"


def test_a_run_of_a_process_that_lives_is_left_open(project: Path) -> None:
    with start_run("toy", "notebook", root=project) as first:
        with start_run("toy", "pipeline", root=project) as second:
            states = {r.info.run_id: r.info.status for r in _runs(project)}
        assert states == {first.id: "RUNNING", second.id: "RUNNING"}
        assert first.connection.client.get_run(first.id).data.tags[PROCESS] == this_process()


def test_a_run_of_another_machine_is_left_open(project: Path) -> None:
    connection = connect(project)
    there = connection.client.create_run(connection.experiment("toy"), tags={PROCESS: "elsewhere 1 1"})
    with start_run("toy", "pipeline", root=project):
        pass
    assert connection.client.get_run(there.info.run_id).info.status == "RUNNING"


def _runs(project: Path) -> list[object]:
    connection = connect(project)
    return list(connection.client.search_runs([connection.experiment("toy")]))


@pytest.fixture
def small(project: Path, tmp_path: Path) -> Iterator[tuple[Path, SmallDisk]]:
    """The project on a disk of its own, with a champion and a challenger that has passed."""
    with small_disk(tmp_path / "disk", 24) as disk:
        for name in ("params.yaml", "dvc.yaml", "mlflow.db"):
            shutil.copy(project / name, disk.folder)
        yield disk.folder, disk


def _register(root: Path, premium: float) -> int:
    folder = root / f"model-{premium}"
    folder.mkdir(exist_ok=True)
    ToyModel(premium).save(folder)
    return promotion.register("toy", folder, ToyModel.spec, METRICS, source="generated", root=root).version


def _held(root: Path) -> tuple[dict[str, int], list[int], list[float]]:
    """Return aliases, versions, and what each version answers, so that a version without its files is seen."""
    table = promotion.versions("toy", root=root)
    found = sorted(int(v) for v in table["version"])
    aliases = {
        alias: int(row.version)
        for row in table.itertuples()
        for alias in str(row.aliases).split(", ")
        if alias
    }
    return aliases, found, [promotion.load("toy", v, root=root).premium["soybean"] for v in found]


def _settled(root: Path, version: int) -> promotion.Promotion:
    now = promotion.champion("toy", root=root)
    verdict = judge(METRICS, None, RULE, task="toy")
    return promotion.settle("toy", version, verdict, against=now.version if now else 0, root=root)


def test_on_a_full_disk_nothing_is_registered_and_the_old_versions_stay(
    small: tuple[Path, SmallDisk],
) -> None:
    root, disk = small
    _settled(root, _register(root, 1.0))
    before = _held(root)
    (root / "model-1.1").mkdir()
    ToyModel(1.1).save(root / "model-1.1")
    with disk.full(left=64), pytest.raises(DiskFull) as told:
        promotion.register("toy", root / "model-1.1", ToyModel.spec, METRICS, source="generated", root=root)
    assert "cannot be written" in str(told.value) and "df -h" in str(told.value.next_command)
    assert _held(root) == before == ({"champion": 1}, [1], [1.0])
    assert _register(root, 1.1) == 2
    assert runs("toy", root=root)["status"].isin(["FINISHED", "FAILED", "KILLED", "RUNNING"]).all()


def test_on_a_full_disk_the_champion_stays(small: tuple[Path, SmallDisk]) -> None:
    root, disk = small
    _settled(root, _register(root, 1.0))
    _register(root, 1.1)
    before = _held(root)
    with disk.full(left=64), pytest.raises(DiskFull, match="mlflow.db|mlartifacts"):
        promotion.promote("toy", force=True, reason="r" * 2000, root=root)
    assert _held(root) == before
    assert promotion.promote("toy", force=True, reason="there is room", root=root).champion == 2
    with disk.full(left=64), pytest.raises(DiskFull):
        promotion.rollback("toy", reason="r" * 2000, root=root)
    assert promotion.rollback("toy", root=root).champion == 1


@pytest.mark.slow
def test_locked_out_by_another_program_nothing_is_registered_or_moved(project: Path) -> None:
    _settled(project, _register(project, 1.0))
    _register(project, 1.1)
    before = _held(project)
    with held(project / "mlflow.db"):
        with pytest.raises(StoreUnavailable) as told:
            _register(project, 1.2)
        assert "mlflow.db is locked" in str(told.value) and "fuser" in str(told.value.next_command)
        with pytest.raises(StoreUnavailable, match="mlflow.db is locked"):
            promotion.promote("toy", force=True, reason="now", root=project)
        assert _held(project) == before, "what is there can be read meanwhile"
    assert promotion.promote("toy", force=True, reason="now", root=project).champion == 2
