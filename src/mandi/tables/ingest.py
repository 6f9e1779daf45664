"""Takes tables in: reads a source, judges every row, and puts what was accepted in place of the previous tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mandi.core.config import build
from mandi.core.errors import DataNotFound, ImportRefused, nearest
from mandi.core.whole import previous_of, replaced
from mandi.tables.contracts import CONTRACTS
from mandi.tables.files import files_at, is_table, read_file, table_stem
from mandi.tables.import_report import ImportReport
from mandi.tables.settings import TableParams
from mandi.tables.validate import REJECT_COLUMNS, Validated, validate

Tables = dict[str, pd.DataFrame]
REJECTS = "rejects"


@dataclass(frozen=True)
class Loaded:
    """Raw rows of a source.

    Parameters
    ----------
    source : str
        Where they came from, without secrets.
    tables : dict of name to DataFrame
        Cells as they stood there, not yet judged.
    ignored : tuple of str
        Files that are no tables.
    truth : Any
        What lies behind the generated market.
    """

    source: str
    tables: Tables
    ignored: tuple[str, ...] = ()
    truth: Any = None


def table_params(params: Mapping[str, Any]) -> TableParams:
    """Return section ``tables`` of the parameters.

    Raises
    ------
    ConfigError
        A setting is not known or has the wrong type.

    Examples
    --------
    >>> table_params({"tables": {"source": "sql", "location": "env:MARKET"}}).location
    'env:MARKET'
    """
    return build(TableParams, params.get("tables", {}), "tables")


def load(params: Mapping[str, Any], root: Path) -> Loaded:
    """Read the raw rows of the source that ``tables`` names.

    Parameters
    ----------
    params : mapping
        All of params.yaml: ``tables``, and for the generated market ``seed`` and ``market``.
    root : Path
        Relative locations start here.

    Raises
    ------
    ImportRefused
        There is nothing there, or it cannot be read; the message says what would mend it.
    """
    settings = table_params(params)
    if settings.source == "generated":
        return _generated(params, settings)
    if settings.source == "sql":
        from mandi.tables.sql import read_database

        shown = settings.location if settings.location.startswith("env:") else "a database"
        return Loaded(f"sql ({shown})", read_database(settings.location))
    paths = files_at(root, settings.location)
    tables = [p for p in paths if is_table(p)]
    ignored = tuple(p.name for p in paths if not is_table(p))
    if not tables:
        raise ImportRefused(
            f'no CSV or Parquet file at "{settings.location}"; there are: {", ".join(ignored)}',
            allowed="files ending in .csv, .csv.gz, .tsv, .txt or .parquet",
        )
    shown = f"{settings.source} ({settings.location})"
    return Loaded(
        shown, _portal(tables, settings) if settings.source == "agmarknet" else _named(tables), ignored
    )


def examine(params: Mapping[str, Any], *, root: Path, now: pd.Timestamp) -> tuple[Tables, ImportReport]:
    """Read and judge a source without writing anything.

    Parameters
    ----------
    params : mapping
        All of params.yaml.
    root : Path
        Relative locations start here.
    now : Timestamp
        Moment of the import (UTC).

    Returns
    -------
    dict of name to DataFrame, ImportReport
        Accepted rows by table, and the account of all rows.

    Raises
    ------
    ImportRefused
        The source cannot be read, or every row of a table was rejected.
    ContractError
        A table does not have the columns of its contract.
    """
    settings = table_params(params)
    loaded = load(params, root)
    judged = {
        name: validate(name, loaded.tables[name], settings, now)
        for name in CONTRACTS
        if name in loaded.tables
    }
    for name, outcome in judged.items():
        _refuse_if_nothing_is_left(name, outcome)
    tables = {name: outcome.accepted for name, outcome in judged.items()}
    if "reports" in tables and "markets" not in tables:
        tables["markets"] = _markets_of(tables["reports"])
    rejects = [outcome.rejects for outcome in judged.values() if len(outcome.rejects)]
    all_rejects = pd.concat(rejects, ignore_index=True) if rejects else pd.DataFrame(columns=REJECT_COLUMNS)
    counts = {name: outcome.counts for name, outcome in judged.items()}
    return tables, ImportReport(loaded.source, counts, all_rejects, loaded.ignored, loaded.truth)


def import_tables(
    params: Mapping[str, Any],
    folder: Path,
    *,
    root: Path,
    now: pd.Timestamp,
    beside: Callable[[ImportReport], None] | None = None,
) -> ImportReport:
    """Take in a source: read, judge, and replace the tables in a folder.

    Parameters
    ----------
    params : mapping
        All of params.yaml.
    folder : Path
        Gets one parquet file per table, and ``rejects.parquet``.
    root : Path
        Relative locations start here.
    now : Timestamp
        Moment of the import (UTC).
    beside : callable, optional
        Told the account once the tables are written, before they take the place of the previous ones: what it cannot do
        is not done with them either.

    Returns
    -------
    ImportReport

    Raises
    ------
    ImportRefused, ContractError, DiskFull
        The previous tables are untouched.
    """
    tables, report = examine(params, root=root, now=now)
    with replaced(folder) as new:
        _put({**tables, REJECTS: report.rejects.astype({"row": "int64"})}, new)
        if beside is not None:
            beside(report)
    return report


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Replace the tables in a folder, all or none.

    They are written beside the folder and put in its place at the end: whoever is interrupted leaves the previous
    tables as they were.

    Parameters
    ----------
    tables : mapping of name to DataFrame
    folder : Path

    Raises
    ------
    DiskFull
        There is no room; the previous tables are untouched.
    """
    with replaced(folder) as new:
        _put(tables, new)


def read_tables(folder: Path, names: Iterable[str] | None = None) -> Tables:
    """Read accepted tables.

    Parameters
    ----------
    folder : Path
        Where :func:`write_tables` put them.
    names : iterable of str, optional
        Only these; all tables with a contract if not given. ``rejects`` must be asked for by name.

    Raises
    ------
    DataNotFound
        There are no tables, or not this one.
    """
    there = folder if folder.is_dir() else previous_of(folder)
    found = {p.stem: p for p in sorted(there.glob("*.parquet"))}
    if not found:
        raise DataNotFound(f"no tables in {folder.name}", next_command="mandi repro tables, or mandi import")
    wanted = [n for n in CONTRACTS if n in found] if names is None else list(names)
    for name in wanted:
        if name not in found:
            raise DataNotFound(
                f'no table "{name}" here{nearest(name, found)}',
                allowed=", ".join(found),
                next_command="mandi import",
            )
    return {name: pd.read_parquet(found[name]) for name in wanted}


def _put(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)


def _generated(params: Mapping[str, Any], settings: TableParams) -> Loaded:
    from mandi.tables.market_params import MarketParams
    from mandi.tables.synthetic import generate

    given = {
        "seed": params["seed"],
        "report_lag_hours": settings.report_lag_hours,
        **params.get("market", {}),
    }
    market = build(MarketParams, given, "market")
    tables, truth = generate(market)
    return Loaded(f"the generated market (seed {market.seed})", tables, truth=truth)


def _named(paths: list[Path]) -> Tables:
    frames: dict[str, list[pd.DataFrame]] = {}
    for path in paths:
        stem = table_stem(path)
        name = max(
            (n for n in CONTRACTS if stem == n or stem.startswith((f"{n}_", f"{n}-"))), key=len, default=""
        )
        if not name:
            raise ImportRefused(
                f"{path.name} is not named after a table{nearest(stem, CONTRACTS)}",
                allowed=", ".join(CONTRACTS)
                + "; several files of one table as reports_2024.csv, reports_2025.csv",
                next_command="rename it, or mandi import agmarknet for files of the portal",
            )
        frames.setdefault(name, []).append(read_file(path))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}


def _portal(paths: list[Path], settings: TableParams) -> Tables:
    from mandi.tables.agmarknet import distinct_markets, read_portal_file

    frames: dict[str, list[pd.DataFrame]] = {}
    for path in paths:
        name, rows = read_portal_file(path, read_file(path), settings.commodity, settings.commodities)
        frames.setdefault(name, []).append(rows)
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in frames.items()}
    if "reports" in tables:
        tables["reports"] = distinct_markets(tables["reports"])
    return tables


def _markets_of(reports: pd.DataFrame) -> pd.DataFrame:
    first = reports.sort_values("event_time", kind="stable").drop_duplicates("market", ignore_index=True)
    contract = CONTRACTS["markets"]
    unknown = {c.name: float("nan") for c in contract.columns if c.kind == "number"}
    known = reports.groupby("market")["known_time"].min()
    return first.assign(**unknown, known_time=first["market"].map(known))[contract.names]


def _refuse_if_nothing_is_left(name: str, outcome: Validated) -> None:
    if len(outcome.accepted) == 0:
        why = "; ".join(
            f"{reason}: {rows} rows" for reason, rows in list(outcome.counts["reasons"].items())[:3]
        )
        raise ImportRefused(
            f'every row of "{name}" was rejected ({why or "it has none"})',
            allowed="see docs/data-dictionary.md",
        )
