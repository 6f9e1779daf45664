from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mandi.cli import app
from mandi.store.database import Database
from mandi.store.failures import UPGRADE
from mandi.store.schema import check_schema, upgrade


def test_the_command_that_errors_name_brings_an_older_database_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/older.db"
    database = Database.open(url)
    upgrade(database, "0001")
    monkeypatch.setenv("MANDI_ROOT", str(tmp_path))
    for file in ("params.yaml", "dvc.yaml"):
        (tmp_path / file).write_text("")
    monkeypatch.setenv("DATABASE_URL", url)
    assert UPGRADE.split()[0] == "mandi"
    result = CliRunner().invoke(app, UPGRADE.split()[1:])
    assert result.exit_code == 0, result.output
    assert "is at revision 0006" in result.output
    check_schema(database)
    database.close()
