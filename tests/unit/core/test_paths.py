"""The project is found from any folder inside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mandi.core.errors import DataNotFound
from mandi.core.paths import bench_data, project_root


def _project(folder: Path) -> Path:
    for name in ("params.yaml", "dvc.yaml"):
        (folder / name).write_text("{}")
    return folder


def test_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MANDI_ROOT", raising=False)
    below = _project(tmp_path) / "notebooks" / "deep"
    below.mkdir(parents=True)
    assert project_root(below) == tmp_path.resolve()


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANDI_ROOT", str(_project(tmp_path)))
    assert project_root(Path("/")) == tmp_path.resolve()


def test_outside_a_project_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MANDI_ROOT", raising=False)
    with pytest.raises(DataNotFound, match="next: cd into a mandi project"):
        project_root(tmp_path)


def test_absent_benchmark_data_is_said_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANDI_BENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataNotFound, match="MANDI_BENCH_DATA"):
        bench_data(tmp_path)
