"""Says in a few bytes whether a source of tables has changed since it was last read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mandi.tables.files import files_at


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
        ``source``, ``summary`` (one line for people) and ``content`` (file name -> SHA-256, or table -> rows and
        newest time for a database). No URL and no secret is in it.

    Raises
    ------
    ImportRefused
        There is nothing at the location.

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
    content = {path.name: _digest(path) for path in files}
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
    from mandi.tables.sql import engine_at

    engine = engine_at(location)
    try:
        with engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
            content = {}
            for name in sorted(there & set(CONTRACTS)):
                table = sa.Table(name, sa.MetaData(), autoload_with=connection)
                columns: list[Any] = [sa.func.count()]
                if "known_time" in table.c:
                    columns.append(sa.func.max(table.c.known_time))
                content[name] = [str(v) for v in connection.execute(sa.select(*columns).select_from(table)).one()]
    finally:
        engine.dispose()
    return content
