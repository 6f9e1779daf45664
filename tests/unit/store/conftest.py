"""A database of each kind, with its tables, and someone in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mandi.store.database import Database
from mandi.store.schema import upgrade

sys.path.insert(0, str(Path(__file__).parent))
from store_places import BOTH, Desk, database_url, settle


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database_url(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Database]:
    """SQLite alone, for what has nothing to do with the engine."""
    opened = Database.open(f"sqlite:///{tmp_path}/lite.db", patience_s=0.3)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def desk(database: Database) -> Desk:
    return settle(database)
