"""A full disk and a locked database are told with what to do, whichever library met them; nothing else is taken for one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from mandi.core.errors import DiskFull, MandiError, StoreUnavailable, UnknownValue
from mandi.core.storage import told_when_unwritable, unwritable

from ...held_database import held
from ...small_disk import SmallDisk, disk

__all__ = ["disk"]


def test_a_disk_that_is_full_for_parquet(disk: SmallDisk) -> None:
    frame = pd.DataFrame({"value": range(50_000)})
    with disk.full(), pytest.raises(DiskFull) as told, told_when_unwritable(disk.folder):
        frame.to_parquet(disk.folder / "frame.parquet")
    assert "cannot be written" in told.value.message and "MB are free" in told.value.message
    assert told.value.allowed and str(told.value.next_command).startswith(f"df -h {disk.folder}")
    frame.to_parquet(disk.folder / "frame.parquet")


@pytest.mark.parametrize("wrapped", [False, True], ids=["sqlite3", "sqlalchemy"])
def test_a_disk_that_is_full_for_sqlite(disk: SmallDisk, wrapped: bool) -> None:
    place = disk.folder / "x.db"
    engine = sa.create_engine(f"sqlite:///{place}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (v TEXT)"))
    with disk.full(), pytest.raises(DiskFull, match=str(place)), told_when_unwritable(place):
        if wrapped:
            with engine.begin() as connection:
                connection.execute(sa.text("INSERT INTO t VALUES (:v)"), {"v": "x" * 100_000})
        else:
            with sqlite3.connect(place) as plain:
                plain.execute("INSERT INTO t VALUES (?)", ("x" * 100_000,))
    engine.dispose()


def test_a_database_that_another_process_holds(tmp_path: Path) -> None:
    place = tmp_path / "x.db"
    with sqlite3.connect(place) as made:
        made.execute("CREATE TABLE t (v TEXT)")
    with held(place), pytest.raises(StoreUnavailable) as told, told_when_unwritable(place):
        sqlite3.connect(place, timeout=0.1).execute("INSERT INTO t VALUES ('a')")
    assert f"fuser {place}" in str(told.value) and "one writer at a time" in str(told.value)


def test_what_it_was_raised_from_is_looked_at() -> None:
    def deep() -> None:
        try:
            raise OSError(28, "No space left on device", "lots.parquet")
        except OSError as error:
            raise RuntimeError("the writer failed") from error

    with pytest.raises(DiskFull, match=r"lots\.parquet"), told_when_unwritable():
        deep()


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), FileNotFoundError(2, "no such file"), sqlite3.OperationalError("no such table: t"), KeyError("k")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_everything_else_stays_as_it_is(error: Exception) -> None:
    assert unwritable(error) is None
    with pytest.raises(type(error)) as same, told_when_unwritable():
        raise error
    assert same.value is error


def test_an_error_that_says_what_to_do_already_is_not_told_anew() -> None:
    with pytest.raises(UnknownValue) as same, told_when_unwritable():
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise UnknownValue("a word", allowed="others") from error
    assert isinstance(same.value, MandiError) and same.value.allowed == "others"
