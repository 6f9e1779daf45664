"""Makes a table append-only in the database itself, so that no code has to be trusted with its past."""

from __future__ import annotations

# REPLACE deletes without firing the trigger of deletions, so such an insert is refused as well
SQLITE = [
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
]
POSTGRESQL = [
    "CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RAISE EXCEPTION ''{table} is append-only'' USING ERRCODE = ''restrict_violation''; END'",
    "CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
]
CHANGED_POSTGRESQL = (
    "CREATE TRIGGER {table}_no_change BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
)


def never_changed(table: str) -> None:
    """Refuse every change of rows of a table with a column ``id``; one may be deleted, since what people wrote can be erased."""
    from alembic import op

    sqlite = op.get_bind().dialect.name == "sqlite"
    statements = [SQLITE[0], SQLITE[2]] if sqlite else [POSTGRESQL[0], CHANGED_POSTGRESQL, POSTGRESQL[2]]
    for statement in statements:
        op.execute(statement.format(table=table))


def append_only(table: str) -> None:
    """Refuse every change and deletion of rows of a table with a column ``id``."""
    from alembic import op

    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement.format(table=table))
