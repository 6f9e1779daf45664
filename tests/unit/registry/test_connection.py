from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mandi.core.errors import ConfigError, DataNotFound, MandiError
from mandi.registry.connection import TrackingParams, _exclusive, connect, default_uri, tracking_params


def test_the_first_connection_makes_a_database_beside_the_parameters_and_nothing_else(
    empty_registry: Path,
) -> None:
    made = {p.name for p in empty_registry.parent.iterdir()} - {"copied.db", "copied.db-wal", "copied.db-shm"}
    assert (
        {"mlflow.db", "mlartifacts"} <= made <= {"mlflow.db", "mlflow.db-wal", "mlflow.db-shm", "mlartifacts"}
    )
    with closing(sqlite3.connect(empty_registry.parent / "mlflow.db")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_mlflow_is_kept_quiet_and_its_global_state_left_alone(project: Path) -> None:
    connect(project).experiment("toy")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert logging.getLogger("alembic").level == logging.WARNING


def test_parameters_are_read_from_their_section(project: Path) -> None:
    assert tracking_params(project) == TrackingParams(wait_seconds=30.0)
    (project / "params.yaml").write_text("registry: {wait_secs: 3}", encoding="utf-8")
    with pytest.raises(ConfigError, match="wait_seconds"):
        tracking_params(project)


def test_the_environment_names_another_store(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere.db"
    (project / "mlflow.db").rename(other)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other}")
    connection = connect(project)
    assert connection.experiment("toy")
    assert connection.uri.endswith("elsewhere.db")
    assert not (project / "mlflow.db").exists()


@pytest.mark.parametrize("uri", ["file:./mlruns", "./mlruns"])
def test_a_folder_cannot_be_a_registry(project: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ConfigError, match="unset MLFLOW_TRACKING_URI"):
        connect(project)


def test_one_writer_at_a_time(project: Path) -> None:
    first = connect(project).exclusive()
    with first, pytest.raises(MandiError, match="busy"), _exclusive(project, wait_seconds=0.05):
        pass
    with _exclusive(project, wait_seconds=0.05):
        pass


def test_a_writer_that_fails_gives_the_registry_back(project: Path) -> None:
    with pytest.raises(ZeroDivisionError), connect(project).exclusive():
        raise ZeroDivisionError
    with connect(project).exclusive():
        pass


def test_a_moved_project_finds_its_files_but_does_not_write_to_the_old_place(
    project: Path, tmp_path: Path
) -> None:
    connection = connect(project)
    connection.experiment("toy")
    kept = project / "mlartifacts" / "toy" / "run" / "model"
    kept.mkdir(parents=True)
    gone = (tmp_path / "old" / "mlartifacts" / "toy" / "run" / "model").as_uri()
    assert connection.local(gone) == kept
    with pytest.raises(DataNotFound, match="mandi repro"):
        connection.local((tmp_path / "old" / "mlartifacts" / "other").as_uri())

    moved = tmp_path / "moved"
    moved.mkdir()
    with (
        closing(sqlite3.connect(project / "mlflow.db")) as a,
        closing(sqlite3.connect(moved / "mlflow.db")) as b,
    ):
        a.backup(b)
    with pytest.raises(ConfigError, match="another folder"):
        connect(moved).experiment("toy")


def test_the_default_uri_is_absolute() -> None:
    assert default_uri(Path("/srv/m")) == "sqlite:////srv/m/mlflow.db"
