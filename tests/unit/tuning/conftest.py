"""A project whose one model is cheap to search."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import slope

import mandi.tuning.tracked as tracking
from mandi.models import MODELS
from mandi.tuning.spaces import SPACES


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setitem(MODELS, "slope", "slope:SlopeModel")
    monkeypatch.setitem(SPACES, "slope", slope.SPACE)
    slope.SEEN.clear()


@pytest.fixture
def project(tmp_path: Path, known: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text(slope.PARAMS, encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    folder = tmp_path / "data" / "features" / "slope"
    folder.mkdir(parents=True)
    slope.lots().to_parquet(folder / "frame.parquet")
    monkeypatch.setenv("MANDI_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def untracked(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tracking, "tracked", lambda *_: nullcontext())
    return project
