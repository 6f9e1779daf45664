"""Records as plain rows and as lines of text, for writing many at once and for writing them later."""

from __future__ import annotations

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from mandi.core.errors import UnknownValue
from mandi.store.records.base import Amount, Base, UtcTime

Row = dict[str, Any]


def row_of(record: Base) -> Row:
    """Return the columns of a record that is not in a session yet, with the defaults a flush would have filled in.

    Examples
    --------
    >>> from mandi.store.records import Organization
    >>> row = row_of(Organization(name="Rajkot Traders"))
    >>> row["tier"], len(row["id"]), row["daily_budget_usd"]
    ('free', 32, None)
    """
    given = sa.inspect(record).dict
    return {
        column.name: given[column.name] if column.name in given else _default(column)
        for column in record.__table__.columns
    }


def to_line(table: str, *rows: Row) -> bytes:
    """Return rows of a table as one line of JSON: it is there as a whole or not at all."""
    from pydantic_core import to_json

    return to_json({"table": table, "rows": rows}, bytes_mode="base64") + b"\n"


def from_line(line: bytes) -> tuple[str, list[Row]]:
    """Return the table and the rows of a line.

    Raises
    ------
    UnknownValue
        The line is torn, or names a table or column that is not there.

    Examples
    --------
    >>> from mandi.store.records import Organization
    >>> row = row_of(Organization(name="Rajkot Traders", daily_budget_usd=Decimal("2.50")))
    >>> from_line(to_line("organizations", row)) == ("organizations", [row])
    True
    """
    from pydantic_core import from_json

    try:
        read = from_json(line)
        columns = Base.metadata.tables[read["table"]].columns
        rows = read["rows"] if "rows" in read else [read["row"]]  # as lines were written before
        return read["table"], [{n: _value(columns[n], value) for n, value in row.items()} for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnknownValue(f"a line of the spool cannot be read: {type(error).__name__}") from None


def _default(column: Any) -> Any:
    if column.default is None:
        return None
    return column.default.arg(None) if column.default.is_callable else column.default.arg


def _value(column: sa.ColumnElement[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Amount):
        return Decimal(value)
    if isinstance(column.type, sa.LargeBinary):
        return base64.b64decode(value.replace("-", "+").replace("_", "/"))
    return value
