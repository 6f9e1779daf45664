"""The package stage puts challengers beside the champions, takes out those that are none any more, and lets none stop it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mandi.core.errors import ContractError
from mandi.core.paths import Paths
from mandi.serving.rollouts.challengers import challengers_folder
from pipelines import package

UNTIL = pd.Timestamp("2024-05-31T18:30:00Z")
PARAMS = {
    "models": {"price": {}, "demand": {}, "quality": {}, "fraud": {}},
    "tables": {"source": "generated"},
}


@dataclass(frozen=True)
class Registered:
    name: str
    version: int
    source: str = "generated"


CHAMPIONS = {"price": 3, "demand": 2, "quality": 1}
CHALLENGERS = {
    "price": Registered("price", 4), "demand": Registered("demand", 2), "quality": Registered("quality", 9, "files"),
    "fraud": Registered("fraud", 1),
}  # fmt: skip


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, str]]:
    """What was put where."""
    made: list[tuple[str, int, str]] = []

    def note(paths: Any, params: Any, version: Registered, destination: Path, limits: Any) -> pd.Timestamp:
        made.append((version.name, version.version, destination.name))
        return UNTIL

    paths = Paths(tmp_path)
    monkeypatch.setattr(package, "project", lambda: (paths, PARAMS))
    monkeypatch.setattr(package, "put", note)
    monkeypatch.setattr(package, "skipped", lambda paths, model: "")
    monkeypatch.setattr(package, "package_student", lambda paths: None)
    monkeypatch.setattr(
        package.promotion,
        "champion",
        lambda name, root: Registered(name, CHAMPIONS[name]) if name in CHAMPIONS else None,
    )
    monkeypatch.setattr(package.promotion, "challenger", lambda name, root: CHALLENGERS.get(name))
    left = challengers_folder(paths.champions) / "demand"
    left.mkdir(parents=True)
    return made


def test_a_challenger_of_these_tables_that_is_no_champion_is_packaged(
    put: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    package.main()
    assert [one for one in put if one[2] == "challengers"] == [("price", 4, "challengers")]
    assert [one for one in put if one[2] == "service"] == [(n, v, "service") for n, v in CHAMPIONS.items()]
    assert not challengers_folder(Paths(tmp_path).champions).exists()  # of the last time; ``put`` writes anew


def test_a_challenger_that_answers_absurdly_is_left_out_and_said(
    put: list[tuple[str, int, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = package.put

    def absurd(paths: Any, params: Any, version: Any, destination: Path, limits: Any) -> Any:
        if destination.name == "challengers":
            raise ContractError("the example is answered with a price of 0")
        return whole(paths, params, version, destination, limits)

    monkeypatch.setattr(package, "put", absurd)
    package.main()
    assert "price v4, the challenger, is not packaged: the example" in capsys.readouterr().out
    assert len(put) == 3
