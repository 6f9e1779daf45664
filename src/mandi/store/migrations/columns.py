"""Words of the migrations, kept apart from the tables of today: names made here are in databases already, so they do not change."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Return a column that always holds a value."""
    return sa.Column(name, kind, nullable=False)


def maybe(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """Return a column that may be empty."""
    return sa.Column(name, kind, nullable=True)


def amount(precision: int, scale: int) -> sa.types.TypeEngine[Any]:
    """Return the type of a decimal number; SQLite has none."""
    return sa.Numeric(precision, scale).with_variant(sa.Float(), "sqlite")


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """Return a primary key."""
    return sa.PrimaryKeyConstraint(*columns, name=sa.schema.conv(f"pk_{table}"))


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    """Return the constraint that values occur once."""
    return sa.UniqueConstraint(*columns, name=sa.schema.conv(f"uq_{table}_{'_'.join(columns)}"))


def check(table: str, column: str, condition: str) -> sa.CheckConstraint:
    """Return a condition every row keeps."""
    return sa.CheckConstraint(condition, name=sa.schema.conv(f"ck_{table}_{column}"))


def refers(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """Return a foreign key."""
    name = sa.schema.conv(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)


def index(table: str, *columns: str) -> None:
    """Make an index."""
    from alembic import op

    op.create_index(sa.schema.conv(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))
