"""Databases and servers of tests: each gets a schema, a file or a prefix of its own and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from mandi.store.database import Database
from mandi.store.records import Organization, User

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
REDIS = "redis://127.0.0.1:6379/0"
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
ALL = [*BOTH, pytest.param("redis", marks=pytest.mark.redis)]


@contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/mandi-{uuid.uuid4().hex}.db"
        return
    base = sa.make_url(os.environ.get("MANDI_TEST_POSTGRES", POSTGRES))
    schema = f"mandi_store_{uuid.uuid4().hex}"
    engine = sa.create_engine(base)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"create schema {schema}"))
    except sa.exc.OperationalError as error:
        _missing(
            f"no PostgreSQL at {base.render_as_string(hide_password=True)}: set MANDI_TEST_POSTGRES", error
        )
    try:
        named = base.update_query_dict({"options": f"-csearch_path={schema}"})
        yield named.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text(f"drop schema {schema} cascade"))
        engine.dispose()


@contextmanager
def redis_place() -> Iterator[tuple[str, str]]:
    """A URL and a prefix."""
    import redis

    url, prefix = os.environ.get("MANDI_TEST_REDIS", REDIS), f"mandi-test-{uuid.uuid4().hex}:"
    client = redis.Redis.from_url(url)
    try:
        client.ping()
    except redis.RedisError as error:
        _missing("no Redis: set MANDI_TEST_REDIS", error)
    try:
        yield url, prefix
    finally:
        for key in client.scan_iter(match=prefix + "*"):
            client.delete(key)
        client.close()


def _missing(reason: str, error: Exception) -> None:
    if os.environ.get("CI") == "true":
        raise error
    pytest.skip(f"{reason} ({type(error).__name__})")


def processes(code: str, *arguments: list[str]) -> list[subprocess.CompletedProcess[str]]:
    """Run code in several processes at once, one for each list of arguments, and return how they ended."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for given in arguments
    ]
    ended = []
    for process in started:
        out, err = process.communicate(timeout=60)
        ended.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    return ended


@dataclass(frozen=True)
class Desk:
    """Ids of an organisation and of one of its users."""

    organization: str
    user: str
    pseudonym: str


def settle(database: Database, name: str = "one") -> Desk:
    organization = Organization(name=name)
    user = User(username=name, hashed_password="x")

    def add(session: Session) -> None:
        session.add(organization)
        session.flush()
        user.organization_id = organization.id
        session.add(user)

    database.write(add)
    return Desk(organization.id, user.id, user.pseudonym)
