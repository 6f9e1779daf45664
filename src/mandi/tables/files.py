"""Reads CSV (plain or gzip) and Parquet files into frames of cells, and refuses what is not a table."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from pathlib import Path

import pandas as pd

from mandi.core.errors import ImportRefused

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".parquet")
SEPARATORS = (",", ";", "\t", "|")
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"


def files_at(root: Path, location: str) -> list[Path]:
    """Return the files a location names: one file, a folder with all below it, or a glob.

    What is hidden (``.ipynb_checkpoints`` and all below it) is left out, unless the location itself names it.

    Parameters
    ----------
    root : Path
        Relative locations start here.
    location : str
        ``~`` and ``$NAME`` are understood.

    Raises
    ------
    ImportRefused
        No file is there, or the location is a URL.
    """
    if "://" in location:
        raise ImportRefused("the location is a URL, not files", next_command="mandi import sql env:MARKET_DB")
    base = _named(root, location)
    if base.is_dir():
        found = list(base.rglob("*"))
    elif base.is_file():
        found = [base]
    else:
        found = list(Path(base.anchor).glob(str(base.relative_to(base.anchor)))) if location else []
    start = folder_of(root, location)
    inner = {p: {part for part in p.relative_to(start).parts if part.startswith(".")} for p in found}
    files = sorted(p for p, hidden in inner.items() if hidden <= {*base.parts} and p.is_file())
    if not location or not files:
        raise ImportRefused(
            f'no files at "{location}"',
            allowed="a file, a folder or a glob with CSV or Parquet files",
            next_command="mandi import agmarknet path/to/files",
        )
    return files


def folder_of(root: Path, location: str) -> Path:
    """Return the folder all files of a location lie below: itself, that of the file, or what a glob starts with.

    Examples
    --------
    >>> folder_of(Path("/"), "nowhere/*/*.csv").as_posix()
    '/'
    """
    folder = _named(root, location)
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def is_table(path: Path) -> bool:
    """Tell by its name whether a file holds a table.

    Examples
    --------
    >>> is_table(Path("reports.csv.gz")), is_table(Path("README.md"))
    (True, False)
    """
    return path.name.lower().endswith(SUFFIXES)


def table_stem(path: Path) -> str:
    """Return the name of a file without its endings.

    Examples
    --------
    >>> table_stem(Path("in/reports.csv.gz"))
    'reports'
    """
    return path.name.lower().partition(".")[0]


def read_file(path: Path) -> pd.DataFrame:
    """Read one file.

    Parameters
    ----------
    path : Path
        CSV with a header, in UTF-8, separated by comma, semicolon, tab or bar; or Parquet.

    Returns
    -------
    DataFrame
        CSV cells as the text that stands there; Parquet cells typed. Two more columns: ``_file`` (name) and
        ``_row`` (from 1, without the header).

    Raises
    ------
    ImportRefused
        The file is empty, cut short, in another encoding, or not a table.
    """
    content = path.read_bytes()
    if not content:
        raise ImportRefused(f"{path.name} is empty", allowed="a CSV with a header, or Parquet")
    if content.startswith(PARQUET) or path.suffix.lower() == ".parquet":
        frame = _parquet(path, content)
    else:
        frame = _csv(path, _decoded(path, _unpacked(path, content)))
    if frame.empty:
        raise ImportRefused(f"{path.name} has a header and no rows", allowed="at least one row")
    return frame.assign(_file=path.name, _row=range(1, len(frame) + 1))


def _named(root: Path, location: str) -> Path:
    return root / Path(os.path.expandvars(location)).expanduser()


def _unpacked(path: Path, content: bytes) -> bytes:
    if not content.startswith(GZIP):
        if path.suffix.lower() == ".gz":
            raise ImportRefused(
                f"{path.name} is named .gz and is not gzip", next_command=f"mv {path.name} {path.stem}"
            )
        return content
    try:
        unpacked = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportRefused(
            f"{path.name} is damaged or cut short ({error})",
            next_command=f"gzip -t {path.name}; fetch it again",
        ) from None
    if not unpacked.strip():
        raise ImportRefused(f"{path.name} is empty", allowed="a CSV with a header, or Parquet")
    return unpacked


def _decoded(path: Path, content: bytes) -> str:
    if b"\x00" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportRefused(f"{path.name} is not text and not a table", allowed=", ".join(SUFFIXES))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        guess = "UTF-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "WINDOWS-1252"
        raise ImportRefused(
            f"{path.name} is not UTF-8: byte 0x{content[error.start]:02x} at position {error.start}, line {line}",
            allowed="UTF-8",
            next_command=f"iconv -f {guess} -t UTF-8 {path.name} > utf8_{path.name}  (try this encoding first)",
        ) from None


def _csv(path: Path, text: str) -> pd.DataFrame:
    start = text.lstrip("\r\n \t")[:65536]
    if not start:
        raise ImportRefused(f"{path.name} is empty", allowed="a CSV with a header, or Parquet")
    if start[0] in "{[<":
        raise ImportRefused(f"{path.name} looks like JSON or HTML, not a table", allowed=", ".join(SUFFIXES))
    line = start.splitlines()[0]
    separator = max(SEPARATORS, key=line.count)
    head = [row for row, _ in zip(csv.reader(io.StringIO(start), delimiter=separator), range(2))]
    names = [name.strip() for name in head[0]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "" in names:
        raise ImportRefused(
            f"{path.name} has {'columns without a name' if not twice else 'the column ' + twice[0] + ' twice'}",
            allowed="one name for every column, each once",
        )
    if len(head) > 1 and len(head[1]) > len(names):
        raise ImportRefused(
            f"{path.name} has {len(names)} names for {len(head[1])} columns", allowed="one name each"
        )
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype=str,
            na_filter=False,
            index_col=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, csv.Error) as error:
        says = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise ImportRefused(
            f"{path.name} is not a table: {says}", allowed="the same columns in every row"
        ) from None
    return frame.set_axis(names, axis=1)


def _parquet(path: Path, content: bytes) -> pd.DataFrame:
    import pyarrow

    try:
        return pd.read_parquet(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError) as error:
        says = str(error).splitlines()[0]
        raise ImportRefused(
            f"{path.name} is not Parquet or cut short ({says})", next_command="write it again"
        ) from None
