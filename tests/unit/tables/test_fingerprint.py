"""A fingerprint changes with what is read, and with nothing else."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mandi.core.errors import ImportRefused
from mandi.tables.fingerprint import fingerprint


def content(root: Path, location: str, source: str = "files") -> dict[str, Any]:
    return fingerprint(root, {"source": source, "location": location})["content"]


def test_files_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    for name in ("in/2023/reports.csv", "in/2024/reports.csv"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    before = content(tmp_path, "in")
    assert list(before) == ["2023/reports.csv", "2024/reports.csv"]
    assert content(tmp_path, "in/*/*.csv") == content(tmp_path, str(tmp_path / "in")) == before
    assert list(content(tmp_path, "in/2023/reports.csv")) == ["reports.csv"]
    (tmp_path / "in/2023/reports.csv").write_text("other", encoding="utf-8")
    after = content(tmp_path, "in")
    assert [name for name in before if before[name] != after[name]] == ["2023/reports.csv"]


@pytest.fixture
def base(tmp_path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
    base.execute("create table deals (trade_id integer, price real, buyer text, known_time timestamp)")
    base.execute("insert into deals values (1, 7100.5, 'a', '2024-01-10'), (2, 7000.25, 'b', 'no time')")
    base.execute("create view trades as select trade_id, price * 1 as price, known_time from deals")
    base.execute("create table reports (modal_price numeric(12, 2), arrivals real, known_time timestamp)")
    base.execute("insert into reports values (5200, 7.5, '2024-01-10')")
    base.execute("create table users (id integer)")
    return base


def test_a_database_updated_in_place_is_noticed_views_too(base: sqlite3.Connection, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'm.db'}"
    before = content(tmp_path, url, "sql")
    assert before == content(tmp_path, url, "sql")
    assert list(before) == ["reports", "trades"]
    assert (
        before["trades"] | {"sum of trade_id": "3.0", "sum of price": "14100.75", "rows": "2"}
        == before["trades"]
    )
    assert before["reports"] == {
        "rows": "1",
        "newest": "2024-01-10",
        "sum of modal_price": "5200.0",
        "sum of arrivals": "7.5",
    }
    base.execute("update deals set price = 7000.5 where trade_id = 2")
    after = content(tmp_path, url, "sql")
    assert after["trades"]["sum of price"] == "14101.0"
    assert after["reports"] == before["reports"]


def test_a_database_that_does_not_answer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKET_URL", "postgresql+psycopg://me:s3cret@127.0.0.1:1/market")
    with pytest.raises(ImportRefused, match="connection refused") as error:
        content(tmp_path, "env:MARKET_URL", "sql")
    assert "s3cret" not in str(error.value)
    with pytest.raises(ImportRefused, match="holds a password"):
        content(tmp_path, "postgresql+psycopg://me:s3cret@127.0.0.1:1/market", "sql")
