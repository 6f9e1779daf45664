"""The live mode where all workers find it: a row of the settings that change while the service runs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mandi.llm.calls import MODES, Mode
from mandi.store.database import Database
from mandi.store.records import SystemConfig

KEY = "ai_mode"


class KeptModes:
    """Keeps the mode in ``system_config``; what stands there and is no mode is read as nothing.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self) -> Mode | None:
        """Return the mode, or None if nobody has set one."""

        def look(session: Session) -> object:
            row = session.get(SystemConfig, KEY)
            return None if row is None else row.value

        kept = await self._database.aread(look)
        return next((mode for mode in MODES if mode == kept), None)

    async def set(self, mode: Mode) -> None:
        """Keep a mode."""
        await self._database.awrite(lambda session: put_mode(session, mode, None))


def put_mode(session: Session, mode: Mode, user_id: str | None) -> None:
    """Keep a mode in a transaction, with who set it."""
    row = session.get(SystemConfig, KEY)
    if row is None:
        session.add(SystemConfig(key=KEY, value=mode, updated_by=user_id))
    else:
        row.value, row.updated_by = mode, user_id
