"""Keeps the log of predictions bounded, by age and by rows; the outcomes of what goes, go with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mandi.core.errors import MandiError
from mandi.store.records.predictions import Prediction, PredictionOutcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving")
EVERY_S = 3600.0
FIRST_S = 60.0  # after the start, when nobody waits for the worker any more
PORTION = 2_000  # rows of one transaction: others who write wait no longer than for these


def trim(database: Database, now: datetime, days: float, most: int) -> int:
    """Delete predictions that are too old or too many, the oldest first, and return how many went.

    Parameters
    ----------
    database : Database
    now : datetime
        Aware.
    days : float
        Age from which they go.
    most : int
        Rows that stay at most.
    """
    gone = 0
    while portion := database.write(lambda session: _portion(session, now - timedelta(days=days), most)):
        gone += portion
    return gone


def _portion(session: Session, before: datetime, most: int) -> int:
    over = (session.scalar(sa.select(sa.func.count()).select_from(Prediction)) or 0) - most
    oldest = sa.select(Prediction.id).order_by(Prediction.created_at, Prediction.id).limit(PORTION)
    if over > 0:
        oldest = oldest.limit(min(over, PORTION))
    else:
        oldest = oldest.where(Prediction.created_at < before)
    ids = list(session.scalars(oldest))
    if ids:
        session.execute(sa.delete(PredictionOutcome).where(PredictionOutcome.prediction_id.in_(ids)))
        session.execute(sa.delete(Prediction).where(Prediction.id.in_(ids)))
    return len(ids)


class Retention:
    """A task of a worker that trims the log every hour.

    Parameters
    ----------
    database : Database
    now : callable
        The moment, aware.
    days : float
    most : int
        See ``trim``.
    """

    def __init__(self, database: Database, now: Callable[[], datetime], days: float, most: int) -> None:
        self._database, self._now, self._days, self._most = database, now, days, most
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name="mandi-retention")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _keep(self) -> None:
        pause = FIRST_S
        while True:
            await asyncio.sleep(pause)
            pause = EVERY_S
            try:
                gone = await asyncio.to_thread(trim, self._database, self._now(), self._days, self._most)
            except MandiError as error:
                LOG.warning("old predictions could not be deleted: %s", error.message)
                continue
            except Exception:
                LOG.exception("old predictions could not be deleted")
                continue
            if gone:
                LOG.info("%d predictions were too old or too many and are deleted", gone)
