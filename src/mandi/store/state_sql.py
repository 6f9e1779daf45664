"""The statements of shared state, in words: this is the hot path, and building them anew costs more than running them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Kept = tuple[bytes, float | None, int]  # document, when it is over, how often it changed


@dataclass(frozen=True, slots=True)
class Statements:
    """What is said to one engine; ``mark`` is how it writes a parameter."""

    mark: str

    def lock(self, connection: sa.Connection, keys: Sequence[str]) -> None:
        """Keep others from these keys until the transaction ends, those that are not there yet as well."""
        if self.mark == "?":
            return  # an SQLite transaction that writes has the file for itself
        # taken in one order, so that nobody waits in a circle. The commit need not reach the disk: what a crash of the server
        # may lose is a fraction of a second of counters
        connection.exec_driver_sql(
            "SELECT set_config('synchronous_commit', 'off', true), count(pg_advisory_xact_lock(lock)) FROM (SELECT DISTINCT"
            " hashtextextended(key, 0) AS lock FROM unnest(%s::text[]) AS key ORDER BY 1) AS locks",
            (list(keys),),
        )

    def find(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, Kept]:
        """Return what is there of these keys, over or not."""
        marks = ", ".join([self.mark] * len(keys))
        rows = connection.exec_driver_sql(
            f"SELECT key, document, expires_at, version FROM shared_state WHERE key IN ({marks})", tuple(keys)
        )
        return {key: (document, ends, version) for key, document, ends, version in rows}

    def read(self, connection: sa.Connection, key: str, now: float) -> Any:
        """Return a document, None if it is absent or over."""
        query = f"SELECT document FROM shared_state WHERE key = {self.mark} AND (expires_at IS NULL OR expires_at > {self.mark})"
        return connection.exec_driver_sql(query, (key, now)).scalar()

    def put(self, connection: sa.Connection, rows: Sequence[tuple[str, bytes, float | None, int]]) -> None:
        """Write documents, each with when it is over and how often it changed."""
        marks = ", ".join([self.mark] * 4)
        connection.exec_driver_sql(
            f"INSERT INTO shared_state (key, document, expires_at, version) VALUES ({marks}) ON CONFLICT (key) DO UPDATE SET"
            " document = excluded.document, expires_at = excluded.expires_at, version = excluded.version",
            list(rows),
        )

    def remove(self, connection: sa.Connection, keys: Sequence[str]) -> None:
        """Delete documents."""
        connection.exec_driver_sql(
            f"DELETE FROM shared_state WHERE key = {self.mark}", [(key,) for key in keys]
        )


SQLITE = Statements("?")
POSTGRESQL = Statements("%s")
