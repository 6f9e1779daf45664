"""Keeps the log of predictions bounded, by age and by rows; the outcomes of what goes, go with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mandi.core.errors import MandiError
from mandi.store.records.predictions import Prediction, PredictionBatch, PredictionOutcome

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from mandi.store.database import Database

LOG = logging.getLogger("mandi.serving")
EVERY_S = 3600.0
FIRST_S = 60.0  # after the start, when nobody waits for the worker any more
PORTION = 2_000  # rows of one transaction: others who write wait no longer than for these
BATCHES = 50


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
    kept, packed = (
        session.scalar(sa.select(sum_)) or 0
        for sum_ in (sa.func.count(Prediction.id), sa.func.sum(PredictionBatch.left))
    )
    over = kept + packed - most
    oldest = sa.select(Prediction.id, Prediction.created_at).order_by(Prediction.created_at, Prediction.id)
    batches = sa.select(PredictionBatch.id, PredictionBatch.left, PredictionBatch.created_at).order_by(
        PredictionBatch.created_at, PredictionBatch.id
    )
    if over <= 0:
        oldest = oldest.where(Prediction.created_at < before)
        batches = batches.where(PredictionBatch.created_at < before)
    rows = session.execute(oldest.limit(PORTION if over <= 0 else min(over, PORTION))).all()
    some = session.execute(batches.limit(BATCHES)).all()
    if over > 0 and rows and some:  # of both, the older ones go first
        if some[0].created_at <= rows[0].created_at:
            rows = []
        else:
            rows, some = [row for row in rows if row.created_at < some[0].created_at], []
    if over > 0:
        some = some[:1]  # a batch goes as a whole, and one may be enough
    ids = [row.id for row in rows]
    if ids:
        session.execute(sa.delete(PredictionOutcome).where(PredictionOutcome.prediction_id.in_(ids)))
        session.execute(sa.delete(Prediction).where(Prediction.id.in_(ids)))
    if some:
        session.execute(sa.delete(PredictionBatch).where(PredictionBatch.id.in_([b.id for b in some])))
    return len(ids) + sum(batch.left for batch in some) + sum(batch.left == 0 for batch in some)


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
