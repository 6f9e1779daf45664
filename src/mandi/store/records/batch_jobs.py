"""Folders that were handed in to be answered by a model, and how far each is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from mandi.store.records.base import Base, Id, Json, Moment, UtcTime, one_of

JOB_STATUSES = ("queued", "running", "done", "failed", "canceled")


class BatchJob(Base):
    """One folder to be answered by one model.

    ``folder`` is a name below the organisation's own folder, never a path. Whoever answers writes ``beat_at`` every few seconds; a
    running job without a beat is taken up by another worker, ``attempts`` times at most. ``report`` is what became of the
    rows, ``error`` what is told when nothing did.
    """

    __tablename__ = "batch_jobs"
    __table_args__ = (
        one_of("status", JOB_STATUSES),
        sa.CheckConstraint("rows_done >= 0", name="rows_done"),
        sa.Index(None, "organization_id", "created_at"),
        sa.Index(None, "status", "created_at"),
    )

    id: Mapped[Id]
    organization_id: Mapped[str] = mapped_column(sa.String(32))
    user_pseudonym: Mapped[str] = mapped_column(sa.String(32))
    model: Mapped[str] = mapped_column(sa.String(50))
    folder: Mapped[str] = mapped_column(sa.String(64))
    explain: Mapped[bool] = mapped_column(default=False)
    asof: Mapped[datetime | None] = mapped_column(UtcTime)
    status: Mapped[str] = mapped_column(sa.String(20), default="queued")
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    rows_total: Mapped[int | None]
    rows_done: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    worker: Mapped[str | None] = mapped_column(sa.String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]
    started_at: Mapped[datetime | None] = mapped_column(UtcTime)
    beat_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
