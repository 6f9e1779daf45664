"""Opens the records and the accounts of a service: the database is upgraded, the first accounts are made where asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from mandi.core.errors import StoreUnavailable
from mandi.serving.accounts.bootstrap import GIVEN_KEY, FirstKey, any_account, bootstrap
from mandi.serving.accounts.office import Office

if TYPE_CHECKING:
    from mandi.serving.house import House
    from mandi.serving.settings import Settings
    from mandi.store.async_state import AsyncState
    from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving.accounts")
DATABASE, STATE = "database", "state"


def open_database(settings: Settings) -> Database:
    """Return the upgraded database of the records.

    A file of SQLite is made where it is missing, readable by its owner alone: it holds digests of passwords.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    StoreUnavailable, ConfigError
        The database does not answer, is newer than this code, or its URL cannot be used.
    """
    from mandi.store.database import Database
    from mandi.store.schema import upgrade

    database = Database.open(settings.database_address)
    if database.is_sqlite:
        _private(Path(database.engine.url.database or ""))
    try:
        upgrade(database)
    except BaseException:
        database.close()
        raise
    return database


def first_key(settings: Settings, database: Database, *, make: bool) -> FirstKey | None:
    """Make the first accounts of an empty database.

    Parameters
    ----------
    settings : Settings
        May hold the key.
    database : Database
    make : bool
        Make a key where none is given; only for those who can tell it to somebody.

    Returns
    -------
    FirstKey or None
        None when there were accounts, or there is no key to make them with.
    """
    given = settings.bootstrap_key.get_secret_value() if settings.bootstrap_key else None
    if given is None and not make:
        return None
    return bootstrap(database, given)


def furnish(house: House, settings: Settings) -> None:
    """Open database, shared state and accounts, and put them into a house.

    Parameters
    ----------
    house : House
        Gets the gate and the rooms ``database``, ``state`` (an AsyncState) and ``accounts``.
    settings : Settings

    Raises
    ------
    StoreUnavailable, ConfigError
        Something cannot be opened; nothing is left open then.
    """
    from mandi.store.open import in_thread, open_state

    database = open_database(settings)
    try:
        first_key(settings, database, make=False)
        if not database.read(any_account):
            LOG.warning(
                "nobody has an account here yet: `mandi key create`, or set %s and start again", GIVEN_KEY
            )
        state = in_thread(
            open_state(settings.redis_url.get_secret_value() if settings.redis_url else None, database)
        )
    except BaseException:
        database.close()
        raise
    house.rooms |= {DATABASE: database, STATE: state}
    Office.open(database, state).furnish(house)


async def vacate(house: House) -> None:
    """Finish what was begun, and close what ``furnish`` opened."""
    from mandi.serving.accounts.office import ROOM

    office: Office | None = house.rooms.pop(ROOM, None)
    state: AsyncState | None = house.rooms.pop(STATE, None)
    database: Database | None = house.rooms.pop(DATABASE, None)
    if office is not None:
        await office.gate.settle()
    if state is not None:
        await state.close()
    if database is not None:
        database.close()


def _private(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise StoreUnavailable(
            f"{file.parent} cannot be written: {error.strerror}", next_command="set MANDI_DATA_FOLDER"
        ) from None
