"""Finds records that may be so fresh that they still wait to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from mandi.serving.api.rooms import settings_of, spool_of, written_down
from mandi.serving.operations import Asked

OTHER_WORKERS_S = 0.7  # longer than a record waits for company before it is written


async def found_in_time(asked: Asked, look: Callable[[], Awaitable[Any]]) -> Any:
    """Look, and once more when what is looked for may wait in the spool of this worker or another; None where it is nowhere.

    Parameters
    ----------
    asked : Asked
    look : callable
        Returns what it found, or None.
    """
    found = await look()
    if found is not None or spool_of(asked.house) is None:
        return found
    await written_down(asked.house)
    found = await look()
    if found is None and settings_of(asked.house).workers > 1:
        await asyncio.sleep(OTHER_WORKERS_S)
        found = await look()
    return found
