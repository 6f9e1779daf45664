"""The records of a service as a pipeline finds them: where its settings say they are, and nothing where it was never started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import StoreUnavailable
from mandi.feedback.pseudonyms import salt_of
from mandi.serving.accounts.command import settings_of
from mandi.store.database import Database
from mandi.store.schema import check_schema, revision_of

if TYPE_CHECKING:
    from mandi.serving.settings import Settings


@dataclass(frozen=True)
class Records:
    """The records of a service.

    Attributes
    ----------
    database : Database, optional
        None where there are none; ``why`` says so.
    """

    settings: Settings
    database: Database | None
    why: str = ""

    @property
    def salt(self) -> str:
        """Return the key of pseudonyms."""
        assert self.database is not None
        return learning_salt(self.settings, self.database)


@contextmanager
def records_of(root: Path, env_file: Path | None = None) -> Iterator[Records]:
    """Open the records of the service of a project; nothing is made, and no database is brought up to this code.

    Parameters
    ----------
    root : Path
        The project; its ``.env`` and the environment say where the database is.
    env_file : Path, optional
        Another ``.env``.

    Raises
    ------
    ConfigError
        The settings cannot be used.
    StoreUnavailable
        A database that is named does not answer.
    """
    settings = settings_of(root, env_file)
    database = Database.open(settings.database_address)
    try:
        file = Path(database.engine.url.database or "") if database.is_sqlite else None
        if file is not None and not file.is_file():
            yield Records(settings, None, "no service has kept records here")
        elif revision_of(database) is None:
            yield Records(settings, None, "the database has no records of a service")
        else:
            yield Records(settings, *_as_this_code_expects(database))
    finally:
        database.close()


def _as_this_code_expects(database: Database) -> tuple[Database | None, str]:
    try:
        check_schema(database)
    except (
        StoreUnavailable
    ) as error:  # of another version of this code: nothing can be read, and nothing is broken
        return None, f"{error.message}; this code reads {error.allowed}: {error.next_command}"
    return database, ""


def learning_salt(settings: Settings, database: Database) -> str:
    """Return the key of pseudonyms: the one that is set, or the database's own."""
    given = settings.learning_salt
    return given.get_secret_value() if given is not None else salt_of(database)
