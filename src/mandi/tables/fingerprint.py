"""Says in a few bytes whether a source of tables has changed since it was last read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mandi.tables.files import files_at, folder_of

if TYPE_CHECKING:
    import sqlalchemy as sa


def fingerprint(root: Path, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a source in short.

    Parameters
    ----------
    root : Path
        The project; relative locations start here.
    tables : mapping
        Section ``tables`` of params.yaml: ``source`` and ``location``.

    Returns
    -------
    dict
        ``source``, ``summary`` (one line for people) and ``content``: file, relative to the location -> SHA-256; or
        for a database, table or view -> rows, newest ``known_time`` and the sum of each numeric column, as text. A
        text changed in place in a database goes unnoticed. No URL and no secret is in it.

    Raises
    ------
    ImportRefused
        There is nothing at the location, or the database cannot be read.

    Examples
    --------
    >>> fingerprint(Path("."), {"source": "generated", "location": ""})["summary"]
    'the generated market'
    """
    source, location = str(tables["source"]), str(tables.get("location") or "")
    if source == "generated":
        return {"source": source, "summary": "the generated market", "content": {}}
    if source == "sql":
        content = _database(location)
        return {"source": source, "summary": f"{len(content)} tables in a database", "content": content}
    files = files_at(root, location)
    folder = folder_of(root, location)
    content = {path.relative_to(folder).as_posix(): _digest(path) for path in files}
    return {"source": source, "summary": f"{len(files)} files", "content": content}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _database(location: str) -> dict[str, Any]:
    import sqlalchemy as sa

    from mandi.tables.contracts import CONTRACTS
    from mandi.tables.sql import connected, names_in

    with connected(location) as connection:
        content = {}
        for name in sorted(set(names_in(connection)) & set(CONTRACTS)):
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            asked: dict[str, Any] = {"rows": sa.func.count()}
            if "known_time" in table.c:
                asked["newest"] = sa.func.max(table.c.known_time)
            sums = {f"sum of {c.name}": _sum(c, connection.dialect.name) for c in table.c}
            asked |= {said: total for said, total in sums.items() if total is not None}
            # as the driver gives them: a text where a time should be is for the import to judge
            columns = [sa.type_coerce(column, sa.types.NullType()) for column in asked.values()]
            found = connection.execute(sa.select(*columns).select_from(table)).one()
            content[name] = {said: str(value) for said, value in zip(asked, found, strict=True)}
    return content


def _sum(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any] | None:
    import sqlalchemy as sa

    # SQLite: columns of a view may have no type, and a sum of integers may overflow
    if dialect == "sqlite":
        numeric = isinstance(column.type, (sa.Numeric, sa.Float, sa.Integer, sa.types.NullType))
        return sa.func.total(column) if numeric else None
    if not isinstance(column.type, (sa.Numeric, sa.Float, sa.Integer)):
        return None
    # PostgreSQL adds floats in any order: only as exact numbers is the sum of the same rows the same
    exact = dialect == "postgresql" and isinstance(column.type, sa.Float)
    return sa.func.sum(sa.cast(column, sa.Numeric) if exact else column)
