"""Records of calls for tests: one by hand, many by chance, and a database of each kind to put them into."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mandi.store.database import Database
from mandi.store.records.calls import AiMetric
from mandi.store.schema import upgrade

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINE, THEIRS = "a" * 32, "b" * 32
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def call(**over: Any) -> AiMetric:
    """A call that OpenAI answered yesterday, but for what is given."""
    given: dict[str, Any] = {
        "request_id": uuid.uuid4().hex, "generation_id": uuid.uuid4().hex, "organization_id": MINE,
        "user_pseudonym": "p", "endpoint": "/x", "task_type": "chat", "requested_mode": "hybrid",
        "effective_mode": "real", "provider": "openai", "model": "m", "route": "teacher", "status": "success",
        "created_at": NOW - timedelta(days=1),
    }  # fmt: skip
    return AiMetric(**{**given, **over})


def tried(provider: str, fault: str | None = None, model: str = "m") -> dict[str, Any]:
    return {
        "provider": provider, "model": model, "latency_ms": 1.0, "fault": fault, "status": None, "message": None,
    }  # fmt: skip


def put(database: Database, rows: Sequence[AiMetric]) -> None:
    database.write(lambda session: session.add_all(rows))


def by_chance(n: int, seed: int = 7) -> list[dict[str, Any]]:
    """Rows of every kind there may be, as plain values."""
    dice = random.Random(seed)
    rows = []
    for _ in range(n):
        status = dice.choices(
            ["success", "error", "timeout", "partial", "refused", "cancelled"], [70, 8, 5, 3, 8, 6]
        )[0]
        names = [dice.choice(["openai", "local", "anthropic"]) for _ in range(dice.randint(0, 3))]
        faults = [None, "timeout", "server_error", "not_able"]
        rows.append(
            {
                "organization_id": dice.choice([MINE, MINE, THEIRS]),
                "created_at": NOW - timedelta(minutes=dice.randint(0, 60 * 24 * 12)),
                "status": status,
                "provider": dice.choice(["openai", "local", "anthropic", "mock"])
                if status != "refused"
                else "",
                "effective_mode": dice.choice(["real", "mock", "hybrid"]),
                "fallback": dice.random() < 0.3,
                "degraded": dice.random() < 0.1,
                "cache": dice.choice(["off", "miss", "exact", "semantic"]),
                "route": dice.choice(["student", "teacher", "mock"]) if status != "refused" else "none",
                "confidence": dice.choice([None, 0.0, 0.1, 0.3, 0.9, 1.0, round(dice.random(), 3)]),
                "cost_usd": Decimal(dice.randint(0, 90_000)).scaleb(-6),
                "latency_ms": dice.randint(1, 400),
                "first_token_ms": dice.choice([None, dice.randint(1, 90)]),
                "error_message": None if status == "success" else dice.choice([None, "late", "full"]),
                "assistant": dice.choice([None, "trade", "quality"]),
                "language": dice.choice([None, "en", "hi"]),
                "attempts": [tried(name, dice.choice(faults), dice.choice(["m", "n"])) for name in names],
            }
        )
    return rows


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    with _url(kind, folder) as url:
        database = Database.open(url)
        upgrade(database)
        yield database
        database.close()


@contextmanager
def _url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/calls.db"
        return
    base = sa.make_url(os.environ.get("MANDI_TEST_POSTGRES", POSTGRES))
    schema = f"mandi_analytics_{uuid.uuid4().hex}"
    engine = sa.create_engine(base)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"create schema {schema}"))
    except sa.exc.OperationalError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL: set MANDI_TEST_POSTGRES ({type(error.orig).__name__})")
    try:
        named = base.update_query_dict({"options": f"-csearch_path={schema}"})
        yield named.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text(f"drop schema {schema} cascade"))
        engine.dispose()
