"""A file is a table or is refused with what is wrong and what mends it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from mandi.core.errors import ImportRefused
from mandi.tables.files import files_at, read_file

CSV = "market,modal_price,date\nAdoni,7100,2024-01-01\nKadi,6900,2024-01-02\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("reports.csv", CSV.encode()),
        ("reports.csv", CSV.encode("utf-8-sig")),
        ("reports.csv", CSV.replace("\n", "\r\n").encode()),
        ("reports.csv", CSV.replace(",", ";").encode()),
        ("reports.tsv", CSV.replace(",", "\t").encode()),
        ("reports.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("reports.csv", gzip.compress(CSV.encode(), mtime=0)),
        ("reports.csv", CSV.replace("Adoni", '"Adoni"').replace("market,", " market ,").encode()),
    ],
)
def test_read_as_the_text_that_stands_there(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    frame = read_file(path)
    assert frame.columns.tolist() == ["market", "modal_price", "date", "_file", "_row"]
    assert frame["modal_price"].tolist() == ["7100", "6900"]
    assert frame["market"].tolist() == ["Adoni", "Kadi"]
    assert frame["_row"].tolist() == [1, 2]
    assert set(frame["_file"]) == {name}


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    pd.DataFrame({"market": ["Adoni"], "modal_price": [7100.5]}).to_parquet(tmp_path / "reports.parquet")
    assert read_file(tmp_path / "reports.parquet")["modal_price"].tolist() == [7100.5]


def parquet_bytes() -> bytes:
    import io

    kept = io.BytesIO()
    pd.DataFrame({"market": ["Adoni"] * 500}).to_parquet(kept)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n \n", "is empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.csv", b"market,date\n", "a header and no rows"),
        ("a.csv.gz", gzip.compress(CSV.encode() * 200, mtime=0)[:60], "gzip -t a.csv.gz"),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-4] + b"\x00\x00\x00\x00", "damaged or cut short"),
        ("a.csv.gz", CSV.encode(), "is not gzip"),
        ("a.csv", CSV.replace("Kadi", "Kadī").encode("cp1257"), "byte 0xee at position 49, line 3"),
        ("a.csv", CSV.replace("Kadi", "Kadé").encode("cp1252"), "iconv -f WINDOWS-1252"),
        ("a.csv", CSV.encode("utf-16"), "iconv -f UTF-16"),
        ("a.csv", b"MZ\x00\x01\x02", "not text"),
        ("a.csv", b'{"market": "Adoni"}', "JSON or HTML"),
        ("a.csv", b"<html><table>", "JSON or HTML"),
        ("a.csv", CSV.encode() + b"Unjha,1,2,3,4\n", "Expected 3 fields in line 4, saw 5"),
        ("a.csv", b"market,date\nAdoni,2024-01-01,7\nKadi,2024-01-01,8\n", "2 names for 3 columns"),
        ("a.csv", b"market,market\nA,B\n", "the column market twice"),
        ("a.csv", b"market,\nA,B\n", "without a name"),
        ("a.parquet", b"PAR1 and nothing more", "not Parquet or cut short"),
        ("a.parquet", parquet_bytes()[:300], "not Parquet or cut short"),
        ("a.parquet", CSV.encode(), "not Parquet or cut short"),
    ],
)
def test_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImportRefused) as error:
        read_file(path)
    assert says in str(error.value)
    assert str(tmp_path) not in str(error.value)


def test_what_is_hidden_is_left_out_unless_named(tmp_path: Path) -> None:
    for name in (
        "in/a.csv",
        "in/.ipynb_checkpoints/a-checkpoint.csv",
        "in/deep/.git/x/b.csv",
        "in/deep/.c.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    only = [tmp_path / "in" / "a.csv"]
    assert files_at(tmp_path, "in") == files_at(tmp_path, "in/**/*.csv") == only
    assert [p.name for p in files_at(tmp_path, "in/deep/.git")] == ["b.csv"]
    assert [p.name for p in files_at(tmp_path, "*/deep/.git/*/*.csv")] == ["b.csv"]
    assert [p.name for p in files_at(tmp_path, "in/deep/.c.csv")] == [".c.csv"]


def test_a_url_is_no_file_and_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="mandi import sql env:MARKET_DB") as error:
        files_at(tmp_path, "postgresql://me:s3cret@host/market")
    assert "s3cret" not in str(error.value)


def test_a_file_a_folder_or_a_glob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("in/b.csv", "in/deep/a.csv", "in/.hidden", "in/notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(CSV, encoding="utf-8")

    def names(location: str) -> list[str]:
        return [p.relative_to(tmp_path).as_posix() for p in files_at(tmp_path, location)]

    monkeypatch.setenv("WHERE", str(tmp_path / "in"))
    assert names("in") == ["in/b.csv", "in/deep/a.csv", "in/notes.md"]
    assert names("in/b.csv") == names("in/*.csv") == names("$WHERE/*.csv") == ["in/b.csv"]
    assert names(f"{tmp_path}/**/*.csv") == ["in/b.csv", "in/deep/a.csv"]
    for nowhere in ("", "out", "in/*.xls"):
        with pytest.raises(ImportRefused, match="no files at"):
            files_at(tmp_path, nowhere)
