"""Brings a database to the tables of this code, once, however many workers start together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mandi.core.errors import ConfigError, StoreUnavailable
from mandi.store.database import Database
from mandi.store.failures import UPGRADE, told

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x6D616E6469  # "mandi"
LOCK_WAIT_S = 60


def upgrade(database: Database, revision: str = "head") -> str:
    """Run the migrations that are missing and return the revision the database is at.

    Workers that start together wait for the one that came first, then find nothing to do. All steps are one transaction: a
    database is never between two revisions.

    Parameters
    ----------
    database : Database
    revision : str
        Where to stop; the newest if not given.

    Raises
    ------
    StoreUnavailable
        The database does not answer, or is newer than this code.
    ConfigError
        Alembic is not installed.
    """
    config, script = _alembic()
    try:
        with _alone(database) as connection:
            _refuse_newer(connection, script, database.place)
            _run(config, script, connection, revision)
            found = _revision(connection)
    except sa.exc.SQLAlchemyError as error:
        instead = told(error, database.place)
        if instead is None:
            raise
        raise instead from None
    return found or ""


def revision_of(database: Database) -> str | None:
    """Return the revision of a database, None for an empty one."""
    return database.read(lambda session: _revision(session.connection()))


def check_schema(database: Database) -> None:
    """Raise StoreUnavailable unless the database has the tables of this code."""
    _, script = _alembic()
    found, newest = revision_of(database), script.get_current_head()
    if found != newest:
        raise StoreUnavailable(
            f"{database.place} is at revision {found or 'none'}", allowed=str(newest), next_command=UPGRADE
        )


def _alembic() -> tuple[Config, ScriptDirectory]:
    try:
        from alembic.config import Config
        from alembic.script import ScriptDirectory
    except ImportError:
        raise ConfigError(
            "migrations need the package alembic", next_command='pip install "mandi[serving]"'
        ) from None
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config, ScriptDirectory.from_config(config)


@contextmanager
def _alone(database: Database) -> Iterator[sa.Connection]:
    """One transaction that no other upgrade shares: the whole SQLite file, or an advisory lock of PostgreSQL."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            # waits longer than a request would, and gives the connection back as it was
            before = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
            connection.rollback()
            connection.connection.dbapi_connection.execute(f"PRAGMA busy_timeout={LOCK_WAIT_S * 1000}")  # type: ignore[union-attr]
            try:
                with connection.begin():
                    yield connection
            finally:
                connection.connection.dbapi_connection.execute(f"PRAGMA busy_timeout={before}")  # type: ignore[union-attr]
            return
        with connection.begin():
            connection.execute(
                sa.text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": f"{LOCK_WAIT_S}s"}
            )
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            yield connection


def _run(config: Config, script: ScriptDirectory, connection: sa.Connection, revision: str) -> None:
    from alembic.runtime.environment import EnvironmentContext

    def steps(current: Any, context: Any) -> Any:
        return script._upgrade_revs(revision, current)

    config.attributes["connection"] = connection
    with EnvironmentContext(config, script, fn=steps, destination_rev=revision):
        script.run_env()


def _revision(connection: sa.Connection) -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(connection: sa.Connection, script: ScriptDirectory, place: str) -> None:
    found = _revision(connection)
    known = [step.revision for step in script.walk_revisions()]
    if found is not None and found not in known:
        raise StoreUnavailable(
            f"{place} is at revision {found}, which this code does not know: it was made by a newer one",
            allowed=", ".join(sorted(known)),
            next_command="run the newer code, or restore the database from before",
        )
