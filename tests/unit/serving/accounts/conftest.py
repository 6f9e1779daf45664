"""A bench on SQLite for every test, and on PostgreSQL too where two may be at once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from mandi.serving.api.accounts_api import accounts_operations

from .office_bench import Bench, opened

POSTGRES = os.environ.get("MANDI_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path, accounts_operations()) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "sqlite":
        with opened(tmp_path, accounts_operations()) as made:
            yield made
        return
    with _schema() as url, opened(tmp_path, accounts_operations(), url) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    with _schema() as url:
        yield url


class _schema:
    """A schema of its own in the test server, dropped at the end."""

    def __init__(self) -> None:
        self.name = f"accounts_{uuid.uuid4().hex[:12]}"
        self.engine = sa.create_engine(POSTGRES, isolation_level="AUTOCOMMIT")

    def __enter__(self) -> str:
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.text(f"CREATE SCHEMA {self.name}"))
        except sa.exc.OperationalError:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip("no PostgreSQL answers at MANDI_TEST_POSTGRES")
        return f"{POSTGRES}?options=-csearch_path%3D{self.name}"

    def __exit__(self, *_: object) -> None:
        with self.engine.connect() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {self.name} CASCADE"))
        self.engine.dispose()
