"""Puts many rows into a table at once; those that are there already are left as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mandi.store.rows import Row

VARIABLES = 32_000  # of one statement; SQLite takes 32,766
FEW = 4


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows whose id, or another unique column, is not there yet.

    SQLite is given many rows in one statement: of one row after the other, each waits for its turn of the interpreter,
    which a service that answers meanwhile has little to give.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes.
    table : Table
    rows : sequence of dict
        Each with the same columns.

    Raises
    ------
    IntegrityError
        A row breaks a constraint of another kind (of SQLAlchemy); the transaction is to be rolled back.
    """
    from sqlalchemy.dialects import postgresql, sqlite

    if connection.dialect.name != "sqlite":
        connection.execute(postgresql.insert(table).on_conflict_do_nothing(), rows)
    elif len(rows) <= FEW:
        connection.execute(sqlite.insert(table).on_conflict_do_nothing(), rows)
    else:
        names = list(rows[0])
        bind = [_bound(table.columns[name], connection.dialect) for name in names]
        quoted = ", ".join(f'"{name}"' for name in names)
        place = f"({', '.join('?' * len(names))})"
        most = VARIABLES // len(names)
        for start in range(0, len(rows), most):
            some = rows[start : start + most]
            values = ", ".join([place] * len(some))
            statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES {values} ON CONFLICT DO NOTHING'
            given = tuple(to(row[name]) for row in some for name, to in zip(names, bind, strict=True))
            connection.exec_driver_sql(statement, given)


def _bound(column: sa.ColumnElement[Any], dialect: sa.Dialect) -> Callable[[Any], Any]:
    to = column.type.dialect_impl(dialect).bind_processor(dialect)
    if to is None:
        return _as_it_is
    seen: dict[datetime, Any] = {}  # rows of one request have their moments in common

    def once(value: Any) -> Any:
        if not isinstance(value, datetime) or value.tzinfo is None:
            return to(value)
        if value not in seen:
            seen[value] = to(value)
        return seen[value]

    return once


def _as_it_is(value: Any) -> Any:
    return value
