"""Tables come from any SQL database by URL: the same on SQLite and PostgreSQL, and no password is ever shown."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from mandi.core.errors import ImportRefused
from mandi.tables.ingest import examine
from mandi.tables.sql import engine_at, read_database

NOW = pd.Timestamp("2024-06-01", tz="UTC")
REPORTS = [
    ("2024-01-10", "cotton", "Kadi", 7100.5),
    ("2024-01-11", "cotton", "Kadi", 0),
    (None, "cotton", "Adoni", 7000),
]


def fill(engine: sa.Engine) -> None:
    meta = sa.MetaData()
    reports = sa.Table(
        "reports",
        meta,
        sa.Column("date", sa.Date),
        sa.Column("commodity", sa.String(20)),
        sa.Column("market", sa.String(40)),
        sa.Column("modal_price", sa.Numeric(12, 2)),
    )
    trades = sa.Table(
        "outcomes",
        meta,
        sa.Column("event_time", sa.DateTime(timezone=True)),
        sa.Column("known_time", sa.DateTime(timezone=True)),
        sa.Column("availability_id", sa.Integer),
        sa.Column("requirement_id", sa.Integer),
        sa.Column("accepted", sa.Boolean),
    )
    sa.Table("users", meta, sa.Column("id", sa.Integer))
    meta.create_all(engine)
    with engine.begin() as connection:
        rows = [
            {"date": d and pd.Timestamp(d).date(), "commodity": c, "market": m, "modal_price": p}
            for d, c, m, p in REPORTS
        ]
        connection.execute(reports.insert(), rows)
        moment = pd.Timestamp("2024-01-10 06:00", tz="UTC").to_pydatetime()
        connection.execute(
            trades.insert(),
            [
                {
                    "event_time": moment,
                    "known_time": moment,
                    "availability_id": 1,
                    "requirement_id": 2,
                    "accepted": True,
                }
            ],
        )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        file = tmp_path / "market.db"
        sqlite3.connect(file).close()
        yield f"sqlite:///{file}"
        return
    base = sa.make_url(
        os.environ.get("MANDI_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
    )
    schema = f"mandi_import_{os.getpid()}"
    engine = sa.create_engine(base)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text(f"create schema {schema}"))
    except sa.exc.OperationalError as error:
        if os.environ.get("CI") == "true":
            raise
        reason = f"no PostgreSQL at {base.render_as_string(hide_password=True)}: set MANDI_TEST_POSTGRES ({error.orig})"
        pytest.skip(reason)
    try:
        named = base.update_query_dict({"options": f"-csearch_path={schema}"})
        yield named.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text(f"drop schema {schema} cascade"))
        engine.dispose()


def test_the_same_tables_from_every_database(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = sa.create_engine(url)
    fill(engine)
    engine.dispose()
    monkeypatch.setenv("MARKET_URL", url)
    params = {"tables": {"source": "sql", "location": "env:MARKET_URL"}}
    tables, report = examine(params, root=tmp_path, now=NOW)
    assert list(tables) == ["reports", "outcomes", "markets"]
    row = tables["reports"].iloc[0]
    assert (row["market"], row["modal_price"]) == ("Kadi", 7100.5)
    assert str(row["event_time"]) == "2024-01-10 18:30:00+00:00"
    assert sorted(report.rejects["reason"]) == ["event_time missing", "modal_price out of range (> 0)"]
    assert '"modal_price":7000.0' in report.rejects["raw"].str.cat()
    outcome = tables["outcomes"].iloc[0]
    assert (outcome["availability_id"], outcome["accepted"]) == ("1", 1.0)
    assert outcome["event_time"] == pd.Timestamp("2024-01-10 06:00", tz="UTC")
    assert report.source == "sql (env:MARKET_URL)"


def test_a_database_without_our_tables_says_what_it_has(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as base:
        base.execute("create table users (id integer)")
    with pytest.raises(ImportRefused, match="it has: users"):
        read_database(f"sqlite:///{tmp_path / 'other.db'}")


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, only text " * 40, encoding="utf-8")
    with pytest.raises(ImportRefused, match="could not be read"):
        read_database(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(ImportRefused, match="no SQLite database"):
        engine_at(f"sqlite:///{tmp_path / 'nothing.db'}")
    assert not (tmp_path / "nothing.db").exists()


@pytest.mark.parametrize(
    "location",
    [
        "postgresql+psycopg://me:s3cret@127.0.0.1:1/market",
        "postgresql+psycopg://me:x@s3cret@127.0.0.1:1/market",
        "postgresql+psycopg://me@127.0.0.1:1/market?sslpassword=s3cret",
        "postgresql+psycopg://me@127.0.0.1:1/market?s3cret=1",
        "postgresql://me:p@host:s3cret/market",
        "nosuchdb://me:s3cret@host/market",
        "me:s3cret@host",
    ],
)
def test_no_message_shows_the_password(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_URL", location)
    for named in (location, "env:MARKET_URL"):
        with pytest.raises(ImportRefused) as error:
            read_database(named)
        assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "query", ["?sslpassword=x", "?access_token=x", "?client_SECRET=x", "?odbc_connect=UID%3Dme%3BPWD%3Dx"]
)
def test_secrets_come_from_the_environment_alone(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgresql+psycopg://me:x@host/market", f"postgresql+psycopg://me@host/market{query}"):
        with pytest.raises(ImportRefused, match="mandi import sql env:MARKET_DB"):
            engine_at(url)
        monkeypatch.setenv("MARKET_URL", url)
        assert engine_at("env:MARKET_URL").url.host == "host"
    assert engine_at("postgresql+psycopg://me@host/market?sslmode=require").url.host == "host"


@pytest.mark.parametrize("location", ["postgresql://host:port/market", "host"])
def test_a_url_that_is_none_is_refused(location: str) -> None:
    with pytest.raises(ImportRefused, match="not a database URL"):
        engine_at(location)


def test_a_database_that_does_not_answer_says_where_and_why() -> None:
    with pytest.raises(ImportRefused, match="psycopg 127.0.0.1/market could not be read.*connection refused"):
        read_database("postgresql+psycopg://me@127.0.0.1:1/market")


def test_a_cell_its_column_type_does_not_allow_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "m.db") as base:
        base.execute("create table reports (date date)")
        base.execute("insert into reports values ('the tenth')")
    with pytest.raises(ImportRefused, match="could not be read: ValueError"):
        read_database(f"sqlite:///{tmp_path / 'm.db'}")
