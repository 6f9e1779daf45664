"""A project with an empty registry, cheap enough for every test, and a toy model in it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from registry_toy import ToyModel

from mandi.models import MODELS
from mandi.registry.connection import connect

PARAMS = """
seed: 7
tables: {source: generated}
registry: {wait_seconds: 30.0}
gates:
  toy:
    generated:
      thresholds: [{metric: lot.mae, at_most: 50, why: the requirement}]
      beats_champion: [{metric: lot.mae, tolerance: 0.0}]
"""


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        connect(root)
    copied = root / "copied.db"
    with closing(sqlite3.connect(root / "mlflow.db")) as source, closing(sqlite3.connect(copied)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = WAL")
    return copied


@pytest.fixture
def project(tmp_path: Path, empty_registry: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setitem(MODELS, "toy", "registry_toy:ToyModel")
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    shutil.copy(empty_registry, tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[float], Path]:
    def save(premium: float) -> Path:
        folder = tmp_path / "saved" / f"toy-{premium}"
        folder.mkdir(parents=True, exist_ok=True)
        ToyModel(premium).save(folder)
        return folder

    return save
