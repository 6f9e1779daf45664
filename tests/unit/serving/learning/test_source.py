"""Pipelines find the records of a service where its settings say, make none, and leave those of another version alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from mandi.serving.learning.source import records_of
from mandi.store.database import Database
from mandi.store.schema import upgrade
from pipelines import log_source


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    for name in ("MANDI_ROOT", "MANDI_DATA_FOLDER", "DATABASE_URL", "POSTGRESQL_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def told(project: Path) -> dict[str, object]:
    log_source.main()
    found: dict[str, object] = json.loads((project / "data" / "log_source.json").read_text())
    return found


def test_a_service_that_was_never_started(project: Path) -> None:
    assert told(project) == {"database": "no service has kept records here", "default_consent": "granted"}
    assert not (project / ".mandi").exists()


def test_where_the_env_file_says(project: Path) -> None:
    (project / "there").mkdir()
    database = Database.open(f"sqlite:///{project}/there/service.db")
    upgrade(database)
    (project / ".env").write_text("MANDI_DATA_FOLDER=there\nMANDI_LEARNING_SALT=pinch\n")
    with records_of(project) as records:
        assert records.database is not None and records.salt == "pinch"
    before = told(project)
    assert before["generations"] == [0, None, 0, None] and told(project) == before
    database.write(
        lambda session: session.execute(sa.text("update alembic_version set version_num = '0999'"))
    )
    database.close()
    assert "0999" in str(told(project)["database"])
