"""Copies a whole database of records into another one, as when a service moves from SQLite to PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mandi.core.errors import ContractError, StoreUnavailable
from mandi.store.records import Base
from mandi.store.schema import check_schema, upgrade

if TYPE_CHECKING:
    from mandi.store.database import Database

PAGE = 1_000


@dataclass(frozen=True)
class Copied:
    """What was copied: rows of each table, and one digest of all of them that both databases share."""

    rows: dict[str, int]
    digest: str

    def __str__(self) -> str:
        filled = {name: count for name, count in self.rows.items() if count}
        told = ", ".join(f"{count:,} {name}" for name, count in filled.items()) or "no rows"
        return f"{sum(filled.values()):,} rows in {len(filled)} tables ({told}); both read the same: {self.digest[:12]}"


def copy(source: Database, target: Database) -> Copied:
    """Copy every row, in one transaction of the target, then read both and compare.

    Stop the service first: what is written to the source meanwhile may be missing. The source is only read.

    Parameters
    ----------
    source : Database
        With the tables of this code.
    target : Database
        Empty; it is brought to the tables of this code.

    Raises
    ------
    StoreUnavailable
        One of them does not answer, or has tables of another version of this code.
    ContractError
        The target holds rows already, or reads otherwise than the source; nothing was written then.
    """
    check_schema(source)
    upgrade(target)
    if source.place == target.place:
        raise ContractError(f"{target.place} is the database that is to be copied", allowed="another one")
    tables = Base.metadata.sorted_tables
    with source.engine.connect() as reading, target.engine.begin() as writing:
        for table in tables:
            if (held := writing.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()) > 0:
                raise ContractError(
                    f"{target.place} holds {held:,} rows in {table.name}",
                    allowed="a database without records",
                )
        counts = {table.name: _copied(reading, writing, table) for table in tables}
        digests = [_digest(connection, tables) for connection in (reading, writing)]
        if digests[0] != digests[1]:
            raise ContractError(
                f"{target.place} reads otherwise than {source.place}; nothing was kept",
                allowed="the same rows in both",
                next_command="stop the service and copy again",
            )
    return Copied(counts, digests[0])


def copied_to(source: Database, url: str) -> str:
    """Copy into the database of a URL and say what was copied; see ``copy``.

    Parameters
    ----------
    source : Database
    url : str
        ``postgresql+psycopg://user:password@host:5432/database`` or ``sqlite:///path/to/file.db``.
    """
    from mandi.store.database import Database

    target = Database.open(url)
    try:
        return f"{source.place} to {target.place}: {copy(source, target)}"
    except sa.exc.SQLAlchemyError as error:
        from mandi.store.failures import told

        raise told(error, target.place) or StoreUnavailable(
            f"{target.place} took a row otherwise than {source.place}: {type(error).__name__}; nothing was kept"
        ) from None
    finally:
        target.close()


def _copied(reading: sa.Connection, writing: sa.Connection, table: sa.Table) -> int:
    own = [
        column.name
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]
    key, count = list(table.primary_key.columns), 0
    pointing: list[dict[str, Any]] = []
    for page in _pages(reading, table):
        rows = [dict(row) for row in page]
        for row in rows:
            if any(row[name] is not None for name in own):
                pointing.append(
                    {f"at_{c.name}": row[c.name] for c in key} | {name: row[name] for name in own}
                )
                row.update(dict.fromkeys(own))
        writing.execute(sa.insert(table), rows)
        count += len(rows)
    if pointing:  # a row may point at one that came later
        where = sa.and_(*(column == sa.bindparam(f"at_{column.name}") for column in key))
        writing.execute(
            sa.update(table).where(where).values({name: sa.bindparam(name) for name in own}), pointing
        )
    return count


def _pages(connection: sa.Connection, table: sa.Table) -> Iterator[Any]:
    order = list(table.primary_key.columns)
    found = connection.execution_options(yield_per=PAGE).execute(sa.select(table).order_by(*order)).mappings()
    yield from found.partitions(PAGE)


def _digest(connection: sa.Connection, tables: list[sa.Table]) -> str:
    # a sum, since the two need not sort letters alike
    total = 0
    for table in tables:
        names = [column.name for column in table.columns]
        for page in _pages(connection, table):
            for row in page:
                told = repr([table.name, [_plain(row[name]) for name in names]])
                total += int.from_bytes(hashlib.sha256(told.encode()).digest(), "big")
    return f"{total % (1 << 256):064x}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((str(name), _plain(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if not isinstance(value, (int, float, bool, type(None))) else value
